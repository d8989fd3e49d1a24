"""Encoders of pixels that are one network: what they see goes through it in batches, on one device."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from mmtool.encoders.contract import EncodedFrames, EncoderOptions, PixelEncoder, Seen
from mmtool.encoders.kernels.uploads import fetched
from mmtool.encoders.precision import DTYPES, exact_fp32


class BatchedEncoder(PixelEncoder[Seen]):
    """Base of encoders whose network reads a batch at a time; a GPU works ahead of the program."""

    def __init__(self, options: EncoderOptions) -> None:
        """Take the device, the precision and the size of batches from the options."""
        self.device, self._batch_size = options.device, options.batch_size
        self._device, self._dtype = torch.device(options.device), DTYPES[options.precision]
        self.ahead = 1 if self._device.type == "cuda" else 0

    def encode(self, frames: Sequence[Seen]) -> EncodedFrames:
        """Encode what represents B clips to features (B, D): frames of any sizes, or sequences of them."""
        return self.begin(frames)()

    def begin(self, frames: Sequence[Seen]) -> Callable[[], EncodedFrames]:
        starts = range(0, len(frames), self._batch_size)
        with torch.inference_mode(), exact_fp32(self._device):
            parts = [self._features(frames[start : start + self._batch_size]) for start in starts]
        return partial(fetched, parts, self.identity.dimension)

    @abstractmethod
    def _features(self, batch: Sequence[Seen]) -> Tensor:
        """The features (b, D) of one batch, on the device."""
