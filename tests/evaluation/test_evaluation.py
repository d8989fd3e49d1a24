"""The measures, bounds and baselines against numbers worked out by hand and by brute force."""

from itertools import pairwise, product
from math import isnan, nextafter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtool.evaluation.baselines import BASELINES, all_unmatched, proportional, uniform
from mmtool.evaluation.labels import best_labels, upper_bound
from mmtool.evaluation.measures import VideoScore, score, summarise, temporal_iou
from mmtool.evaluation.overlaps import covered, overlap_matrix, uncovered, union
from mmtool.evaluation.truth import UnknownAnnotationError, match_annotations
from mmtool.records import Annotation, Interval, Snippet

#          0    2    4    6    8   10
# clips    |-------a-------|-b-|-c-|
# truth         |---0---|---1--|
CLIPS = [Interval(0, 6), Interval(6, 8), Interval(8, 10)]
TRUTH = [Interval(2, 5), Interval(5, 8)]
A, B, C = 0, 1, 2


# --- overlaps


def test_overlaps_by_hand() -> None:
    assert overlap_matrix(CLIPS, TRUTH).tolist() == [[3, 1], [0, 2], [0, 0]]
    assert uncovered(CLIPS, TRUTH).tolist() == [2, 0, 2]
    assert covered(CLIPS, TRUTH).tolist() == [4, 2, 0]


def test_time_under_two_intervals_counts_once() -> None:
    assert uncovered([Interval(0, 10)], [Interval(1, 5), Interval(4, 6)]).tolist() == [5]
    assert uncovered([Interval(0, 10)], [Interval(1, 9), Interval(4, 6)]).tolist() == [2]


def test_none_shares_no_time() -> None:
    assert overlap_matrix(CLIPS, [None, TRUTH[1]]).tolist() == [[0, 1], [0, 2], [0, 0]]
    assert uncovered(CLIPS, [None]).tolist() == [6, 2, 2]


def test_shapes_without_clips_or_snippets() -> None:
    assert overlap_matrix([], TRUTH).shape == (0, 2)
    assert overlap_matrix(CLIPS, []).shape == (3, 0)
    assert uncovered([], TRUTH).shape == (0,)
    assert uncovered(CLIPS, []).tolist() == [6, 2, 2]


def test_union_joins_what_touches_and_keeps_gaps() -> None:
    assert union([Interval(4, 5), Interval(0, 2), Interval(2, 3), Interval(0, 1)]) == [(0, 3), (4, 5)]


def test_rounding_never_covers_more_than_the_clip() -> None:
    # The pieces, a hair apart, last 0.1 + 1.2 = 1.3 s; in float64, 1.4 - 0.1 is a little less.
    clip = Interval(0.1, 1.4)
    pieces = [Interval(0.1, 0.2), Interval(nextafter(0.2, 1), 1.4)]
    assert overlap_matrix([clip], pieces).sum() > clip.end - clip.start
    assert covered([clip], pieces).tolist() == [clip.end - clip.start]
    assert uncovered([clip], pieces).tolist() == [0]
    assert temporal_iou(pieces, clip) <= 1
    assert temporal_iou([clip], clip) == 1


# --- score


def test_score_by_hand() -> None:
    # a is right for 2..5 (3 s of 6), b for all of its 2 s, c (unmatched) for its 2 s.
    # IoU: snippet 0 has a, 3 s of 0..6; snippet 1 has b, 2 s of 5..8.
    result = score(CLIPS, TRUTH, [(A, 0), (B, 1)])
    assert (result.correct_seconds, result.clip_seconds) == (7, 10)
    assert result.video_accuracy == 0.7
    assert result.ious == (3 / 6, 2 / 3)
    assert result.text_iou == (3 / 6 + 2 / 3) / 2


def test_unmatched_clips_are_right_where_nothing_is_told() -> None:
    result = score(CLIPS, TRUTH, [])
    assert result.correct_seconds == 2 + 0 + 2
    assert result.ious == (0, 0)


def test_a_clip_with_two_snippets_is_right_for_both() -> None:
    result = score(CLIPS, TRUTH, [(A, 0), (A, 1)])
    assert result.correct_seconds == 4 + 0 + 2
    assert result.ious == (3 / 6, 1 / 8)  # a is 0..6, snippet 1 is 5..8


def test_a_snippet_with_two_clips_has_their_union() -> None:
    result = score(CLIPS, TRUTH, [(B, 1), (A, 1)])
    assert result.correct_seconds == 1 + 2 + 2
    assert result.ious == (0, 3 / 8)


def test_a_match_that_is_named_twice_counts_once() -> None:
    assert score(CLIPS, TRUTH, [(A, 0), (A, 0)]) == score(CLIPS, TRUTH, [(A, 0)])


def test_a_snippet_that_matches_nothing_makes_no_clip_right_and_has_no_iou() -> None:
    truth = [TRUTH[0], None]
    right = score(CLIPS, truth, [(A, 0)])
    wrong = score(CLIPS, truth, [(A, 0), (C, 1)])
    assert (right.correct_seconds, wrong.correct_seconds) == (3 + 2 + 2, 3 + 2)
    assert right.ious == wrong.ious == (3 / 6,)


def test_no_annotated_snippet_leaves_text_iou_undefined() -> None:
    result = score(CLIPS, [None, None], [(A, 0)])
    assert result.video_accuracy == 4 / 10
    assert isnan(result.text_iou)
    assert isnan(score([], [], []).video_accuracy)


@pytest.mark.parametrize("match", [(3, 0), (0, 2), (-1, 0), (0, -1)])
def test_a_match_with_what_does_not_exist_is_refused(match: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"is outside the 3 clips and 2 snippets"):
        score(CLIPS, TRUTH, [match])


@pytest.mark.parametrize(
    ("clips", "expected"),
    [
        ([], 0),
        ([Interval(2, 6)], 1),
        ([Interval(0, 4)], 2 / 6),
        ([Interval(2, 3), Interval(5, 6)], 2 / 4),
        ([Interval(2, 5), Interval(3, 6)], 1),
        ([Interval(7, 9)], 0),
    ],
)
def test_temporal_iou_with_2_to_6(clips: list[Interval], expected: float) -> None:
    assert temporal_iou(clips, Interval(2, 6)) == expected


def test_temporal_iou_of_no_time_with_no_time_is_zero() -> None:
    assert temporal_iou([Interval(3, 3)], Interval(3, 3)) == 0


# --- brute force on a grid of milliseconds

END = 40  # milliseconds
Range = tuple[int, int]


def interval(milliseconds: Range) -> Interval:
    return Interval(milliseconds[0] / 1000, milliseconds[1] / 1000)


def consecutive(points: list[int]) -> list[Range]:
    """Disjoint ranges in order; every third one is left out, so that there are gaps."""
    points = sorted(points)
    return [pair for k, pair in enumerate(pairwise(points)) if k % 3 != 2]


points = st.lists(st.integers(0, END), max_size=9, unique=True)
segmentations = points.map(consecutive)
ranges = st.tuples(st.integers(0, END), st.integers(0, END)).filter(lambda r: r[0] < r[1])
truths = st.lists(st.none() | ranges, max_size=5)


def grid_score(
    clips: list[Range], truth: list[Range | None], matches: set[tuple[int, int]]
) -> tuple[int, list[float]]:
    """Right milliseconds and IoUs, one millisecond at a time."""
    told = [set(range(*bounds)) if bounds else set() for bounds in truth]
    shown = [set(range(*bounds)) for bounds in clips]
    correct = 0
    for clip, times in enumerate(shown):
        mine = [snippet for snippet in range(len(truth)) if (clip, snippet) in matches]
        for time in times:
            if mine:
                correct += any(time in told[snippet] for snippet in mine)
            else:
                correct += not any(time in snippet for snippet in told)
    ious = []
    for snippet, times in enumerate(told):
        if times:
            seen = {t for clip, other in matches if other == snippet for t in shown[clip]}
            ious.append(len(seen & times) / len(seen | times))
    return correct, ious


@settings(max_examples=200, deadline=None)
@given(clips=segmentations, truth=truths, data=st.data())
def test_score_is_that_of_the_grid(
    clips: list[Range], truth: list[Range | None], data: st.DataObject
) -> None:
    pairs = list(product(range(len(clips)), range(len(truth))))
    matches = data.draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    correct, ious = grid_score(clips, truth, set(matches))
    result = score([interval(c) for c in clips], [t and interval(t) for t in truth], matches)
    assert result.correct_seconds == pytest.approx(correct / 1000)
    assert result.clip_seconds == pytest.approx(sum(end - start for start, end in clips) / 1000)
    assert result.ious == pytest.approx(ious)
    assert result.correct_seconds <= result.clip_seconds
    assert all(0 <= iou <= 1 for iou in result.ious)


# --- best labels


def test_best_labels_by_hand() -> None:
    assert best_labels(CLIPS, TRUTH) == [0, 1, None]
    assert upper_bound(CLIPS, TRUTH) == ((A, 0), (B, 1))


def test_a_clip_mostly_untold_stays_unmatched() -> None:
    assert best_labels([Interval(0, 10)], [Interval(6, 10)]) == [None]
    assert best_labels([Interval(0, 10)], [Interval(4, 7), Interval(7, 10)]) == [None]


def test_ties_go_to_a_snippet_and_to_the_earlier_one() -> None:
    assert best_labels([Interval(0, 10)], [Interval(5, 10)]) == [0]
    assert best_labels([Interval(0, 10)], [None, Interval(0, 5), Interval(5, 10)]) == [1]


def test_best_labels_without_clips_snippets_or_truth() -> None:
    assert best_labels([], TRUTH) == []
    assert best_labels(CLIPS, []) == best_labels(CLIPS, [None, None]) == [None, None, None]
    assert best_labels([Interval(3, 3)], TRUTH) == [None]


@settings(max_examples=60, deadline=None)
@given(
    clips=segmentations.map(lambda clips: clips[:4]),
    truth=st.lists(st.none() | ranges, max_size=3),
)
def test_no_labelling_beats_the_upper_bound(clips: list[Range], truth: list[Range | None]) -> None:
    shots, told = [interval(c) for c in clips], [t and interval(t) for t in truth]
    labellings = product([None, *range(len(truth))], repeat=len(clips))
    best = max(
        score(shots, told, [(c, s) for c, s in enumerate(labels) if s is not None]).correct_seconds
        for labels in labellings
    )
    reached = score(shots, told, upper_bound(shots, told)).correct_seconds
    assert reached == pytest.approx(best)


@settings(max_examples=300, deadline=None)
@given(
    clips=segmentations, truth=st.lists(ranges, max_size=8).map(sorted), nothing=st.sets(st.integers(0, 7))
)
def test_best_labels_never_step_back(clips: list[Range], truth: list[Range], nothing: set[int]) -> None:
    """Even where the intervals overlap or lie in each other, as long as their starts are sorted."""
    told = [None if snippet in nothing else interval(t) for snippet, t in enumerate(truth)]
    labels = [label for label in best_labels([interval(c) for c in clips], told) if label is not None]
    assert labels == sorted(labels)


# --- summary

# video accuracy 1/2, 8/8 and 0/2; text IoU 1/2 (of two snippets), 1/4 and none
SCORES = {
    "x": VideoScore(5, 10, (1.0, 0.0)),
    "y": VideoScore(8, 8, (0.25,)),
    "z": VideoScore(0, 2, ()),
}


def test_macro_and_micro_by_hand() -> None:
    summary = summarise(SCORES)
    assert (summary.videos, summary.snippets) == (3, 3)
    assert summary.video_accuracy.value == (1 / 2 + 1 + 0) / 3
    assert summary.text_iou.value == (1 / 2 + 1 / 4) / 2
    assert summary.micro_video_accuracy == 13 / 20
    assert summary.micro_text_iou == 1.25 / 3


def test_bootstrap_of_two_videos() -> None:
    # The resamples of 0 and 1 have the means 0, 1/2, 1/2 and 1, a quarter each.
    scores = {"x": VideoScore(0, 1, (0.0,)), "y": VideoScore(1, 1, (0.5,))}
    summary = summarise(scores)
    assert (summary.video_accuracy.low, summary.video_accuracy.high) == (0, 1)
    assert (summary.text_iou.low, summary.text_iou.high) == (0, 0.5)
    narrow = summarise(scores, confidence=0.3)
    assert (narrow.video_accuracy.low, narrow.video_accuracy.high) == (0.5, 0.5)


def test_bootstrap_depends_on_the_seed_and_not_on_the_order() -> None:
    scores = {f"{k:02}": VideoScore(k * k, 400, (k / 20,)) for k in range(20)}
    backwards = dict(reversed(scores.items()))
    assert summarise(scores) == summarise(backwards)
    assert summarise(scores) != summarise(scores, seed=1)


def test_bootstrap_interval_is_that_of_the_normal_for_many_videos() -> None:
    # Half 0, half 1: the mean of 400 has a standard error of 0.5 / sqrt(400) = 0.025.
    scores = {f"{k:03}": VideoScore(k % 2, 1, (0.5,)) for k in range(400)}
    accuracy = summarise(scores, resamples=4000).video_accuracy
    assert accuracy.value == 0.5
    assert accuracy.low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.005)
    assert accuracy.high == pytest.approx(0.5 + 1.96 * 0.025, abs=0.005)


def test_one_video_has_no_spread() -> None:
    accuracy = summarise({"x": SCORES["x"]}).video_accuracy
    assert accuracy.low == accuracy.value == accuracy.high == 0.5


@pytest.mark.filterwarnings("error")
def test_what_is_undefined_is_nan_without_a_warning() -> None:
    without_text = summarise({"z": SCORES["z"]})
    assert without_text.video_accuracy.value == 0
    assert isnan(without_text.text_iou.value)
    assert isnan(without_text.text_iou.low)
    assert isnan(without_text.micro_text_iou)
    empty = summarise({})
    assert empty.videos == 0
    assert isnan(empty.video_accuracy.high)
    assert isnan(empty.micro_video_accuracy)


# --- baselines

FOUR = [Interval(0, 1), Interval(1, 4), Interval(4, 6), Interval(6, 10)]  # middles 0.5, 2.5, 5 and 8


def test_all_unmatched() -> None:
    assert all_unmatched(FOUR, ["a", "b"]) == ()


def test_uniform_gives_each_snippet_an_equal_part() -> None:
    assert uniform(FOUR, ["a", "bbbbbbb"]) == ((0, 0), (1, 0), (2, 1), (3, 1))  # 0..5 and 5..10
    assert uniform(FOUR, list("abcd")) == ((0, 0), (1, 1), (2, 2), (3, 3))  # 2.5 s each


def test_proportional_counts_characters_and_a_space() -> None:
    assert proportional(FOUR, ["a", "bbbbbbb"]) == ((0, 0), (1, 1), (2, 1), (3, 1))  # 2 : 8
    assert proportional(FOUR, ["bbbbbbb", "a"]) == ((0, 0), (1, 0), (2, 0), (3, 1))  # 8 : 2


def test_a_video_that_starts_late_is_shared_from_its_first_clip() -> None:
    late = [Interval(clip.start + 100, clip.end + 100) for clip in FOUR]
    assert uniform(late, ["a", "b"]) == uniform(FOUR, ["a", "b"])


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_survive_what_is_empty(name: str) -> None:
    baseline = BASELINES[name]
    assert baseline([], ["a"]) == baseline(FOUR, []) == ()
    matches = baseline(FOUR, ["", "", ""])
    assert score(FOUR, [None] * 3, matches).clip_seconds == 10


def test_baselines_have_names_for_people() -> None:
    assert list(BASELINES) == ["all unmatched", "uniform", "proportional to length"]


# --- truth


def annotated(*texts: str) -> list[Annotation]:
    """Annotation k lasts from k to k + 1."""
    return [Annotation(k, k + 1, text) for k, text in enumerate(texts)]


def snippets(*texts: str) -> list[Snippet]:
    return [Snippet(text) for text in texts]


def test_annotations_find_their_snippets_whatever_the_case_and_the_white_space() -> None:
    truth = match_annotations(snippets("In 1989,", "Pym", "resigns."), annotated(" in  1989,\n", "RESIGNS."))
    assert truth == [(0, 1), None, (1, 2)]


def test_repeated_texts_take_repeated_snippets_in_order() -> None:
    told = annotated("what?", "what?", "b", "what?")
    truth = match_annotations(snippets("What?", "A", "What?", "B", "What?"), told)
    assert truth == [(0, 1), None, (1, 2), (2, 3), (3, 4)]


def test_a_place_is_found_where_the_longest_common_block_would_mislead() -> None:
    truth = match_annotations(snippets("b", "c", "a", "-", "b", "-", "c"), annotated("a", "b", "c"))
    assert truth == [None, None, (0, 1), None, (1, 2), None, (2, 3)]


@pytest.mark.parametrize(
    ("annotations", "index"),
    [
        (("a", "typo", "b"), 1),
        (("b", "a"), 1),  # out of order
        (("a", "a"), 1),  # once too often
    ],
)
def test_an_annotation_without_a_snippet_is_named(annotations: tuple[str, ...], index: int) -> None:
    with pytest.raises(UnknownAnnotationError) as caught:
        match_annotations(snippets("a", "b"), annotated(*annotations))
    assert (caught.value.index, caught.value.text) == (index, annotations[index])
    assert isinstance(caught.value, ValueError)
    assert f"annotation {index + 1}" in str(caught.value)


def test_no_annotations_are_no_truth() -> None:
    assert match_annotations(snippets("a", "b"), []) == [None, None]
