"""Sequences of frames → statistics of optical flow, without weights."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray

from mmtool.encoders.contract import (
    EncodedFrames,
    EncoderIdentity,
    EncoderOptions,
    FrameSequence,
    Sampling,
    SequenceEncoder,
)
from mmtool.encoders.motion.flow import FlowEstimator, cells, change_of, grey_frame, one_thread_each
from mmtool.encoders.motion.statistics import NAMES, describe

LENGTH = 17  # frames of a sequence
SPACING = 0.04  # seconds between them, so that a sequence lasts about two thirds of a second
SHORTER_SIDE = 360  # pixels


class MotionEncoder(SequenceEncoder):
    """Mean and standard deviation, over the pairs of a sequence, of statistics of their optical flow.

    Speeds are in heights of the frame per second, so that neither the size nor the frame rate of a film
    matters. A sequence of a single frame does not move: its features are zeros.
    """

    reads = frozenset({"image_size"})

    def __init__(self, options: EncoderOptions) -> None:
        self._side = options.image_size or SHORTER_SIDE
        self.sampling = Sampling(LENGTH, SPACING, self._side)
        self._estimator = FlowEstimator()
        self.identity = EncoderIdentity(
            name=options.name,
            model="dis-medium-statistics",
            weights="none",
            dimension=2 * len(NAMES),
            settings={"length": LENGTH, "spacing": SPACING, "image_size": self._side},
        )

    def encode(self, frames: Sequence[FrameSequence]) -> EncodedFrames:
        """Encode B sequences to (B, D): the means of all statistics, then their deviations."""
        features = np.zeros((len(frames), self.identity.dimension), np.float32)
        with one_thread_each(), ThreadPoolExecutor(torch.get_num_threads()) as pool:
            for row, sequence in enumerate(frames):
                if row and sequence is frames[row - 1]:  # a copy that fills the batch
                    features[row] = features[row - 1]
                elif described := self._describe(sequence, pool):
                    features[row] = np.concatenate([np.mean(described, axis=0), np.std(described, axis=0)])
        return EncodedFrames(features)

    def _describe(self, sequence: FrameSequence, pool: ThreadPoolExecutor) -> list[NDArray[np.float64]]:
        """The statistics of each pair of different frames."""
        times = np.asarray(sequence.times)
        distinct = [0, *(np.flatnonzero(np.diff(times) > 0) + 1)]
        grey = [grey_frame(sequence.frames[number], self._side) for number in distinct]
        seconds = np.diff(times[distinct])

        def pair(number: int) -> NDArray[np.float64]:
            before, after = grey[number : number + 2]
            flow = cells(self._estimator.flow(before, after))
            velocity = flow / np.float32(before.shape[0] * seconds[number])
            return describe(velocity, change_of(before, after))

        return list(pool.map(pair, range(len(grey) - 1)))
