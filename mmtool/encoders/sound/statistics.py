"""The sound of clips → statistics of its spectrum, without weights."""

from collections.abc import Sequence

import numpy as np

from mmtool.encoders.contract import EncoderIdentity, EncoderOptions, Features, Sound, SoundEncoder
from mmtool.encoders.sound.mel import BANDS, FLOOR, RATE, log_mel

SILENT = float(np.log(FLOOR))
EXTRAS = 7  # sound, loudness and its deviation, loudest, quiet share, change, centroid
QUIET = 1e-6  # mean power of a band below which a window is quiet: −60 dB


class AudioEncoder(SoundEncoder):
    """Mean and deviation over a clip of the log power in each band of the mel scale, and of its loudness.

    The first feature is 1; it is 0 only for a clip without sound, of which all features are zeros. The others
    count from −100 dB, so that digital silence is near zero as well.
    """

    rate = RATE

    def __init__(self, options: EncoderOptions) -> None:
        self.identity = EncoderIdentity(
            name=options.name,
            model="log-mel-statistics",
            weights="none",
            dimension=EXTRAS + 2 * BANDS,
            settings={"rate": RATE, "bands": BANDS},
        )

    def encode(self, sounds: Sequence[Sound]) -> Features:
        """Encode B sounds to (B, D)."""
        return np.stack([self._encode(sound) for sound in sounds])

    def _encode(self, sound: Sound) -> Features:
        bands = np.concatenate(list(log_mel(sound)))  # (T, BANDS)
        above = bands - np.float32(SILENT)
        loudness = np.log(np.maximum(np.exp(bands).mean(axis=1), FLOOR))  # (T,)
        louder = loudness - SILENT
        change = np.abs(np.diff(above, axis=0)).mean() if len(above) > 1 else 0.0
        weights = above.mean(axis=0)
        centroid = float(weights @ np.linspace(0, 1, BANDS)) / max(float(weights.sum()), 1e-6)
        extras = [
            *(1.0, louder.mean(), louder.std(), louder.max()),
            *((loudness < np.log(QUIET)).mean(), change, centroid),
        ]
        return np.concatenate([extras, above.mean(axis=0), above.std(axis=0)]).astype(np.float32)
