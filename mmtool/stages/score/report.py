"""The report of ``score``."""

from dataclasses import dataclass
from typing import ClassVar

from mmtool.records import Report


@dataclass(slots=True, kw_only=True)
class ScoreReport(Report):
    """The films that were scored.

    Attributes:
        name: The name of the scores.
        model: What scored them.
        pairs: The pairs that were judged one by one in this call.
        possible: All pairs of the same films.
        temperature: By what log-odds are divided.
        bias: What is then added.
        calibrated_on: The number of annotated films that chose both; 0 if none did.
        loss_before: Mean negative log-likelihood of what a clip of a held-out film shows, in nats, without
            calibration.
        loss_after: The same with a calibration that was fitted to the other films.
    """

    stage: ClassVar[str] = "score"
    name: str
    model: str
    pairs: int = 0
    possible: int = 0
    temperature: float = 1.0
    bias: float = 0.0
    calibrated_on: int = 0
    loss_before: float | None = None
    loss_after: float | None = None

    @property
    def facts(self) -> dict[str, object]:
        facts: dict[str, object] = {"model": self.model}
        if self.possible:
            facts["judged"] = f"{self.pairs:,} of {self.possible:,} pairs"
        if self.loss_before is not None and self.loss_after is not None:
            facts["calibration"] = (
                f"temperature {self.temperature:.3g}, bias {self.bias:+.3g}, "
                f"loss {self.loss_before:.3g} → {self.loss_after:.3g} nats"
            )
        return facts
