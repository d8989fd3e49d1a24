"""Settings of ``experiment``."""

from dataclasses import dataclass

from mmtool.choices import Device, Split
from mmtool.settings.checks import require


@dataclass(frozen=True, slots=True)
class ExperimentSettings:
    """Which plan runs, and what differs from it."""

    plan: str  # the name of a shipped one, or the path of a .toml file
    seeds: tuple[int, ...] = ()  # empty: the plan's
    epochs: int | None = None  # None: the presets'
    split: Split | None = None  # None: the plan's
    runs: str = ""  # how the names of the runs start; empty: as the plan says
    video: str = ""  # features of the rows that name none; empty: the corpus's only ones
    text: str = ""
    init_from: str = ""  # of the rows that finetune
    device: Device = Device.AUTO
    threads: int = 0

    def __post_init__(self) -> None:
        require(all(seed >= 0 for seed in self.seeds), "seeds", "at least 0", self.seeds)
        require(len(set(self.seeds)) == len(self.seeds), "seeds", "different", self.seeds)
        require(self.epochs is None or self.epochs >= 1, "epochs", "at least 1", self.epochs)
