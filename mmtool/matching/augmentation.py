"""Augmentation of what a matcher reads: clips as stored features, and words (after Park & Han, CVPR 2023)."""

from dataclasses import dataclass, replace

import numpy as np

from mmtool.matching.inputs import ClipInput, Words
from mmtool.matching.source_inputs import AnyClip, SourcesInput


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How much clips and snippets are changed in training.

    Attributes:
        noise: Standard deviation of noise on features, which have a deviation of 1.
        token_dropout: Share of tokens of a clip that are left out; also the probability that two of its
            neighbouring frames are swapped.
        word_masking: Share of words that are masked.
        mask: The number of the masked word; words that come as states are masked by zeros.
    """

    noise: float = 0.0
    token_dropout: float = 0.0
    word_masking: float = 0.0
    mask: int = 0

    def clip(self, clip: AnyClip, dice: np.random.Generator) -> AnyClip:
        """A clip with noise, fewer tokens (one of each source at least) and, now and then, frames swapped."""
        if isinstance(clip, SourcesInput):
            return SourcesInput(tuple(self._source(part, dice) for part in clip.parts))
        return self._source(clip, dice)

    def _source(self, clip: ClipInput, dice: np.random.Generator) -> ClipInput:
        features, cells, times = clip.features, clip.cells, clip.times
        if self.noise:
            noise = dice.standard_normal(features.shape, np.float32)
            features = features + np.float32(self.noise) * noise
        if not self.token_dropout or not len(features):
            return replace(clip, features=features)
        kept = dice.random(len(features)) >= self.token_dropout
        kept[dice.integers(len(features))] = True
        frames = np.unique(cells[:, 1])
        if len(frames) > 1 and dice.random() < self.token_dropout:
            first = int(dice.integers(len(frames) - 1))
            cells, times = _swapped(clip, int(frames[first]), int(frames[first + 1]))
        return ClipInput(features[kept], clip.boxes[kept], cells[kept], times[kept])

    def words(self, words: Words, dice: np.random.Generator) -> Words:
        """A snippet with some words masked, but not its first and last token."""
        if not self.word_masking or len(words) < 3:
            return words
        masked = np.array(words)
        chosen = dice.random(len(words) - 2) < self.word_masking
        masked[1:-1][chosen] = self.mask
        return masked


def _swapped(clip: ClipInput, one: int, other: int) -> tuple[np.ndarray, np.ndarray]:
    """The cells and times of a clip whose frames one and other have changed places."""
    cells, times = clip.cells.copy(), clip.times.copy()
    ours, theirs = clip.cells[:, 1] == one, clip.cells[:, 1] == other
    cells[ours, 1], cells[theirs, 1] = other, one
    times[ours], times[theirs] = clip.times[theirs][0], clip.times[ours][0]
    return cells, times
