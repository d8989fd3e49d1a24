"""How much words count is learned: from words that tell boundaries, and from words that tell nothing."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mmtool.alignment.timing.clip_lengths import log_lengths
from mmtool.alignment.timing.word_evidence import word_evidence
from mmtool.alignment.timing.word_fit import (
    FOLDS,
    HeardNarration,
    boundaries_of,
    fit_word_weights,
    gain_on_others,
)
from mmtool.alignment.timing.word_weights import WordWeights, default_word_weights
from mmtool.alignment.words.heard import HeardWords, TimedForm
from mmtool.records import Interval

BASE = WordWeights(start=0.5, end=0.5)
SNIPPETS, CUTS_EACH = 12, 4


def narration(seed: int, *, error: float, snippets: int = SNIPPETS) -> HeardNarration:
    """Snippets from each fourth cut to the next such one; two words of each are heard, with normal errors."""
    rng = np.random.default_rng(seed)
    bounds = np.cumsum(np.append(0.0, rng.uniform(1.5, 3.0, snippets * CUTS_EACH)))
    borders = bounds[::CUTS_EACH]
    start = borders[:-1] - 0.4 + rng.normal(0, error, snippets)
    end = borders[1:] - 0.4 + rng.normal(0, error, snippets)
    times = np.stack([start, end - 0.3], axis=1).ravel()
    return HeardNarration(
        heard=words(times),
        reading=np.diff(borders),
        bounds=bounds,
        truth=[Interval(a, b) for a, b in pairwise(borders)],
    )


def words(times: np.ndarray) -> HeardWords:
    """The first and the last word of each snippet, of 0.3 s."""
    first = np.tile([True, False], len(times) // 2)
    return HeardWords(
        snippet=np.repeat(np.arange(len(times) // 2), 2),
        before=np.where(first, 0.0, 0.9),
        after=np.where(first, 0.9, 0.0),
        start=times,
        end=times + 0.3,
        nats=np.full(len(times), 7.0),
        confidence=np.ones(len(times)),
        forms=tuple(TimedForm("word", t, t + 0.3) for t in times.tolist()),
        rest=(),
        words_of=np.full(len(times) // 2, 2),
        spoken=len(times),
    )


def at_random(one: HeardNarration, seed: int) -> HeardNarration:
    end = float(one.bounds[-1])
    times = np.sort(np.random.default_rng(seed).uniform(0, end, len(one.heard.start)))
    return replace(one, heard=words(times))


def test_words_near_boundaries_get_weight_and_the_scale_of_their_errors():
    exact, vague = (
        fit_word_weights([narration(seed, error=error) for seed in range(FOLDS)], BASE)
        for error in (0.1, 0.8)
    )
    assert exact.start > 0.3
    assert exact.end > 0.3
    assert exact.start / exact.late_start > 2 * vague.start / vague.late_start
    assert exact.inside == BASE.inside


def test_boundaries_are_counted_with_the_cut_that_was_annotated():
    one = narration(0, error=0.05)
    boundaries = boundaries_of([one], BASE)
    assert len(boundaries.chosen) == SNIPPETS - 1
    nearest = np.abs(boundaries.after_start).argmin(axis=1)
    np.testing.assert_array_equal(nearest, boundaries.chosen)


def test_words_at_random_times_get_no_weight_and_then_are_no_evidence():
    films = [at_random(narration(seed, error=0.1, snippets=80), seed) for seed in range(2 * FOLDS)]
    weights = fit_word_weights(films, BASE)
    assert (weights.start, weights.end, weights.inside) == (0.0, 0.0, 0.0)
    assert gain_on_others(boundaries_of(films, BASE), BASE) < 0.02
    told = narration(0, error=0.1)
    assert word_evidence(told.heard, told.reading, told.bounds, BASE)
    assert word_evidence(told.heard, told.reading, told.bounds, weights) == []  # as timing alone


def test_too_few_boundaries_teach_nothing():
    assert not fit_word_weights([narration(0, error=0.1)], BASE).says_something
    assert not fit_word_weights([], BASE).says_something


def test_weights_are_read_as_they_were_written():
    weights = default_word_weights()
    assert weights.says_something
    assert WordWeights.from_json(weights.as_json()) == weights
    with pytest.raises(ValueError, match="weights of words"):
        WordWeights.from_json('{"start": 1}')


def test_words_with_small_errors_are_taken_to_be_exact():
    exact, vague = (
        word_evidence(one.heard, one.reading, one.bounds, BASE)[0].sightings[0]
        for one in (narration(3, error=0.02, snippets=40), narration(3, error=0.5, snippets=40))
    )
    assert exact.late < 0.5 * vague.late
    assert exact.weight > vague.weight


def test_cuts_between_long_clips_are_learned_to_be_boundaries():
    films = []
    for seed in range(8):
        one = narration(seed, error=0.8)
        lengths = np.full((SNIPPETS, CUTS_EACH), 0.5)
        lengths[:, [0, -1]] = 4.0
        bounds = np.append(0.0, np.cumsum(lengths.ravel()))
        borders = bounds[::CUTS_EACH]
        rng = np.random.default_rng(seed)
        times = np.stack([borders[:-1], borders[1:] - 0.3], axis=1) - 0.4 + rng.normal(0, 0.8, (SNIPPETS, 2))
        films.append(
            replace(
                one,
                heard=words(np.sort(times.ravel())),
                reading=np.diff(borders),
                bounds=bounds,
                truth=[Interval(a, b) for a, b in pairwise(borders)],
            )
        )
    found = fit_word_weights(films, BASE)
    assert found.clip_before > 0.2
    assert found.clip_after > 0.2
    assert boundaries_of(films, BASE).lengths[..., 0].max() == pytest.approx(
        log_lengths(films[0].bounds)[:, 0].max()
    )
