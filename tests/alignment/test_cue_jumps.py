"""Cues of another edition, whose offset jumps within the film."""

import itertools

import numpy as np
import pytest

from mmtool.alignment.cues.explained import Explained, WordsOfCues
from mmtool.alignment.cues.jumps import _GONE, _JUMP, _STEP, _best_path, _out_of_order, find_jumps
from mmtool.records import Interval
from support.sentences import spoken, words

FILM = Interval(0.0, 1200.0)


def jittered(sentences: np.ndarray, seed: int) -> np.ndarray:
    return sentences + np.random.default_rng([seed, 2]).normal(0, 0.2, sentences.shape)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("jump", [95.0, 1.5])
def test_an_advertisement_in_the_film(jump, seed):
    """The film has a break of ``jump`` seconds at 600 s, which the edition of the cues has not."""
    sentences = spoken(seed)
    sentences = sentences[(sentences[:, 0] <= 600) | (sentences[:, 0] > 600 + jump)]
    cues = jittered(np.where(sentences[:, :1] > 600, sentences - jump, sentences), seed) + 3.0
    found = find_jumps(cues, words(sentences, seed), FILM)
    assert found is not None
    assert [part.offset for part in found.parts] == pytest.approx([-3.0, jump - 3.0], abs=0.2)
    assert found.parts[1].start == pytest.approx(sentences[sentences[:, 0] > 600][0, 0], abs=20.0)
    late = np.abs(found.times - sentences).max(axis=1)
    assert (late < 0.8).sum() >= len(cues) - 3


@pytest.mark.parametrize("seed", range(3))
def test_a_scene_that_only_the_cues_have(seed):
    """Nothing is said in the film of the cues from 600 to 660 s, and what follows is 60 s earlier."""
    cues = spoken(seed)
    cut = (cues[:, 0] > 600) & (cues[:, 0] < 660)
    film = np.where(cues[:, :1] > 660, cues - 60.0, cues)
    rng = np.random.default_rng(seed)
    told = np.flatnonzero(~cut & (rng.random(len(cues)) < 0.6))
    heard = WordsOfCues(
        told, film[told, 0] - cues[told, 0] + rng.normal(0, 0.2, len(told)), np.full(len(told), 0.9)
    )
    found = find_jumps(jittered(cues, seed), words(film[~cut], seed), FILM, heard)
    assert found is not None
    assert [part.offset for part in found.parts] == pytest.approx([0.0, -60.0], abs=0.2)
    gone = np.isnan(found.times[:, 0])
    assert (gone != cut).sum() <= 2
    assert np.abs(found.times - film)[~gone & ~cut].max() < 1.0


@pytest.mark.parametrize("seed", range(4))
def test_one_offset_is_one_part_and_another_film_is_none(seed):
    sentences = spoken(seed)
    found = find_jumps(jittered(sentences, seed) + 37.0, words(sentences, seed), FILM)
    assert found is not None
    assert [part.offset for part in found.parts] == pytest.approx([-37.0], abs=0.2)
    assert find_jumps(spoken(seed + 100), words(sentences, seed), FILM) is None


def test_cues_in_any_order():
    sentences = spoken(0)
    cues = np.where(sentences[:, :1] > 600, sentences - 20.0, sentences)
    order = np.random.default_rng(0).permutation(len(cues))
    found, mixed = (find_jumps(each, words(sentences, 0), FILM) for each in (cues, cues[order]))
    assert found is not None
    assert mixed is not None
    np.testing.assert_allclose(mixed.times, found.times[order])


class _Given(Explained):
    """Nats that are given (K, O)."""

    def __init__(self, nats: np.ndarray) -> None:
        self.offsets = np.arange(nats.shape[1]) * _STEP
        self._nats = nats

    def by(self, cue: int) -> np.ndarray:
        return self._nats[cue].copy()


def worth(path, cues, nats) -> float:
    """What a sequence of offsets is worth, or cues that are not in the film (-1): by its definition."""
    total = -_JUMP / 2 if path[0] >= 0 else 0.0
    for cue, (earlier, own) in enumerate(itertools.pairwise((None, *path))):
        total += nats[cue, own] if own >= 0 else (-_GONE if cue else 0.0)
        if earlier is None or earlier == own:
            continue
        total -= _JUMP if min(earlier, own) >= 0 else _JUMP / 2
        room = int((cues[cue, 0] - cues[cue - 1, 1]) / _STEP)
        if min(earlier, own) >= 0 and own < earlier - room:
            return -np.inf
    return total


@pytest.mark.parametrize("seed", range(6))
def test_the_best_sequence_is_that_of_all_sequences(seed):
    rng = np.random.default_rng(seed)
    nats = rng.normal(0, 15, (5, 3))
    starts = np.arange(5) * 2.0
    cues = np.stack([starts, starts + 2.0 - rng.choice([0.0, 0.25, 0.5], 5)], axis=1)
    best = _best_path(cues, _Given(nats))
    paths = itertools.product(range(-1, 3), repeat=5)
    assert worth(best.tolist(), cues, nats) == pytest.approx(
        max(worth(p, cues, nats) for p in paths), abs=1e-3
    )


def test_of_two_parts_that_overlap_the_better_cues_remain():
    times = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [1.5, 2.5], [3.5, 3.9], [6.0, 7.0]])
    nats = np.array([1.0, 1.0, 5.0, 2.0, 1.0, 1.0])
    assert _out_of_order(times, nats).tolist() == [False, False, False, True, True, False]
    nats[3] = 9.0
    assert _out_of_order(times, nats).tolist() == [False, True, True, False, False, False]
