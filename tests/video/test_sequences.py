"""Sequences of frames: which ones, at which times, in which order, and how large."""

import numpy as np
import pytest

from mmtool.records import Clip
from mmtool.video.frames import read_frames
from mmtool.video.sequences import read_clip_sequences
from mmtool.video.timeline import read_timeline
from support.film_corpora import cut
from support.numbered_films import make_film, number_in


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """100 numbered frames, 25 a second."""
    return make_film(tmp_path_factory.mktemp("film") / "a.mp4")


def numbers(film, clips, per_clip=1, *, length, spacing, shorter_side=64):
    found = {}
    for each in read_clip_sequences(
        film, clips, per_clip, length=length, spacing=spacing, shorter_side=shorter_side
    ):
        seen = [number_in(frame.pixels) for frame in each.frames]
        assert [round(frame.time * 25) for frame in each.frames] == seen
        found[each.clip, each.part] = seen
    return found


def test_frames_are_around_the_middle_of_each_part(film):
    clips = cut([40, 60])
    assert numbers(film, clips, length=5, spacing=0.04) == {
        (0, 0): [18, 19, 20, 21, 22],
        (1, 0): [68, 69, 70, 71, 72],
    }
    assert numbers(film, clips, 2, length=3, spacing=0.2) == {
        (0, 0): [5, 10, 15],
        (0, 1): [25, 30, 35],
        (1, 0): [50, 55, 60],
        (1, 1): [80, 85, 90],
    }


def test_no_frame_is_outside_its_clip(film):
    assert numbers(film, cut([3, 1, 96]), length=5, spacing=0.04) == {
        (0, 0): [0, 0, 1, 2, 2],
        (1, 0): [3, 3, 3, 3, 3],
        (2, 0): [50, 51, 52, 53, 54],
    }


def test_spread_over_the_clip(film):
    found = numbers(film, cut([40, 60]), 2, length=2, spacing=None)
    assert found == {(0, 0): [5, 15], (0, 1): [25, 35], (1, 0): [47, 62], (1, 1): [77, 92]}


def test_clips_without_frame_numbers_that_overlap(film):
    clips = [Clip(0.0, 4.0), Clip(1.0, 2.0), Clip(1.5, 1.7)]
    assert numbers(film, clips, length=3, spacing=0.4) == {
        (0, 0): [40, 50, 60],
        (1, 0): [27, 37, 47],
        (2, 0): [38, 40, 42],
    }


def test_sequences_come_in_the_order_of_their_ends(film):
    clips = [Clip(0.0, 4.0), Clip(1.0, 2.0), Clip(1.5, 1.7)]
    order = [each.clip for each in read_clip_sequences(film, clips, 1, length=3, spacing=0.4, shorter_side=9)]
    assert order == [2, 1, 0]


def test_only_larger_frames_are_scaled(film):
    timeline = read_timeline(film)
    ((whole,), (same,), (half,)) = (
        [frame.pixels for frame in read_frames(film, [10], timeline, shorter_side=side)]
        for side in (None, 64, 32)
    )
    assert half.shape == (32, 48, 3)
    np.testing.assert_array_equal(same, whole)
    quarters = whole.reshape(32, 2, 48, 2, 3).mean(axis=(1, 3))
    assert np.corrcoef(quarters.ravel(), half.ravel())[0, 1] > 0.98


def test_a_rotated_film_is_scaled_upright(tmp_path):
    film = make_film(tmp_path / "r.mp4", frames=range(5), rotation=90)
    (frame,) = read_frames(film, [2], read_timeline(film), shorter_side=32)
    assert frame.pixels.shape == (48, 32, 3)
