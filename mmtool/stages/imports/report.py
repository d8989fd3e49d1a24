"""What the imports give back."""

from dataclasses import dataclass, field
from typing import ClassVar

from mmtool.choices import Corrections, Inputs, Modality, Normalisation, Split
from mmtool.records import Report


@dataclass(slots=True, kw_only=True)
class ImportReport(Report):
    """The videos that were imported, how many records they have, and how many of them each split has."""

    stage: ClassVar[str] = "import"
    importer: str
    clips: int = 0
    snippets: int = 0
    annotations: int = 0
    splits: dict[Split, int] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, object]:
        splits = {"splits": "/".join(map(str, self.splits.values()))} if self.splits else {}
        counts = {"clips": self.clips, "snippets": self.snippets, "annotations": self.annotations}
        return {"videos": len(self.done) + len(self.unchanged), **splits, **counts}


@dataclass(slots=True, kw_only=True)
class ImportCorrectionsReport(Report):
    """What became of a corrected export; ``placed`` is the number of entries that were found."""

    stage: ClassVar[str] = "import"
    id: str
    corrections: Corrections
    placed: int = 0

    @property
    def facts(self) -> dict[str, object]:
        return {"video": self.id, "as": str(self.corrections), "placed": self.placed}


@dataclass(slots=True, kw_only=True)
class ImportCheckpointReport(Report):
    """The run that was made of a checkpoint; ``epoch`` is the one after which it was saved."""

    stage: ClassVar[str] = "import checkpoint"
    run: str
    inputs: Inputs
    normalisation: Normalisation
    epoch: int

    @property
    def facts(self) -> dict[str, object]:
        return {"inputs": str(self.inputs), "normalisation": str(self.normalisation), "epoch": self.epoch}


@dataclass(slots=True, kw_only=True)
class ImportFeaturesReport(Report):
    """The features that were imported; ``done`` and ``unchanged`` are ids of films or texts."""

    stage: ClassVar[str] = "import features"
    name: str
    modality: Modality
    dimension: int = 0

    @property
    def facts(self) -> dict[str, object]:
        dimensions = f"{self.dimension} dimension{'' if self.dimension == 1 else 's'}"
        return {"modality": str(self.modality), self.name: dimensions}
