"""How sure, and rightly so: calibration, coverage, reasons for doubt, weak matches."""

from dataclasses import replace
from math import isnan, nan

import numpy as np
import pytest

from mmtool.alignment.expected_iou import expected_iou
from mmtool.alignment.quality import (
    DOUBTFUL,
    SOUND,
    Expected,
    TimingEvidence,
    judge,
    mean_confidence,
    spread,
)
from mmtool.alignment.timing.parameters import TimingParameters, default_parameters
from mmtool.alignment.timing.semi_markov import align_narration
from mmtool.alignment.weak_matches import UnmatchedProbability, expected_of_rest, without_weak_matches
from mmtool.evaluation.calibration import (
    Calibration,
    Decisions,
    at_coverage,
    calibrate,
    clip_decisions,
    expected_calibration_error,
    reliability,
    snippet_decisions,
)
from mmtool.evaluation.measures import score
from mmtool.evaluation.verdicts import compare, rank_correlation
from mmtool.records import Alignment, Clip, Interval, Quality, Snippet, Verdict
from support.narrations import ASSUMED, Narrator, draw

TIMING = "semi-markov"


def decisions(*rows: tuple[float, float, float]) -> Decisions:
    """From rows of confidence, outcome and weight."""
    confidence, outcome, weight = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return Decisions(confidence=confidence, outcome=outcome, weight=weight, value=outcome)


# --- calibration -----------------------------------------------------------------------------------


def test_calibration_error_by_hand() -> None:
    """Two bins: 0.2 and 0.4 of weight 1 each are right half the time; 0.9 of weight 2 always is."""
    some = decisions((0.2, 0, 1), (0.4, 1, 1), (0.9, 1, 2))
    low, high = reliability(some, bins=2)
    assert (low.share, low.confidence, low.accuracy) == pytest.approx((0.5, 0.3, 0.5))
    assert (high.share, high.confidence, high.accuracy) == pytest.approx((0.5, 0.9, 1.0))
    assert expected_calibration_error([low, high]) == pytest.approx(0.5 * 0.2 + 0.5 * 0.1)


def test_bins_are_half_open_and_the_last_has_certainty_too() -> None:
    bins = reliability(decisions((0.1, 1, 1), (1.0, 1, 1), (0.0, 0, 2)))
    assert [b.share for b in bins] == [0.5, 0.25, 0, 0, 0, 0, 0, 0, 0, 0.25]
    assert (bins[0].low, bins[1].low, bins[9].high) == (0.0, 0.1, 1.0)
    assert isnan(bins[5].accuracy)


def test_coverage_by_hand() -> None:
    """The surest first; the one on the limit counts in part."""
    some = decisions((0.6, 0, 2), (0.9, 1, 1), (0.1, 1, 1))
    assert at_coverage(some, 0.25) == 1.0
    assert at_coverage(some, 0.5) == pytest.approx(1 / 2)
    assert at_coverage(some, 0.75) == pytest.approx(1 / 3)
    assert at_coverage(some, 1.0) == pytest.approx(2 / 4)


def test_equal_confidence_counts_alike_whatever_the_order() -> None:
    for rows in (((0.5, 1, 1), (0.5, 0, 1)), ((0.5, 0, 1), (0.5, 1, 1))):
        assert at_coverage(decisions(*rows), 0.5) == pytest.approx(0.5)


def test_decisions_without_a_value_are_not_covered() -> None:
    some = replace(decisions((0.9, 1, 1), (0.5, 1, 1)), value=np.array([nan, 0.25]))
    assert at_coverage(some, 0.25) == 0.25


def test_nothing_decided_is_undefined() -> None:
    nothing = calibrate([decisions()])
    assert isnan(nothing.error)
    assert all(isnan(value) for value in nothing.coverage.values())


CLIPS = [Interval(0, 2), Interval(2, 3), Interval(3, 6)]
TRUTH = [Interval(0, 3), Interval(3, 5), None]


def test_clips_are_right_for_a_part_of_their_time_and_weigh_it() -> None:
    """The last clip is 2 of 3 s in its snippet; the second has no label where there is one."""
    made = clip_decisions(CLIPS, TRUTH, [(0, 0), (2, 1)], [0.9, 0.8, 0.7])
    assert made.outcome.tolist() == pytest.approx([1, 0, 2 / 3])
    assert made.weight.tolist() == [2, 1, 3]
    assert at_coverage(made, 1.0) == pytest.approx(4 / 6)
    measured = score(CLIPS, TRUTH, [(0, 0), (2, 1)])
    assert at_coverage(made, 1.0) == pytest.approx(measured.video_accuracy)


def test_snippets_are_right_for_a_part_of_their_clips_and_worth_their_iou() -> None:
    """The second owns clips 1 and 2, of which 2 of 4 s are in it; the third has none, rightly."""
    made = snippet_decisions(CLIPS, TRUTH, [(0, 0), (1, 1), (2, 1)], [0.9, 0.8, 0.7])
    assert made.outcome.tolist() == pytest.approx([1, 0.5, 1])
    assert made.value[:2].tolist() == pytest.approx([2 / 3, 2 / 4])
    assert isnan(made.value[2])
    wrong = snippet_decisions(CLIPS, TRUTH, [], [0.9, 0.8, 0.7])
    assert wrong.outcome.tolist() == [0, 0, 1]


def calibration_of(narrator: Narrator, parameters: TimingParameters, *, videos: int) -> Calibration:
    """Of the clips of some narrations whose extent is known."""
    rng, made = np.random.default_rng(0), []
    for video in (draw(rng, narrator) for _ in range(videos)):
        told = [interval for interval in video.truth if interval]
        extent = {"text_start": told[0].start, "text_end": told[-1].end}
        result = align_narration(video.clips, video.texts, parameters, **extent)
        made.append(clip_decisions(video.clips, video.truth, result.matches, result.clip_confidence.tolist()))
    return calibrate(made)


@pytest.mark.parametrize(
    ("narrator", "temperature"),
    [
        (Narrator(), 1.0),
        (Narrator(log_normal=True), 1.0),
        (Narrator(noise=1.3), default_parameters().temperature),  # which makes up for such deviations
    ],
    ids=["as assumed", "other noise", "more noise"],
)
def test_confidence_is_calibrated_on_held_out_narrations(narrator: Narrator, temperature: float) -> None:
    assumed = replace(ASSUMED, temperature=temperature)
    measured = calibration_of(narrator, assumed, videos=30)
    assert measured.error <= 0.05
    assert measured.coverage[0.25] > measured.coverage[0.5] > measured.coverage[1.0]
    assert 0.5 < measured.coverage[1.0] < 0.9  # there is something to doubt


def test_too_modest_confidence_is_noticed() -> None:
    assert calibration_of(Narrator(), replace(ASSUMED, temperature=2.0), videos=5).error > 0.1


# --- verdicts --------------------------------------------------------------------------------------


def alignment(*, clips: int = 4, snippets: int = 2, sure: float = 0.9) -> Alignment:
    """Clips of 1 s; of the first half of them each is a snippet's, from the first on."""
    matches = tuple((clip, min(clip, snippets - 1)) for clip in range(clips // 2))
    return Alignment(
        id="film",
        clips=tuple(Clip(float(k), k + 1.0) for k in range(clips)),
        snippets=tuple(Snippet(f"text {k}") for k in range(snippets)),
        matches=matches,
        clip_confidence=(sure,) * clips,
        snippet_confidence=(sure,) * snippets,
        decoder="some",
        checkpoint="",
    )


EVIDENCE = TimingEvidence(reading=100, room=100, start=0, end=3)


GOOD = Expected(accuracy=0.9, iou=0.7)


def test_a_sound_alignment_has_no_reasons() -> None:
    sound = Quality(
        placed=2, snippets=2, expected_iou=0.7, expected_accuracy=0.9, verdict=Verdict.SOUND, reasons=()
    )
    assert judge(alignment(), GOOD) == judge(alignment(), GOOD, EVIDENCE) == sound


def test_what_cannot_be_informed_is_unknown() -> None:
    quality = judge(alignment(), None)
    assert (quality.verdict, quality.expected_iou, quality.expected_accuracy) == (Verdict.UNKNOWN, None, None)
    assert quality.reasons == ("its confidence was never compared with annotations",)
    few = judge(alignment(), GOOD, why_unknown="calibrated on 1 video only")
    assert (few.verdict, few.expected_iou, few.reasons) == (
        Verdict.UNKNOWN,
        0.7,
        ("calibrated on 1 video only",),
    )
    for expected, verdict in ((GOOD, Verdict.UNKNOWN), (Expected(accuracy=0.1, iou=0.1), Verdict.DOUBTFUL)):
        unconfirmed = judge(alignment(), expected, why_not_sound="nothing confirms it")
        assert unconfirmed.verdict is verdict
        assert (unconfirmed.reasons == ("nothing confirms it",)) == (verdict is Verdict.UNKNOWN)


@pytest.mark.parametrize(
    ("accuracy", "iou", "verdict"),
    [
        (0.1, SOUND, Verdict.SOUND),
        (0.9, None, Verdict.SOUND),
        (0.9, (SOUND + DOUBTFUL) / 2, Verdict.UNKNOWN),
        (0.9, DOUBTFUL, Verdict.DOUBTFUL),
        (0.4, None, Verdict.UNKNOWN),
        (0.1, None, Verdict.DOUBTFUL),
    ],
)
def test_the_verdict_rests_on_text_iou_if_it_is_known(accuracy, iou, verdict) -> None:
    quality = judge(alignment(), Expected(accuracy=accuracy, iou=iou))
    assert quality.verdict is verdict
    assert bool(quality.reasons) == (verdict is not Verdict.SOUND)


POOR = Expected(accuracy=0.3, iou=0.1)


@pytest.mark.parametrize(
    ("made", "timing", "reason"),
    [
        (
            alignment(),
            replace(EVIDENCE, reading=150),
            "text too long for the video: it takes 150 s to read aloud, and has 100",
        ),
        (alignment(), replace(EVIDENCE, reading=50), "text much shorter than the video: it takes 50 s"),
        (alignment(), replace(EVIDENCE, start=30), "start of the narration uncertain: within 30 s"),
        (alignment(), replace(EVIDENCE, end=40), "end of the narration uncertain: within 40 s"),
        (alignment(snippets=5), None, "3 of 5 snippets were not placed"),
        (replace(alignment(clips=8), matches=((0, 0), (1, 1))), None, "few clips matched: 25 % of the time"),
    ],
)
def test_what_may_explain_a_doubtful_alignment(made, timing, reason) -> None:
    quality = judge(made, POOR, timing)
    assert quality.verdict is Verdict.DOUBTFUL
    assert len(quality.reasons) == 2
    assert any(given.startswith(reason) for given in quality.reasons)
    assert "low expectations: text IoU 10 %, accuracy 30 %" in quality.reasons


def test_a_text_that_cannot_be_read_in_time_is_doubtful_whatever_is_expected() -> None:
    quality = judge(alignment(), GOOD, replace(EVIDENCE, reading=150))
    assert quality.verdict is Verdict.DOUBTFUL
    assert len(quality.reasons) == 1


def test_mean_confidence_weighs_time() -> None:
    clips = (Clip(0.0, 3.0), Clip(3.0, 4.0))
    made = replace(alignment(clips=2), clips=clips, clip_confidence=(1.0, 0.2))
    assert mean_confidence(made) == pytest.approx(0.8)


def test_expected_iou_by_hand() -> None:
    """Snippet 0 has clip 0 (2 s) for certain and is given it; snippet 1 is given clip 1 (1 s).

    It is as likely to have clip 2 (1 s), so that 0.5 s of 0.5 + 0.5 + 0.5 s are shared.
    """
    posterior = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]])
    labels = np.array([0, 1, -1])
    assert expected_iou(labels, posterior, np.array([2.0, 1.0, 1.0])) == pytest.approx((1 + 1 / 3) / 2)
    assert expected_iou(labels, 0 * posterior, np.ones(3)) == 0.0


def test_spread_is_the_inner_80_percent() -> None:
    assert spread(np.arange(11.0), np.full(11, 1 / 11)) == pytest.approx(8)
    assert spread(np.arange(3.0), np.array([0.05, 0.9, 0.05])) == 0


def test_timing_says_how_long_the_text_is_and_where_its_ends_are() -> None:
    """80 letters take 8 s; with the extent given there is room for just that."""
    clips = [Interval(float(k), k + 1.0) for k in range(30)]
    free = align_narration(clips, ["x" * 40] * 2, ASSUMED).evidence
    assert (free.reading, free.room) == pytest.approx((8, 30))
    assert free.start > 5
    fixed = align_narration(clips, ["x" * 40] * 2, ASSUMED, text_start=10, text_end=18).evidence
    assert (fixed.room, fixed.start, fixed.end) == pytest.approx((8, 0, 0))


def test_rank_correlation_by_hand() -> None:
    """Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4."""
    assert rank_correlation(np.array([1, 5, 5, 9.0]), np.array([0, 1, 2, 3.0])) == pytest.approx(0.9**0.5)
    assert rank_correlation(np.array([1, 2, nan]), np.array([5, 4, 9.0])) == pytest.approx(-1)
    assert isnan(rank_correlation(np.array([1, 1.0]), np.array([1, 2.0])))


def test_verdicts_compare_what_was_expected_with_what_came() -> None:
    """The second video is judged doubtful and is half right; the third is not judged."""
    right = score(CLIPS, [Interval(0, 6)], [(0, 0), (1, 0), (2, 0)])
    half = score(CLIPS, [Interval(0, 6)], [(2, 0)])
    qualities = {
        "a": Quality(placed=1, snippets=1, expected_accuracy=0.8, verdict=Verdict.SOUND),
        "b": Quality(placed=1, snippets=1, expected_accuracy=0.4, verdict=Verdict.DOUBTFUL),
    }
    found = compare({"a": right, "b": half, "c": half}, qualities)
    assert (found.sound.videos, found.sound.video_accuracy) == (1, 1.0)
    assert (found.doubtful.videos, found.doubtful.video_accuracy) == (1, 0.5)
    assert found.doubtful.expected_accuracy == 0.4
    assert found.rank_correlation == pytest.approx(1)
    assert isnan(found.iou_rank_correlation)
    assert isnan(found.all.expected_iou)
    assert (found.unknown.videos, found.all.videos) == (0, 2)


# --- weak matches ----------------------------------------------------------------------------------


def test_weak_matches_are_left_out_and_confidence_stays_that_of_the_label() -> None:
    """Snippet 0 keeps clip 0 of its two, snippet 1 loses its only one; clip 3 never had any."""
    made = replace(
        alignment(),
        matches=((0, 0), (1, 0), (2, 1)),
        clip_confidence=(0.9, 0.3, 0.4, 0.2),
        snippet_confidence=(0.6, 0.4),
    )
    unmatched = UnmatchedProbability(clips=np.array([0.1, 0.5, 0.3, 0.2]), snippets=np.array([0.0, 0.25]))
    kept = without_weak_matches(made, 0.5, unmatched)
    assert kept.matches == ((0, 0),)
    assert kept.clip_confidence == (0.9, 0.5, 0.3, 0.2)
    assert kept.snippet_confidence == (0.9, 0.25)
    unknown = without_weak_matches(made, 0.5)
    assert unknown.clip_confidence == (0.9, 0.7, 0.6, 0.2)
    assert unknown.snippet_confidence == (0.9, 0.6)
    assert without_weak_matches(made, 0.0, unmatched) == made


def test_what_is_expected_is_that_of_the_matches_that_remain() -> None:
    """Four clips of 1 s, each of a snippet of its own, the last two of which are one snippet's."""
    made = replace(
        alignment(clips=4, snippets=3),
        matches=((0, 0), (1, 1), (2, 2), (3, 2)),
        clip_confidence=(0.8, 0.4, 0.5, 0.6),
    )
    before = Expected(accuracy=0.5, iou=0.45)
    same = expected_of_rest(before, made, made)
    assert (same.accuracy, same.iou) == pytest.approx((before.accuracy, before.iou))
    # overlaps: 0.8 / 1.2 and 0.4 / 1.6 of one clip, 1.1 / 2.9 of two, and 0.6 / (1 + 2 - 0.6) of one of these
    whole = 0.8 / 1.2 + 0.4 / 1.6 + 1.1 / 2.9
    some = expected_of_rest(before, made, without_weak_matches(made, 0.55))
    assert some.iou == pytest.approx(0.45 * (0.8 / 1.2 + 0.6 / 2.4) / whole)
    # the second and the third clip are now unmatched, which is right with 0.6 and 0.5
    assert some.accuracy == pytest.approx(0.5 + (0.8 + 0.6 + 0.5 + 0.6) / 4 - (0.8 + 0.4 + 0.5 + 0.6) / 4)
    nothing = expected_of_rest(before, made, without_weak_matches(made, 0.9))
    assert nothing.iou == 0.0
    assert expected_of_rest(replace(before, iou=None), made, made).iou is None
    assert expected_of_rest(before, replace(made, matches=()), replace(made, matches=())).iou == 0.0


def test_timing_knows_what_is_unmatched() -> None:
    """A snippet that can own one clip at most owns none with the rest of its posterior."""
    clips = [Interval(0, 10), Interval(10, 11), Interval(11, 21)]
    result = align_narration(clips, ["x" * 100, "x" * 10, "x" * 100], ASSUMED, text_start=0, text_end=21)
    np.testing.assert_allclose(result.unmatched.snippets[1], 1 - result.posterior[1].sum(), atol=1e-12)
    np.testing.assert_allclose(result.unmatched.clips, 1 - result.posterior.sum(axis=0), atol=1e-12)
