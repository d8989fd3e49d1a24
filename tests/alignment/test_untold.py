"""Texts that nobody reads aloud: long ones last longer, and many of them leave little at the ends."""

import numpy as np
import pytest

from mmtool.alignment.timing import hypotheses as h
from mmtool.alignment.timing.mixture import DRAWS, UNTOLD_DRAWS, draws_of
from mmtool.alignment.timing.narration import TimedVideo


def lattice(reading: list[float], seconds: float = 600.0):
    grid = np.arange(0, seconds + 0.25, 0.5)
    count = len(grid) - 1
    video = TimedVideo(
        bounds=grid,
        middles=grid[:-1] + 0.25,
        durations=np.full(count, 0.5),
        reading=np.array(reading),
        sentence_ends=np.zeros(len(reading), bool),
        grid=grid,
    )
    return h.untold(video, h.Extent())


def mean(probabilities) -> float:
    return float(probabilities @ np.arange(len(probabilities)) / probabilities.sum())


def test_a_text_of_eight_times_the_length_lasts_four_times_as_long():
    short, long = lattice([1.0, 8.0] * 10).durations[:2]  # 8 ** 0.66 = 3.94
    assert mean(long[0]) / mean(short[0]) == pytest.approx(3.94, rel=0.05)


def test_half_of_the_head_is_left_by_four_times_the_snippets():
    few, many = (mean(np.exp(lattice([2.0] * count).head)) for count in (8, 32))
    assert few / many == pytest.approx(2.0, rel=0.05)


def test_few_snippets_do_not_make_ends_longer():
    one, three = (lattice([2.0] * count).head for count in (1, 3))
    assert np.array_equal(one, three)


@pytest.mark.parametrize(
    ("weight", "snippets", "draws"),
    [(0.4, 8, DRAWS), (0.6, 8, UNTOLD_DRAWS), (0.6, 200, 500), (0.6, 2000, DRAWS)],
    ids=["narrated", "a few steps", "many steps", "very many steps"],
)
def test_texts_that_are_not_read_aloud_are_drawn_more_often(weight: float, snippets: int, draws: int):
    assert draws_of({h.UNTOLD: weight, h.STEADY: 1 - weight}, snippets) == draws
