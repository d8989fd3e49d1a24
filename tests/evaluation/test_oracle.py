"""The oracle that chooses a run for each class of videos, by hand and against every choice."""

from itertools import product
from math import nan

import numpy as np

from mmtool.evaluation.measures import VideoScore
from mmtool.evaluation.oracle import oracle


def score(accuracy, *ious):
    return VideoScore(correct_seconds=10 * accuracy, clip_seconds=10.0, ious=ious)


FIRST = {"a": score(0.9, 0.5), "b": score(0.1, 0.1), "c": score(0.4, 0.4)}
SECOND = {"a": score(0.5, 0.4), "b": score(0.8, 0.2), "c": score(0.4, 0.5)}


def test_each_class_has_its_best_run():
    """Of x, the sums of means are 0.8 and 0.95: the second, although a alone is better in the first."""
    chosen = oracle([FIRST, SECOND], {"a": "x", "b": "x", "c": "y"})
    assert chosen == {"a": SECOND["a"], "b": SECOND["b"], "c": SECOND["c"]}


def test_without_classes_each_video_has_its_best_run():
    chosen = oracle([FIRST, SECOND], {})
    assert chosen == {"a": FIRST["a"], "b": SECOND["b"], "c": SECOND["c"]}
    assert oracle([FIRST, SECOND], {"a": "b", "b": ""}) == chosen  # a class may be called like a video


def test_equal_runs_leave_the_first_and_undefined_measures_count_nothing():
    undefined = {"a": VideoScore(0.0, 0.0, (0.3,))}
    assert str(undefined["a"].video_accuracy) == str(nan)
    assert oracle([undefined, undefined], {}) == undefined
    assert oracle([{"a": score(0.0)}, undefined], {}) == undefined


def test_no_other_choice_for_classes_is_better():
    dice = np.random.default_rng(0)
    ids, class_of = "abcdef", dict(zip("abcdef", "xxyyzz", strict=True))
    runs = [{id: score(*dice.random(2)) for id in ids} for _ in range(3)]

    def total(chosen):
        return sum(one.video_accuracy + one.text_iou for one in chosen.values())

    every = [
        {id: runs[dict(zip("xyz", choice, strict=True))[class_of[id]]][id] for id in ids}
        for choice in product(range(3), repeat=3)
    ]
    assert np.isclose(total(oracle(runs, class_of)), max(map(total, every)))
