"""Settings of ``project``."""

from dataclasses import dataclass

from mmtool.settings.checks import require


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """Random projection (Eq. 13) of one features file a modality; ``a+b`` joins two."""

    video: str = ""  # empty: the corpus's only one
    text: str = ""
    dimension: int = 300
    seed: int = 0
    force: bool = False

    def __post_init__(self) -> None:
        require(self.dimension >= 1, "dim", "at least 1", self.dimension)
