"""Sound → the logarithm of its power in bands of the mel scale."""

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray
from transformers.audio_utils import mel_filter_bank

from mmtool.encoders.contract import Sound

RATE = 16_000  # samples per second
WINDOW, HOP, TRANSFORM = 400, 160, 512  # samples: 25 ms every 10 ms
BANDS = 64
FLOOR = 1e-10  # of power: −100 dB
PIECE = 3000  # windows that are computed at a time: 30 seconds


@cache
def filters() -> NDArray[np.float32]:
    """The weights (F, BANDS) of frequencies in bands, from 0 to 8 kHz, on the scale of HTK."""
    bank = mel_filter_bank(
        num_frequency_bins=TRANSFORM // 2 + 1,
        num_mel_filters=BANDS,
        min_frequency=0.0,
        max_frequency=RATE / 2,
        sampling_rate=RATE,
        mel_scale="htk",
    )
    return np.asarray(bank, np.float32)


def windows_of(sound: Sound) -> NDArray[np.float32]:
    """The windows (T, WINDOW) of a sound; one shorter than a window is followed by silence."""
    if len(sound) < WINDOW:
        sound = np.pad(sound, (0, WINDOW - len(sound)))
    return np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]


def log_mel(sound: Sound) -> Iterator[NDArray[np.float32]]:
    """Yield log power (t, BANDS) of the windows of a sound (S,) at :data:`RATE`, some at a time."""
    shape = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    windows = windows_of(sound)
    for first in range(0, len(windows), PIECE):
        spectrum = np.fft.rfft(windows[first : first + PIECE] * shape, TRANSFORM)  # (t, F)
        power = spectrum.real**2 + spectrum.imag**2
        yield np.log(np.maximum(power.astype(np.float32) @ filters(), FLOOR))
