"""Settings of ``explain``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mmtool.choices import CheckpointChoice
from mmtool.errors import SettingError
from mmtool.settings.devices import AUTO, check_device
from mmtool.settings.options import Option, Settings
from mmtool.settings.retrieve import CLIP
from mmtool.settings.run_names import check_runs
from mmtool.settings.score import Checkpoint, Device

PAIR, MODEL, OUTPUT = "Pair", "Model", "Output"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainSettings(Settings):
    """Which clip and snippet are explained, and by which run."""

    run: Annotated[
        str,
        Option(
            "Run of a trained matcher.", heading=MODEL, default="needed", metavar="RUN", completion="runs"
        ),
    ] = ""
    checkpoint: Checkpoint = CheckpointChoice.AUTO
    clip: Annotated[
        str,
        Option(
            "Clip: the video's id and the clip's number, from 1.",
            heading=PAIR,
            default="needed",
            metavar="ID:N",
        ),
    ] = ""
    snippet: Annotated[
        int, Option("Number of the snippet in the same video, from 1.", heading=PAIR, at_least=1)
    ] = 1
    device: Device = AUTO
    output: Annotated[
        Path | None,
        Option(
            "Picture to write, a PNG file.",
            heading=OUTPUT,
            short="o",
            default="explained/RUN/ID-N-M.png",
            metavar="FILE",
        ),
    ] = None

    def check(self) -> None:
        check_runs(self.run)
        check_device(self.device)
        if not self.run:
            raise SettingError("run", "is needed: name the run of a trained matcher")
        if not CLIP.fullmatch(self.clip):
            wanted = "a video's id and a clip's number, from 1, such as film:12"
            raise SettingError("clip", f"must be {wanted}, not {self.clip!r}")
        if self.output is not None and self.output.suffix.lower() != ".png":
            raise SettingError("output", f"must be a PNG file, not {self.output}")

    @property
    def video_and_clip(self) -> tuple[str, int]:
        """The id and the index, from 0, of the clip."""
        found = CLIP.fullmatch(self.clip)
        if found is None:
            raise ValueError("no clip")
        return found[1], int(found[2]) - 1
