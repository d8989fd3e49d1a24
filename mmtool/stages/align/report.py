"""What aligning gives back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from statistics import fmean
from typing import ClassVar

from mmtool.records import Failure, Quality, Report, Verdict, headline


class Outcome(StrEnum):
    """What became of a video's alignment."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"  # below `require`: no alignment of it remains


class Unmet(Failure):
    """A video that fails only because something is required of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedVideo:
    """One video that was aligned, and how far its alignment can be trusted."""

    id: str
    path: Path
    quality: Quality
    outcome: Outcome
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        return self.quality.verdict

    @property
    def doubt(self) -> str:
        """The verdict and its reasons, in one line; empty for a sound alignment."""
        if self.verdict is Verdict.SOUND:
            return ""
        reasons = ", ".join(self.quality.reasons)
        return f"{self.id}: {self.verdict}: {reasons}" if reasons else f"{self.id}: {self.verdict}"


@dataclass(slots=True, kw_only=True)
class AlignReport(Report):
    """The videos that were aligned in one call, rejected ones included."""

    stage: ClassVar[str] = "align"
    run: str
    videos: list[AlignedVideo] = field(default_factory=list)

    @property
    def placed(self) -> int:
        """The number of snippets that have a clip, in all videos."""
        return sum(video.quality.placed for video in self.videos)

    @property
    def snippets(self) -> int:
        """The number of snippets of all videos."""
        return sum(video.quality.snippets for video in self.videos)

    @property
    def expected_iou(self) -> float | None:
        """The mean of the videos' expected text IoU; None unless it is known of all."""
        return _mean([video.quality.expected_iou for video in self.videos])

    @property
    def expected_accuracy(self) -> float | None:
        """The mean of the videos' expected accuracy; None unless it is known of all."""
        return _mean([video.quality.expected_accuracy for video in self.videos])

    def judged(self, verdict: Verdict) -> list[AlignedVideo]:
        """The videos with this verdict."""
        return [video for video in self.videos if video.verdict is verdict]

    @property
    def doubtful(self) -> list[AlignedVideo]:
        return self.judged(Verdict.DOUBTFUL)

    @property
    def facts(self) -> dict[str, object]:
        if not self.videos:
            return {}
        words: dict[str, object] = dict(
            headline(self.placed, self.snippets, self.expected_iou, self.expected_accuracy)
        )
        counts = ((str(verdict), len(self.judged(verdict))) for verdict in Verdict)
        return words | {name: number for name, number in counts if number}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None
