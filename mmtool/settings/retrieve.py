"""Settings of ``retrieve``."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mmtool.choices import CheckpointChoice, EncoderPrecision, RetrievalScore, Split
from mmtool.errors import SettingError
from mmtool.model_names import RERANKERS
from mmtool.settings.devices import AUTO, NETWORK_DEVICES, check_device
from mmtool.settings.options import Option, Settings
from mmtool.settings.run_names import check_runs

QUERY, MODELS, RANKING, COMPUTING, OUTPUT = "Query", "Models", "Ranking", "Computing", "Output"
WAYS = ("words", "snippets", "clip", "split")  # of which one says what is looked for
OF_PUBLISHED = ("encoder", "reranker", "frames", "precision", "blip_enc_token")
CLIP = re.compile(r"(.+):([1-9]\d*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveSettings(Settings):
    """What is looked for, which models look for it, and how many results are shown."""

    words: Annotated[
        str, Option("What the clips should show.", argument=True, metavar="WORDS", default="see Query")
    ] = ""
    snippets: Annotated[bool, Option("Look for the clips of every snippet of the corpus.", heading=QUERY)] = (
        False
    )
    clip: Annotated[
        str,
        Option(
            "Look for the snippets that describe a clip: the video's id and the clip's number, from 1.",
            heading=QUERY,
            metavar="ID:N",
        ),
    ] = ""
    split: Annotated[
        Split | None,
        Option(
            "Measure retrieval on the annotated videos of a split, in both directions.",
            heading=QUERY,
            metavar="SPLIT",
        ),
    ] = None
    run: Annotated[
        str,
        Option(
            "Run of a trained matcher, which embeds and reranks.",
            heading=MODELS,
            default="published models",
            metavar="RUN",
            completion="runs",
        ),
    ] = ""
    checkpoint: Annotated[
        CheckpointChoice,
        Option(
            "Checkpoint of the run; auto selects the best one if the run stopped early, otherwise the last.",
            heading=MODELS,
        ),
    ] = CheckpointChoice.AUTO
    encoder: Annotated[
        str | None,
        Option(
            "Dual encoder that finds candidates: clip, siglip2, xclip, videoprism, clap, pe-av, pe-av-sound, "
            "blip, blip2, or the name or folder of a model of one of these kinds.",
            heading=MODELS,
            default="the reranker's own, otherwise clip",
            metavar="NAME|FOLDER",
        ),
    ] = None
    reranker: Annotated[
        str | None,
        Option(
            f"Fusion encoder that orders the candidates: {', '.join(RERANKERS)}, or the name or folder of a "
            "model of one of these kinds.",
            heading=MODELS,
            default="none",
            metavar="NAME|FOLDER",
        ),
    ] = None
    blip_enc_token: Annotated[
        bool,
        Option(
            "Begin the texts of pairs with BLIP's token for pairs, as its published evaluation does.",
            heading=MODELS,
        ),
    ] = True
    frames: Annotated[
        int | None,
        Option(
            "Frames per clip, uniformly spaced; a reranker reads all of them.",
            heading=MODELS,
            at_least=1,
            default="those of stored features, otherwise 1",
        ),
    ] = None
    score: Annotated[
        RetrievalScore,
        Option(
            "What orders the candidates: the cosine of the dual encoder, the logit of the reranker, or their "
            "sum.",
            heading=RANKING,
            default="itm+itc with a reranker, otherwise itc",
        ),
    ] = RetrievalScore.BOTH
    k: Annotated[int, Option("Candidates of a query that are reranked.", heading=RANKING, at_least=1)] = 32
    top: Annotated[int, Option("Results of a query.", heading=RANKING, at_least=1)] = 10
    batch_size: Annotated[
        int | None,
        Option(
            "Frames, snippets or pairs computed at a time.",
            heading=COMPUTING,
            at_least=1,
            default="8; on a GPU, as many as its memory allows",
        ),
    ] = None
    precision: Annotated[
        EncoderPrecision, Option("Precision of published models. fp16 is for GPUs.", heading=COMPUTING)
    ] = EncoderPrecision.FP32
    device: Annotated[
        str, Option(f"Device for networks: {NETWORK_DEVICES}.", heading=COMPUTING, metavar="DEVICE")
    ] = AUTO
    page: Annotated[
        Path | None,
        Option(
            "HTML page with the pictures of the results.",
            heading=OUTPUT,
            default="retrieved/MODEL.html",
            metavar="FILE",
        ),
    ] = None

    def check(self) -> None:
        check_runs(self.run)
        check_device(self.device)
        self._check_query()
        if self.run:
            for name in OF_PUBLISHED:
                if name in self.given:
                    problem = "has no effect with `run`, whose network does both; leave it out"
                    raise SettingError(name, problem)
        elif "checkpoint" in self.given:
            raise SettingError("checkpoint", "has no effect without `run`; leave it out")
        if not self.reranks:
            if "score" in self.given and self.score is not RetrievalScore.ITC:
                raise SettingError("score", f"is {self.score}, which needs a `reranker` or a `run`")
            if "blip_enc_token" in self.given:
                raise SettingError("blip_enc_token", "has no effect without `reranker=blip`; leave it out")

    def _check_query(self) -> None:
        if "words" in self.given and not self.words.strip():
            raise SettingError("words", "must not be empty; say what the clips should show")
        chosen = [name for name in WAYS if getattr(self, name)]
        if not chosen:
            others = "unless `snippets`, `clip` or `split` is given"
            raise SettingError("words", f"must say what the clips should show, {others}")
        if len(chosen) > 1:
            raise SettingError(chosen[1], f"cannot be given together with `{chosen[0]}`")
        if self.clip and not CLIP.fullmatch(self.clip):
            wanted = "a video's id and a clip's number, from 1, such as film:12"
            raise SettingError("clip", f"must be {wanted}, not {self.clip}")

    @property
    def reranks(self) -> bool:
        """Whether there is a fusion encoder."""
        return bool(self.run) or self.reranker is not None

    @property
    def rule(self) -> RetrievalScore:
        """What orders candidates."""
        return self.score if self.reranks else RetrievalScore.ITC

    @property
    def video_and_clip(self) -> tuple[str, int]:
        """The id and the index, from 0, of the clip that is the query."""
        found = CLIP.fullmatch(self.clip)
        if found is None:
            raise ValueError("no clip")
        return found[1], int(found[2]) - 1
