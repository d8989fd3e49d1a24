"""What aligning gives back."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from statistics import fmean
from typing import ClassVar

from mmtool.records import Quality, Report, Verdict


class Outcome(StrEnum):
    """What became of a video's alignment."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"  # below `require`: no alignment of it remains


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
        """The reasons to doubt the alignment, in one line; empty where there are none."""
        return f"{self.id}: doubtful: {', '.join(self.quality.reasons)}" if self.quality.reasons else ""


@dataclass(slots=True, kw_only=True)
class AlignReport(Report):
    """The videos that were aligned in one call, rejected ones included."""

    stage: ClassVar[str] = "align"
    run: str
    videos: list[AlignedVideo] = field(default_factory=list)

    @property
    def expected_accuracy(self) -> float | None:
        """The mean of the videos' expected accuracy; None where no video was aligned."""
        return fmean(video.quality.expected_accuracy for video in self.videos) if self.videos else None

    @property
    def doubtful(self) -> list[AlignedVideo]:
        return [video for video in self.videos if video.verdict is Verdict.DOUBTFUL]

    @property
    def facts(self) -> dict[str, object]:
        if self.expected_accuracy is None:
            return {}
        return {"expected accuracy": round(self.expected_accuracy, 3), "doubtful": len(self.doubtful)}
