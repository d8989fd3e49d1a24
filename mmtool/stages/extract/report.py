"""What extracting gives back."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from mmtool.choices import Modality
from mmtool.records import EncoderIdentity, Failure, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedFeatures:
    """One features file that was written or completed, and the encoder whose features it holds.

    ``device`` names what this call encoded on, such as ``cpu``, ``cuda:0, cuda:1`` with workers, or ``cuda``
    on a cluster; it is empty if there was nothing to encode.
    """

    modality: Modality
    path: Path
    encoder: EncoderIdentity
    device: str

    @property
    def name(self) -> str:
        """The name by which other commands choose the features."""
        return self.path.stem

    @property
    def dimension(self) -> int:
        return self.encoder.dimension


@dataclass(slots=True, kw_only=True)
class ExtractReport(Report):
    """The features of one call, one file per modality; an id counts once for each of them."""

    stage: ClassVar[str] = "extract"
    features: list[ExtractedFeatures] = field(default_factory=list)

    @property
    def facts(self) -> dict[str, object]:
        facts: dict[str, object] = {file.encoder.name: _dimensions(file.dimension) for file in self.features}
        devices = list(dict.fromkeys(file.device for file in self.features if file.device))
        return facts | ({"device": ", ".join(devices)} if devices else {})


def _dimensions(count: int) -> str:
    return "1 dimension" if count == 1 else f"{count} dimensions"


@dataclass(slots=True, kw_only=True)
class ModalityResult:
    """What was done for one modality."""

    features: ExtractedFeatures
    done: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
