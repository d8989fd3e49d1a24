"""Settings of ``score``."""

from dataclasses import dataclass
from typing import Annotated

from mmtool.choices import CheckpointChoice, EncoderPrecision, Split
from mmtool.errors import SettingError
from mmtool.model_names import RERANKERS
from mmtool.settings.devices import AUTO, NETWORK_DEVICES, check_device
from mmtool.settings.options import Option, Settings
from mmtool.settings.run_names import check_runs

MODELS, FILMS, COMPUTING, OUTPUT = "Models", "Films", "Computing", "Output"
OF_RERANKER = ("frames", "precision", "blip_enc_token", "video", "text")

Run = Annotated[
    str,
    Option("Run of a trained matcher.", heading=MODELS, default="none", metavar="RUN", completion="runs"),
]
Checkpoint = Annotated[
    CheckpointChoice,
    Option(
        "Checkpoint of the run; auto selects the best one if the run stopped early, otherwise the last.",
        heading=MODELS,
    ),
]
Reranker = Annotated[
    str | None,
    Option(
        f"Published model instead of a run: {', '.join(RERANKERS)}, or the name or folder of a model of one "
        "of these kinds.",
        heading=MODELS,
        default="none",
        metavar="NAME|FOLDER",
    ),
]
Frames = Annotated[
    int, Option("Frames per clip that a published model reads, uniformly spaced.", heading=MODELS, at_least=1)
]
BlipEncToken = Annotated[
    bool,
    Option(
        "Begin the texts of pairs with BLIP's token for pairs, as its published evaluation does.",
        heading=MODELS,
    ),
]
Precision = Annotated[
    EncoderPrecision, Option("Precision of published models. fp16 is for GPUs.", heading=COMPUTING)
]
BatchSize = Annotated[
    int | None,
    Option(
        "Frames or pairs computed at a time by a published model.",
        heading=COMPUTING,
        at_least=1,
        default="8; on a GPU, as many as its memory allows",
    ),
]
Device = Annotated[
    str, Option(f"Device for networks: {NETWORK_DEVICES}.", heading=COMPUTING, metavar="DEVICE")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSettings(Settings):
    """Which model scores the clips and snippets of which films."""

    run: Run = ""
    checkpoint: Checkpoint = CheckpointChoice.AUTO
    reranker: Reranker = None
    video: Annotated[
        str,
        Option(
            "Video features whose similarity says which pairs the published model judges.",
            heading=MODELS,
            default="its own",
            metavar="NAME",
            completion="features",
        ),
    ] = ""
    text: Annotated[
        str,
        Option(
            "Text features in the same space.",
            heading=MODELS,
            default="its own",
            metavar="NAME",
            completion="features",
        ),
    ] = ""
    frames: Frames = 1
    blip_enc_token: BlipEncToken = True
    split: Annotated[
        Split | None,
        Option("Split to score.", heading=FILMS, default="all videos with clips and snippets"),
    ] = None
    k: Annotated[
        int,
        Option(
            "Most similar clips of a snippet, and snippets of a clip, that are judged one by one.",
            heading=FILMS,
            at_least=1,
        ),
    ] = 8
    batch_size: BatchSize = None
    precision: Precision = EncoderPrecision.FP32
    device: Device = AUTO
    name: Annotated[
        str,
        Option(
            "Name of the scores, a folder below scores/.",
            heading=OUTPUT,
            default="the run, or the kind of the reranker",
            metavar="NAME",
            completion="scores",
        ),
    ] = ""
    force: Annotated[bool, Option("Score again, replacing earlier scores.", heading=OUTPUT)] = False

    def check(self) -> None:
        check_runs(self.run)
        check_runs(self.name, setting="name", parent="scores")
        check_device(self.device)
        if bool(self.run) == (self.reranker is not None):
            problem = "cannot be given together with `reranker`" if self.run else "or `reranker` is needed"
            raise SettingError("run", problem)
        if self.run:
            for name in (*OF_RERANKER, "batch_size"):
                if name in self.given:
                    raise SettingError(name, "has no effect with `run`; leave it out")
        elif "checkpoint" in self.given:
            raise SettingError("checkpoint", "has no effect without `run`; leave it out")
        if bool(self.video) != bool(self.text):
            one, other = ("video", "text") if self.video else ("text", "video")
            raise SettingError(one, f"features are compared with `{other}` features; name both")
