"""Settings of ``demo``."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """The size of the demo's corpus and of its training."""

    folder: Path
    train: int = 64
    val: int = 8
    test: int = 12
    epochs: int = 80
    image_size: int = 120  # of small movies; the detector's 800 pixels only take longer
    proposals: int = 50
    seed: int = 0
