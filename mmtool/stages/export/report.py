"""What the exports give back."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from mmtool.records import Report


@dataclass(slots=True, kw_only=True)
class ExportReport(Report):
    """The alignments of one run that were exported; ``written`` are the files, or folders of clips.

    ``snippets`` counts those of the exported videos, ``unplaced`` those among them that match no clip.
    """

    stage: ClassVar[str] = "export"
    run: str
    format: str
    folder: Path
    snippets: int = 0
    unplaced: int = 0

    @property
    def facts(self) -> dict[str, object]:
        return {"folder": str(self.folder)}


@dataclass(slots=True, kw_only=True)
class ExportCheckpointReport(Report):
    """The checkpoint that was exported; ``epoch`` is the one after which it was saved."""

    stage: ClassVar[str] = "export checkpoint"
    file: Path
    epoch: int

    @property
    def facts(self) -> dict[str, object]:
        return {"file": str(self.file), "epoch": self.epoch}
