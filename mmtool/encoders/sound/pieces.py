"""Networks that hear at most so much at a time: clips are cut into pieces, whose features are averaged."""

import math
from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mmtool.encoders.contract import EncoderOptions, Features, Sound, SoundEncoder
from mmtool.encoders.precision import DTYPES


class PieceEncoder(SoundEncoder):
    """Base of encoders of sound that are a network; ``longest`` is how many seconds it hears at a time.

    A clip that is longer is cut into equal pieces. With ``unit_length``, what comes of a clip is of unit
    length, as the features of its pieces are.
    """

    reads = frozenset({"weights", "model"})
    longest: float
    unit_length: bool

    def __init__(self, options: EncoderOptions) -> None:
        """Take the device, the precision and the size of batches from the options."""
        self.device, self._batch_size = options.device, options.batch_size
        self._device, self._dtype = torch.device(options.device), DTYPES[options.precision]

    def encode(self, sounds: Sequence[Sound]) -> Features:
        """Encode B sounds to (B, D)."""
        pieces = [self._pieces(sound) for sound in sounds]
        flat = [piece for own in pieces for piece in own]
        starts = range(0, len(flat), self._batch_size)
        parts = [self._features(flat[start : start + self._batch_size]) for start in starts]
        rows = torch.cat(parts).float().cpu().numpy()
        ends = np.cumsum([len(own) for own in pieces])
        means = np.stack([part.mean(axis=0) for part in np.split(rows, ends[:-1])])
        if self.unit_length:
            means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
        return means.astype(np.float32)

    def _pieces(self, sound: Sound) -> list[Sound]:
        """Equal pieces that the network hears whole."""
        count = math.ceil(len(sound) / (self.longest * self.rate))
        return np.array_split(sound, max(1, count))

    @abstractmethod
    def _features(self, pieces: Sequence[Sound]) -> Tensor:
        """The features (b, D) of a batch of pieces, on the device."""
