"""The mixture of timing hypotheses: exact on small cases, and sensible on made-up films."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mmtool.alignment.timing import hypotheses as h
from mmtool.alignment.timing.channel_gate import log_odds_of_channel
from mmtool.alignment.timing.cut_test import learned_share, log_odds_of_following
from mmtool.alignment.timing.inputs import ExtentError
from mmtool.alignment.timing.minimum_risk import UNMATCHED
from mmtool.alignment.timing.mixture import align_by_mixture, cut_score_of, mixed
from mmtool.alignment.timing.narration import TimedVideo
from mmtool.alignment.timing.pace import pace_of, seconds_of
from mmtool.alignment.timing.pace_grid import pace_grid
from mmtool.alignment.timing.parameters import TimingParameters, default_parameters
from mmtool.alignment.timing.placement import Hypothesis, log_sum, rate_evidence
from mmtool.alignment.timing.weights import Evidences, weigh
from mmtool.records import Interval
from tests.support.placements import placements, small_lattice

GENERIC = TimingParameters()  # knows no channel


def film(*, follows: bool, seed: int = 0, snippets: int = 40, head: float = 2.0, tail: float = 8.0):
    """Clips, texts and the true times of a narration whose sentences begin at cuts, or anywhere."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(["word"] * int(n)) + "." for n in rng.integers(4, 20, snippets)]
    seconds = seconds_of(texts, "en") * np.exp(rng.normal(0, 0.1, snippets))
    starts = head + np.concatenate([[0.0], np.cumsum(seconds)])
    end = starts[-1] + tail
    inside = starts if follows else rng.uniform(0, end, len(starts))
    cuts = np.unique(np.concatenate([[0.0, end], inside, rng.uniform(0, end, int(end / 4))]).round(3))
    return [Interval(a, b) for a, b in pairwise(cuts.tolist())], texts, list(pairwise(starts.tolist()))


def accuracy(clips, labels, truth) -> float:
    middles = [(clip.start + clip.end) / 2 for clip in clips]
    right = [
        label != UNMATCHED and truth[label][0] <= middle < truth[label][1]
        for label, middle in zip(labels, middles, strict=True)
    ]
    return float(np.average(right, weights=[clip.end - clip.start for clip in clips]))


@pytest.mark.parametrize("drop", [0.0, 0.3], ids=["as one lattice", "one by one"])
def test_the_posterior_of_a_mixture_is_that_of_all_placements_under_all_hypotheses(drop: float):
    lattices = {"a": small_lattice(0), "b": small_lattice(1, drop=drop)}
    weights, unseen = {"a": 0.3, "b": 0.7}, {"a": 0.0, "b": 0.2}
    times = len(lattices["a"].boundary)
    grid = np.arange(times, dtype=np.float64)
    video = TimedVideo(
        bounds=grid,
        middles=grid[:-1] + 0.5,
        durations=np.ones(times - 1),
        reading=np.ones(3),
        sentence_ends=np.zeros(3, bool),
        grid=grid,
    )
    exact = np.zeros((3, times - 1))
    for name, lattice in lattices.items():
        total = sum(value for *_, value in placements(lattice))
        for _, placed, value in placements(lattice):
            for j, (start, end) in enumerate(placed):
                exact[j, start:end] += weights[name] * (1 - unseen[name]) * value / total
    hypotheses = {n: Hypothesis(n, video, lattice, unseen[n]) for n, lattice in lattices.items()}
    evidence = {name: rate_evidence(hypothesis) for name, hypothesis in hypotheses.items()}
    found = mixed(hypotheses, evidence, weights)
    np.testing.assert_allclose(found.posterior, exact, atol=1e-10)
    assert found.seen == pytest.approx(0.3 + 0.7 * 0.8)
    seen = np.array([1.0, 0.8])[[0, 1]] @ [0.3, 0.7]
    np.testing.assert_allclose(found.drawn.posterior() * seen, exact, atol=0.12)


def test_a_narration_that_follows_its_cuts_is_recognised_and_aligned():
    clips, texts, truth = film(follows=True)
    aligned = align_by_mixture(clips, texts, GENERIC, language="en")
    assert aligned.mixture is not None
    assert aligned.mixture.cut_score > 3
    assert aligned.mixture.weights[h.CUTS] > 0.8
    assert accuracy(clips, aligned.labels, truth) > 0.6


def test_cuts_that_ignore_the_text_are_not_followed():
    scores = [cut_score_of(*film(follows=False, seed=seed)[:2], "en") for seed in range(6)]
    assert abs(float(np.mean(scores))) < 1.0
    assert cut_score_of(*film(follows=True, seed=7)[:2], "en") > max(scores)


def test_a_text_much_shorter_than_its_film_is_spread_over_it():
    clips = [Interval(float(t), float(t + 2)) for t in range(0, 400, 2)]
    texts = ["crush the garlic", "add oil and salt", "chop the basil", "bake the pizza"]
    aligned = align_by_mixture(clips, texts, GENERIC, language="en")
    assert aligned.mixture is not None
    assert aligned.mixture.weights[h.UNTOLD] > 0.99
    assert {label for label in aligned.labels if label != UNMATCHED} == {0, 1, 2, 3}


def test_expectations_are_probabilities_and_weights_sum_to_one():
    clips, texts, _ = film(follows=False)
    aligned = align_by_mixture(clips, texts, GENERIC, language="en")
    mixture = aligned.mixture
    assert mixture is not None
    assert sum(mixture.weights.values()) == pytest.approx(1)
    assert 0 < mixture.expected_text_iou < 1
    assert 0 < mixture.expected_accuracy < 1
    assert (aligned.posterior.sum(axis=0) <= 1 + 1e-9).all()
    assert mixture.against_nothing > 0
    assert [label for label in aligned.labels if label != UNMATCHED] == sorted(
        label for label in aligned.labels if label != UNMATCHED
    )


def test_a_film_has_the_same_alignment_in_every_call_and_at_any_time():
    clips, texts, _ = film(follows=True, seed=3)
    first = align_by_mixture(clips, texts, GENERIC, language="en")
    align_by_mixture(*film(follows=False, seed=4)[:2], GENERIC, language="en")
    second = align_by_mixture(clips, texts, GENERIC, language="en")
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_array_equal(first.posterior, second.posterior)
    later = [Interval(clip.start + 64, clip.end + 64) for clip in clips]
    moved = align_by_mixture(later, texts, GENERIC, language="en")
    assert np.mean(moved.labels == first.labels) > 0.95  # the grid begins elsewhere by rounding only


def test_given_ends_hold():
    clips, texts, truth = film(follows=False, head=30.0, tail=40.0)
    start, end = truth[0][0], truth[-1][1]
    free = align_by_mixture(clips, texts, GENERIC, language="en")
    held = align_by_mixture(clips, texts, GENERIC, language="en", text_start=start, text_end=end)
    middles = np.array([(clip.start + clip.end) / 2 for clip in clips])
    assert set(held.labels[middles < start - 1]) == {UNMATCHED}
    assert set(held.labels[middles > end + 1]) == {UNMATCHED}
    assert accuracy(clips, held.labels, truth) > accuracy(clips, free.labels, truth)
    with pytest.raises(ExtentError):
        align_by_mixture(clips, texts, GENERIC, text_start=-5.0)


def test_emissions_pull_snippets_to_their_clips():
    clips, texts, truth = film(follows=False, head=30.0, tail=40.0)
    middles = [(clip.start + clip.end) / 2 for clip in clips]
    emissions = np.array([[2.0 if a <= t < b else -0.5 for t in middles] for a, b in truth])
    free = align_by_mixture(clips, texts, GENERIC, language="en")
    pulled = align_by_mixture(clips, texts, GENERIC, language="en", emissions=emissions)
    assert accuracy(clips, pulled.labels, truth) > accuracy(clips, free.labels, truth) + 0.2


def test_texts_without_letters_have_no_clips():
    clips, texts, _ = film(follows=True)
    aligned = align_by_mixture(clips, [*texts[:5], "♪♪", *texts[5:], "😀"], GENERIC, language="en")
    assert 5 not in aligned.labels
    assert len(texts) + 1 not in aligned.labels
    assert aligned.unmatched.snippets[5] == 1


@pytest.mark.parametrize(
    "texts", [["word"], ["😀 word", "слово", "漢字"], ["مرحبا " * 30, "שלום " * 20], ["𐌀𐌁𐌂 " * 9]]
)
def test_any_script_and_any_size_is_aligned(texts: list[str]):
    for clips in ([Interval(0, 60)], [Interval(float(t), t + 5.0) for t in range(0, 60, 5)]):
        aligned = align_by_mixture(clips, texts, default_parameters())
        assert len(aligned.labels) == len(clips)
        assert np.isfinite(aligned.posterior).all()


def test_a_text_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        align_by_mixture([Interval(0, 5)], ["a long text " * 50], GENERIC)


def test_the_most_probable_path_is_monotone():
    clips, texts, _ = film(follows=True)
    aligned = align_by_mixture(clips, texts, GENERIC, language="en", most_probable_path=True)
    placed = [label for label in aligned.labels if label != UNMATCHED]
    assert placed == sorted(placed)
    assert len(set(placed)) > 30


EVIDENCE = Evidences(
    log_evidence={h.CHANNEL: 5.0, h.CUTS: -6.0, h.STEADY: -6.0, h.LOOSE: -6.0, h.UNTOLD: -7.0},
    length_in_steps=1000.0,
    log_ratio=0.1,
    cut_score=0.0,
    channel_odds=-3.0,
)


def test_evidence_cannot_open_the_gate_of_the_channel():
    weights, _ = weigh(EVIDENCE)
    assert weights[h.CHANNEL] == pytest.approx(1 / (1 + np.exp(3.0)), rel=0.01)
    worse, _ = weigh(replace(EVIDENCE, log_evidence=dict(EVIDENCE.log_evidence) | {h.CHANNEL: -10.0}))
    assert worse[h.CHANNEL] == pytest.approx(1 / (1 + np.exp(4.0)), rel=0.01)  # to a limit
    without, _ = weigh(replace(EVIDENCE, channel_odds=-np.inf))
    assert without[h.CHANNEL] < 1e-100


def test_scores_of_cuts_move_weight_to_them():
    by_score = [weigh(replace(EVIDENCE, cut_score=score))[0][h.CUTS] for score in (-1.0, 0.0, 1.5, 3.0, 9.0)]
    assert by_score == sorted(by_score)
    assert by_score[0] < 0.05
    assert by_score[-1] > 0.8
    assert log_odds_of_following(9.0) == log_odds_of_following(3.0)


def test_the_length_of_the_text_tells_whether_it_is_read():
    impossible = dict.fromkeys((h.CUTS, h.STEADY, h.LOOSE), -60.0)
    weights, against = weigh(replace(EVIDENCE, log_evidence=impossible, log_ratio=3.0))
    assert weights[h.UNTOLD] > 0.99
    assert against < 0


def test_a_corpus_teaches_how_often_cuts_follow():
    none, all_of_them = learned_share([-0.5, 0.2, 0.0] * 5), learned_share([3.0, 2.5, 4.0] * 5)
    assert none < 0.2
    assert all_of_them > 0.8
    assert learned_share([]) == pytest.approx(0.35)


def test_the_gate_knows_its_own_channel_and_no_other():
    parameters = default_parameters()
    own = parameters.head.exemplars[0], parameters.tail.exemplars[0]
    bounds = np.unique([0.0, *own[0].cuts, 100.0, *(200.0 - t for t in own[1].cuts), 200.0])
    title = " ".join(parameters.titles[0])
    regular = np.arange(0.0, 201.0, 3.7)
    assert log_odds_of_channel(bounds, title, parameters) > 3
    assert log_odds_of_channel(regular, "", parameters) < -1
    assert log_odds_of_channel(bounds, title, GENERIC) == -np.inf


def test_paces_have_the_probability_of_their_language():
    texts = ["A man walks home."] * 20
    seconds = float(seconds_of(texts, "en").sum())
    paces, scores = pace_grid(seconds, seconds * 1.2, 0.4, pace_of(texts, "en"))
    assert 0.7 < np.exp(scores).sum() <= 1
    assert (np.diff(paces) > 0).all()
    assert np.exp(log_sum(scores)) == pytest.approx(np.exp(scores).sum())
    assert not pace_of(["𐌀𐌁𐌂"], "").known
    assert pace_of(["слово"], "").known
