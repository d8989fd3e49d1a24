"""Statistics of sound, against literal formulas."""

import numpy as np
import pytest

from mmtool.encoders.contract import EncoderOptions
from mmtool.encoders.registry import load_video_encoder
from mmtool.encoders.sound.mel import BANDS, FLOOR, HOP, PIECE, RATE, TRANSFORM, WINDOW, filters, log_mel
from support.speech import recording, tone


def literal_log_mel(sound):
    """Window by window, a discrete Fourier transform by its definition."""
    shape = [0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW) for n in range(WINDOW)]
    waves = np.exp(-2j * np.pi * np.outer(np.arange(TRANSFORM // 2 + 1), np.arange(WINDOW)) / TRANSFORM)
    rows = []
    for start in range(0, len(sound) - WINDOW + 1, HOP):
        power = np.abs(waves @ (sound[start : start + WINDOW] * shape)) ** 2
        rows.append(np.log(np.maximum(power @ filters(), FLOOR)))
    return np.array(rows)


def mel(hertz):
    return 2595 * np.log10(1 + hertz / 700)


def test_log_mel_as_its_formula():
    sound = recording()[8000:12000]
    found = np.concatenate(list(log_mel(sound)))
    np.testing.assert_allclose(found, literal_log_mel(sound), atol=0.02)


def test_bands_are_equal_on_the_mel_scale():
    edges = np.linspace(0, mel(RATE / 2), BANDS + 2)
    for hertz in (440.0, 1500.0, 4000.0):
        found = np.concatenate(list(log_mel(tone(0.5, hertz)))).mean(axis=0)
        assert edges[found.argmax()] < mel(hertz) < edges[found.argmax() + 2]


def test_pieces_of_a_long_sound_are_those_of_the_whole():
    sound = np.random.default_rng(0).normal(size=RATE * 40).astype(np.float32) / 9
    pieces = list(log_mel(sound))
    assert [len(piece) for piece in pieces] == [PIECE, (len(sound) - WINDOW) // HOP + 1 - PIECE]
    again = np.concatenate(list(log_mel(sound[HOP * PIECE :])))
    np.testing.assert_array_equal(pieces[1], again)


@pytest.fixture(scope="module")
def encoder():
    return load_video_encoder(EncoderOptions("audio"))


def test_features_by_hand(encoder):
    sound = recording()[:RATE]
    (features,) = encoder.encode([sound])
    bands = np.concatenate(list(log_mel(sound))) - np.log(FLOOR)
    np.testing.assert_allclose(features[-2 * BANDS : -BANDS], bands.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(features[-BANDS:], bands.std(axis=0), rtol=1e-4)
    assert features[0] == 1
    assert features[5] == pytest.approx(np.abs(np.diff(bands, axis=0)).mean(), rel=1e-4)


def test_silence_is_not_the_absence_of_sound(encoder):
    silent, soft, loud = encoder.encode([np.zeros(RATE, np.float32), tone(1.0) / 100, tone(1.0)])
    assert silent[0] == 1
    assert silent[4] == 1  # all of it is quiet
    assert not silent[1:4].any()
    assert soft[1] < loud[1]
    assert loud[1] - soft[1] == pytest.approx(2 * np.log(100), rel=0.01)


def test_a_sound_does_not_depend_on_the_others_and_may_be_short(encoder):
    sounds = [recording()[:length] for length in (200, 5000, 16000)]
    together = encoder.encode(sounds)
    assert np.isfinite(together).all()
    for row, sound in enumerate(sounds):
        np.testing.assert_array_equal(encoder.encode([sound])[0], together[row])
