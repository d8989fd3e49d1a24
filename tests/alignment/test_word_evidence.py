"""Evidence of words on the lattice: the posterior by enumeration, lags, pauses, unspoken text."""

from dataclasses import replace

import numpy as np
import pytest

from mmtool.alignment.timing.evidence import Edge, Observations, Pause, Sighting, Telling, edge_score
from mmtool.alignment.timing.lag import FARTHEST, MEAN, likely_lags
from mmtool.alignment.timing.lattice import forward_backward
from mmtool.alignment.timing.messages import Passes
from mmtool.alignment.timing.mixture import align_by_mixture
from mmtool.alignment.timing.pace import seconds_of
from mmtool.alignment.timing.parameters import default_parameters
from mmtool.alignment.timing.viterbi import viterbi
from mmtool.alignment.timing.word_evidence import word_evidence
from mmtool.alignment.timing.word_weights import WordWeights
from mmtool.alignment.words.heard import heard_words
from mmtool.records import SpokenWord, Transcript
from tests.support.heard_film import HeardFilm, heard_film
from tests.support.placements import placements, small_lattice

GRID = np.arange(7) * 0.5
OBSERVED = Observations(
    sightings=[
        Sighting(snippet=0, edge=Edge.START, time=0.4, early=0.3, late=0.6, reliability=0.9),
        Sighting(snippet=1, edge=Edge.END, time=2.1, early=0.3, late=0.6, reliability=0.8, weight=0.5),
    ],
    tellings=[Telling(1, 1.6, 0.7), Telling(2, 2.6, 0.4)],
    pauses=[Pause(0, 1.0, 0.6)],
    unspoken={1: 0.3},
    cuts={0.0: 0.3, 1.4: -0.8, 2.5: 0.6},
)


@pytest.mark.parametrize("seed", range(4))
def test_the_posterior_with_evidence_is_that_of_all_placements(seed: int):
    lattice = OBSERVED.on(small_lattice(seed, gain=bool(seed % 2)), GRID)
    starts, ends, total = np.zeros((3, 7)), np.zeros((3, 7)), np.zeros(2)
    for rate, placed, value in placements(lattice):
        total[rate] += value
        for j, (start, end) in enumerate(placed):
            starts[j, start] += value
            ends[j, end] += value
    marginals = forward_backward(lattice)
    np.testing.assert_allclose(marginals.starts, starts / total.sum(), atol=1e-10)
    np.testing.assert_allclose(marginals.ends, ends / total.sum(), atol=1e-10)
    passes = Passes(lattice)
    np.testing.assert_allclose(passes.evidence()[:, 0], np.log(total))
    found = passes.backward(passes.forward(), total / total.sum())
    np.testing.assert_allclose(found[0], starts / total.sum(), atol=1e-10)


def test_the_most_probable_path_with_evidence_is_that_of_all_placements():
    lattice = replace(OBSERVED, unspoken={}).on(small_lattice(0), GRID)
    best = max(placements(lattice), key=lambda found: found[2])
    placed, score = viterbi(lattice)
    assert score == pytest.approx(np.log(best[2]))
    assert placed.tolist() == [list(pair) for pair in best[1]]


def test_a_sighting_is_as_likely_as_nothing_on_average():
    sighting = Sighting(snippet=0, edge=Edge.START, time=20.0, early=0.5, late=2.0, reliability=0.9)
    grid = np.arange(0, 60, 0.25)
    assert np.exp(edge_score(sighting, grid)).mean() == pytest.approx(1.0)
    assert edge_score(sighting, grid).argmax() == 80
    assert edge_score(replace(sighting, reliability=0.0), grid) == pytest.approx(np.zeros(len(grid)))


def test_a_certain_sighting_without_an_error_allows_one_time():
    certain = Sighting(snippet=0, edge=Edge.END, time=1.1, early=0.0, late=0.0)
    assert np.exp(edge_score(certain, GRID)).tolist() == [0, 0, 1, 0, 0, 0, 0]


def test_no_evidence_changes_nothing():
    lattice = small_lattice(2, drop=0.2)
    with_nothing = Observations().on(lattice, GRID)
    assert Passes(with_nothing).evidence() == pytest.approx(Passes(lattice).evidence())


def test_a_snippet_may_go_on_through_a_pause():
    lattice = small_lattice(0, times=40)
    grid = np.arange(40) * 0.5
    longer = Observations(pauses=[Pause(0, 5.0, 0.25)]).on(lattice, grid)
    steps = np.arange(longer.durations[0].shape[1])
    means = [kernel @ steps[: kernel.shape[1]] for kernel in (lattice.durations[0], longer.durations[0])]
    np.testing.assert_allclose(means[1], means[0] + (0.75 + 0.25 / 2) * 5)  # half of ten steps, or none
    assert longer.durations[0].sum(axis=1) == pytest.approx(np.ones(2))
    assert longer.gap_probability[0] == 0.25
    assert longer.gap[10] > 0
    assert longer.gap.sum() == pytest.approx(1.0)


def test_evidence_on_some_snippets_is_numbered_again():
    some = OBSERVED.of_snippets([0, 2])
    assert [sighting.snippet for sighting in some.sightings] == [0]
    assert [(telling.snippet, telling.time) for telling in some.tellings] == [(1, 2.6)]
    assert not some.pauses  # the snippet after it is gone
    assert not some.unspoken
    assert OBSERVED.of_snippets([0, 1]).pauses == OBSERVED.pauses


def told(film: HeardFilm, weights: WordWeights | None = None) -> list[Observations]:
    bounds = np.unique(np.array(film.clips).round(6))
    heard = heard_words(film.texts, film.transcript, "en")
    return word_evidence(heard, seconds_of(film.texts, "en"), bounds, weights)


def right(film: HeardFilm, evidence: list[Observations]) -> float:
    """The share of the clips' time with the right label."""
    aligned = align_by_mixture(film.clips, film.texts, default_parameters(), language="en", told=evidence)
    seconds = np.array([clip.end - clip.start for clip in film.clips])
    labels = [None if label < 0 else int(label) for label in aligned.labels]
    same = np.array([label == truth for label, truth in zip(labels, film.matches(), strict=True)])
    return float(same @ seconds / seconds.sum())


@pytest.mark.parametrize("lag", [0.4, -5.25, 3.0])
def test_the_lag_of_a_transcript_is_found(lag: float):
    film = heard_film(lag=lag, snippets=14)
    assert right(film, told(film)) > 0.9


def test_where_nothing_matches_there_is_no_evidence():
    film = heard_film()
    said = "good evening ladies and gentlemen we interrupt this programme for an announcement from the king"
    other = Transcript(tuple(SpokenWord(w, n / 3, n / 3 + 0.3) for n, w in enumerate(said.split() * 2)))
    assert told(HeardFilm(film.clips, film.texts, film.truth, other)) == []
    assert told(HeardFilm(film.clips, film.texts, film.truth, Transcript(()))) == []


def test_long_pauses_are_no_snippets():
    film = heard_film(pauses=[8.0, 0.0, 9.0, 0.0, 7.0, 10.0, 0.0, 8.0], snippets=10)
    assert right(film, told(film)) > 0.9


def test_words_that_were_not_heard_are_placed_by_reading_time():
    film = heard_film(snippets=12)
    kept = [
        word for word in film.transcript.words if not film.truth[4].start <= word.start < film.truth[6].end
    ]
    film = HeardFilm(film.clips, film.texts, film.truth, Transcript(tuple(kept)))
    assert right(film, told(film)) > 0.75


def test_a_snippet_that_is_not_told_may_be_dropped():
    film = heard_film(snippets=8)
    texts = [
        *film.texts[:4],
        "Nobody ever mentions this sentence about seven purple elephants.",
        *film.texts[4:],
    ]
    evidence = told(HeardFilm(film.clips, texts, film.truth, film.transcript))
    assert evidence[0].unspoken.keys() == {4}
    aligned = align_by_mixture(film.clips, texts, default_parameters(), language="en", told=evidence)
    assert (aligned.labels == 4).sum() == 0


def test_words_that_count_nothing_leave_timing_as_it_is():
    film = heard_film()
    nothing = WordWeights(start=0.0, end=0.0, inside=0.0)
    evidence = [replace(one, pauses=(), unspoken={}) for one in told(film, nothing)]
    with_them = align_by_mixture(film.clips, film.texts, default_parameters(), told=evidence)
    without = align_by_mixture(film.clips, film.texts, default_parameters())
    np.testing.assert_allclose(with_them.posterior, without.posterior, atol=1e-6)


def test_lags_are_proposed_by_cuts():
    rng = np.random.default_rng(0)
    cuts = np.cumsum(rng.gamma(2.0, 2.0, 60))
    times = np.sort(rng.choice(cuts, 30, replace=False))
    assert likely_lags(times - 0.6, cuts, 0.3)[0].seconds == pytest.approx(0.6, abs=0.1)
    far = [lag.seconds for lag in likely_lags(times + 6.0, cuts, 0.3)]
    assert min(abs(lag + 6.0) for lag in far) < 0.2
    assert min(abs(lag - MEAN) for lag in far) < 1.0  # the usual lag is always proposed
    assert max(map(abs, far)) <= FARTHEST
    assert likely_lags(np.zeros(0), cuts, 0.3)[0].seconds == MEAN


def test_words_before_the_first_heard_word_move_the_start():
    texts = ("Alpha bravo charlie delta echo foxtrot golf hotel.", "India juliet kilo lima mike november.")
    said = "delta echo foxtrot golf hotel india juliet kilo lima mike november"
    transcript = Transcript(
        tuple(SpokenWord(w, 10 + n / 2, 10.4 + n / 2) for n, w in enumerate(said.split()))
    )
    heard = heard_words(texts, transcript, "en")
    found = word_evidence(heard, np.array([4.0, 3.0]), np.array([0.0, 30.0]))[0]
    first, second = (s for s in found.sightings if s.edge is Edge.START)
    assert first.time < second.time - 2.5 - 0.9  # about 1.5 s of reading before the first word
    assert first.early > second.early
