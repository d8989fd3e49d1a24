"""What segmenting gives back."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from mmtool.records import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmented:
    """One input: what was written for it, what the user should know, and why it failed if it did."""

    id: str
    path: Path
    written: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    failure: str = ""

    @property
    def failed(self) -> bool:
        return self.failure != ""

    @property
    def unchanged(self) -> bool:
        """Whether everything had been made before, from the same input with the same settings."""
        return not self.written and not self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentedVideo(Segmented):
    """One video; the numbers are those of what was written, None where that was not necessary."""

    clips: int | None = None
    thumbnails: int | None = None
    used_stored_scores: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentedText(Segmented):
    """One text; ``snippets`` and ``encoding`` are None where nothing was written."""

    snippets: int | None = None
    encoding: str | None = None


@dataclass(slots=True, kw_only=True)
class SegmentReport(Report):
    """The videos and texts of one call, those that failed and those that were unchanged included."""

    stage: ClassVar[str] = "segment"
    videos: list[SegmentedVideo] = field(default_factory=list)
    texts: list[SegmentedText] = field(default_factory=list)

    @property
    def facts(self) -> dict[str, object]:
        figures = {
            "clips": [video.clips for video in self.videos],
            "thumbnails": [video.thumbnails for video in self.videos],
            "films from stored scores": [int(video.used_stored_scores) or None for video in self.videos],
            "snippets": [text.snippets for text in self.texts],
        }
        counted = {name: [n for n in numbers if n is not None] for name, numbers in figures.items()}
        return {name: sum(numbers) for name, numbers in counted.items() if numbers}
