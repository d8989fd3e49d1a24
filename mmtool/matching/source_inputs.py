"""Clips of several sources as the matcher reads them: the tokens of each source, padded by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mmtool.matching.inputs import ClipBatch, ClipInput, pad_clips


@dataclass(frozen=True, slots=True)
class SourcesInput:
    """The tokens of one clip, source by source; one without any token says that nothing is known."""

    parts: tuple[ClipInput, ...]


@dataclass(frozen=True, slots=True)
class SourcesBatch:
    """B clips, a padded batch for each source."""

    parts: tuple[ClipBatch, ...]

    @property
    def real(self) -> Tensor:
        """(B, R): which tokens are real, source by source."""
        return torch.cat([part.real for part in self.parts], dim=1)

    @property
    def sizes(self) -> list[int]:
        """The tokens of each source, padding included; their sum is R."""
        return [part.real.shape[1] for part in self.parts]

    def to(self, device: torch.device) -> "SourcesBatch":
        return SourcesBatch(tuple(part.to(device) for part in self.parts))

    def __getitem__(self, rows: Tensor) -> "SourcesBatch":
        return SourcesBatch(tuple(part[rows] for part in self.parts))

    def __len__(self) -> int:
        return len(self.parts[0])


AnyClip = ClipInput | SourcesInput
AnyBatch = ClipBatch | SourcesBatch


def pad(clips: Sequence[AnyClip]) -> AnyBatch:
    """Stack clips that have the same sources."""
    if isinstance(clips[0], ClipInput):
        return pad_clips([clip for clip in clips if isinstance(clip, ClipInput)])
    several = [clip.parts for clip in clips if isinstance(clip, SourcesInput)]
    return SourcesBatch(tuple(pad_clips(source) for source in zip(*several, strict=True)))


def of_one(clips: AnyBatch) -> ClipBatch:
    """The batch of clips of one source; raises TypeError for one of several."""
    if not isinstance(clips, ClipBatch):
        raise TypeError("clips of several sources, where one is read")
    return clips


def of_several(clips: AnyBatch) -> SourcesBatch:
    """The batch of clips of several sources; raises TypeError for one of a single source."""
    if not isinstance(clips, SourcesBatch):
        raise TypeError("clips of one source, where several are read")
    return clips
