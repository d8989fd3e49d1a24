"""Statistics of optical flow, on motion that is known."""

import cv2
import numpy as np
import pytest

from mmtool.encoders.contract import EncoderOptions, FrameSequence
from mmtool.encoders.motion.encoder import LENGTH, MotionEncoder
from mmtool.encoders.motion.statistics import NAMES, describe
from mmtool.encoders.registry import load_video_encoder

RATE = 25


def texture(height: int, width: int, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2)


def sequence(matrices, *, height=90, width=160, rate=RATE) -> FrameSequence:
    """A large picture seen through affine maps from the middle of the frame, one for each frame."""
    big = texture(3 * height, 3 * width)
    frames = []
    for matrix in matrices:
        middle = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1]])
        of_big = np.array([[1, 0, -1.5 * width], [0, 1, -1.5 * height], [0, 0, 1]])
        whole = middle @ np.vstack([matrix, [0, 0, 1]]) @ of_big
        frames.append(cv2.warpAffine(big, whole[:2], (width, height), flags=cv2.INTER_LINEAR))
    return FrameSequence(frames, [number / rate for number in range(len(frames))])


def pan(x: float, y: float, count: int = LENGTH):
    return [np.array([[1, 0, n * x], [0, 1, n * y]]) for n in range(count)]


def encode(*sequences: FrameSequence, **options) -> list[dict[str, float]]:
    encoder = load_video_encoder(EncoderOptions("motion", **options))
    features = encoder.encode(list(sequences)).features
    assert features.shape == (len(sequences), encoder.identity.dimension)
    return [dict(zip(NAMES, row, strict=False)) for row in features]


def test_a_pan_by_hand():
    (found,) = encode(sequence(pan(0.9, 0.0)))  # pixels per frame: 0.25 heights per second
    assert found["pan right"] == pytest.approx(0.25, rel=0.05)
    assert found["speed"] == pytest.approx(0.25, rel=0.05)
    assert abs(found["pan down"]) < 0.01
    assert found["direction 0"] + found["direction 7"] > 0.95
    assert found["own speed"] < 0.05 * found["speed"] + 0.005
    assert found["moving share"] > 0.95
    (up,) = encode(sequence(pan(0.0, -0.9)))
    assert up["pan down"] == pytest.approx(-0.25, rel=0.05)


def test_zoom_and_rotation():
    zooming = [np.array([[1 + 0.01 * n, 0, 0], [0, 1 + 0.01 * n, 0]]) for n in range(5)]
    (found,) = encode(sequence(zooming))
    assert found["zoom"] == pytest.approx(0.25, rel=0.15)  # 1 % per frame
    assert abs(found["rotation"]) < 0.02
    turning = [cv2.getRotationMatrix2D((0, 0), -n, 1) for n in range(5)]
    (found,) = encode(sequence(turning))
    assert found["rotation"] == pytest.approx(RATE * np.pi / 180, rel=0.15)  # 1° clockwise per frame
    assert abs(found["zoom"]) < 0.03


def test_neither_size_nor_rate_matters():
    small, large = encode(sequence(pan(0.8, 0.4)), sequence(pan(1.6, 0.8), height=180, width=320))
    slow = sequence(pan(1.6, 0.8), rate=12.5)
    (half,) = encode(slow)
    for name in ("speed", "pan right", "pan down"):
        assert small[name] == pytest.approx(large[name], rel=0.1)
    assert half["speed"] == pytest.approx(small["speed"], rel=0.15)  # twice as far in twice the time


def test_things_that_move_are_told_from_the_camera():
    frames = list(sequence(pan(0, 0)).frames)
    thing = texture(30, 30, seed=1)
    for number, frame in enumerate(frames):
        frame[30:60, 20 + 2 * number : 50 + 2 * number] = thing
    (found,) = encode(FrameSequence(frames, [number / RATE for number in range(len(frames))]))
    assert found["own speed"] > 0.02
    parts = [found[f"speed of part {row},{column}"] for row in range(3) for column in range(3)]
    assert parts.index(max(parts)) == 3  # middle row, left


def test_nothing_moves():
    still = sequence(pan(0, 0))
    one = FrameSequence([still.frames[0]] * 5, [1.0] * 5)
    tiny = FrameSequence([frame[:9, :9] for frame in still.frames], still.times)
    rows = load_video_encoder(EncoderOptions("motion")).encode([still, one, tiny]).features
    assert np.abs(rows).max() < 1e-3


def test_a_sequence_does_not_depend_on_its_batch_or_on_threads():
    encoder, many = MotionEncoder(EncoderOptions("motion")), [sequence(pan(n / 3, 0.2)) for n in range(3)]
    together = encoder.encode([*many, many[-1]]).features
    np.testing.assert_array_equal(together[3], together[2])
    before = cv2.getNumThreads()
    for threads in (1, 3):
        cv2.setNumThreads(threads)
        for row, each in enumerate(many):
            np.testing.assert_array_equal(encoder.encode([each]).features[0], together[row])
        assert cv2.getNumThreads() == threads
    cv2.setNumThreads(before)


def test_statistics_against_literal_loops():
    velocity = np.random.default_rng(0).normal(size=(7, 11, 2)).astype(np.float32)
    found = dict(zip(NAMES, describe(velocity, 0.25), strict=True))
    speeds = [float(np.hypot(*velocity[y, x])) for y in range(7) for x in range(11)]
    assert found["speed"] == pytest.approx(np.mean(speeds), rel=1e-5)
    assert found["change of brightness"] == 0.25
    rows = [[1, (x + 0.5 - 5.5) / 7, (y + 0.5 - 3.5) / 7] for y in range(7) for x in range(11)]
    best = np.linalg.pinv(np.array(rows)) @ velocity.reshape(-1, 2)
    assert found["zoom"] == pytest.approx((best[1, 0] + best[2, 1]) / 2, rel=1e-5)
    assert found["rotation"] == pytest.approx((best[1, 1] - best[2, 0]) / 2, rel=1e-5)
    left = velocity.reshape(-1, 2) - np.array(rows) @ best
    assert found["own speed"] == pytest.approx(np.mean([np.hypot(*each) for each in left]), rel=1e-5)
    sums = np.zeros(8)
    for y in range(7):
        for x in range(11):
            degrees = np.degrees(np.arctan2(velocity[y, x, 1], velocity[y, x, 0])) % 360
            sums[int(degrees // 45)] += np.hypot(*velocity[y, x])
    np.testing.assert_allclose([found[f"direction {n}"] for n in range(8)], sums / sums.sum(), rtol=1e-5)
