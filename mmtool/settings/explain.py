"""Settings of ``explain``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mmtool.choices import CheckpointChoice, EncoderPrecision
from mmtool.errors import SettingError
from mmtool.settings.devices import AUTO, check_device
from mmtool.settings.options import Option, Settings
from mmtool.settings.retrieve import CLIP
from mmtool.settings.run_names import check_runs
from mmtool.settings.score import MODELS, BlipEncToken, Checkpoint, Device, Frames, Precision, Run

PAIR, OUTPUT = "Pair", "Output"
OF_RERANKER = ("frames", "blip_enc_token", "precision")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainSettings(Settings):
    """Which clip and snippet are explained, and by which model."""

    run: Run = ""
    checkpoint: Checkpoint = CheckpointChoice.AUTO
    reranker: Annotated[
        str | None,
        Option(
            "Published model instead of a run: blip or vilt, or the name or folder of a model of one of "
            "these kinds.",
            heading=MODELS,
            default="none",
            metavar="NAME|FOLDER",
        ),
    ] = None
    frames: Frames = 1
    blip_enc_token: BlipEncToken = True
    precision: Precision = EncoderPrecision.FP32
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
            default="explained/MODEL/ID-N-M.png",
            metavar="FILE",
        ),
    ] = None

    def check(self) -> None:
        check_runs(self.run)
        check_device(self.device)
        if bool(self.run) == (self.reranker is not None):
            needed = "is needed: name the run of a trained matcher, or a `reranker`"
            raise SettingError("run", "cannot be given together with `reranker`" if self.run else needed)
        unused = OF_RERANKER if self.run else ("checkpoint",)
        for name in unused:
            if name in self.given:
                given = "run" if self.run else "reranker"
                raise SettingError(name, f"has no effect with `{given}`; leave it out")
        if not CLIP.fullmatch(self.clip):
            wanted = "a video's id and a clip's number, from 1, such as film:12"
            raise SettingError("clip", f"must be {wanted}, not {self.clip!r}")
        if self.output is not None and self.output.suffix.lower() != ".png":
            raise SettingError("output", f"must be a PNG file, not {self.output}")

    @property
    def batch_size(self) -> None:
        """There is one pair."""
        return None

    @property
    def video_and_clip(self) -> tuple[str, int]:
        """The id and the index, from 0, of the clip."""
        found = CLIP.fullmatch(self.clip)
        if found is None:
            raise ValueError("no clip")
        return found[1], int(found[2]) - 1
