"""What a features file stores of a clip → tokens, checked by hand."""

import numpy as np

from mmtool.matching.tokens import FrameTokens, Scaling, features_of_frames, of_frames

SCALING = Scaling(np.array([1.0, 0.0], np.float32), np.array([2.0, 1.0], np.float32))
BOXES = np.array([[0, 0, 0.5, 1], [0.5, 0, 1, 1], [0.25, 0.5, 0.5, 1]], np.float32)
FRAMES = [
    FrameTokens(np.array([[1, 0], [3, 6], [5, 0]], np.float16), BOXES),
    FrameTokens(np.zeros((0, 2), np.float16), BOXES[:0]),
    FrameTokens(np.array([[7, 4]], np.float16), BOXES[:1]),
]


def test_each_frame_is_a_token_before_its_best_regions():
    clip = of_frames(FRAMES, most=6, scaling=SCALING, columns=3)  # two of each frame
    assert clip.features.tolist() == [[1, 2], [3, 4], [0, 0], [1, 6], [3, 4]]
    whole, left, right = [0, 0, 1, 1, 1, 1], [0, 0, 0.5, 1, 0.5, 1], [0.5, 0, 1, 1, 0.5, 1]
    assert clip.boxes.tolist() == [whole, whole, left, right, left]
    assert clip.cells[:, 1].tolist() == [0, 2, 0, 0, 2]
    np.testing.assert_allclose(clip.times, [1 / 6, 5 / 6, 1 / 6, 1 / 6, 5 / 6])
    assert features_of_frames(FRAMES, most=6).tolist() == [[3, 2], [7, 4], [1, 0], [3, 6], [7, 4]]


def test_frames_may_be_all_that_is_read_and_most_limits_regions_alone():
    assert len(of_frames(FRAMES, most=0, scaling=SCALING, columns=3).features) == 2
    clip = of_frames(FRAMES, most=2, scaling=SCALING, columns=2)  # one of each frame
    assert clip.cells[:, 1].tolist() == [0, 1, 0, 1]
    assert len(of_frames(FRAMES[1:2], most=2, scaling=SCALING, columns=2).features) == 0
