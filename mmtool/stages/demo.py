"""A small corpus of synthetic narrated movies, and what leads from its pixels to figures."""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from mmtool.choices import Decoder, DemoAligner, Split
from mmtool.errors import CallError
from mmtool.formats.annotations import write_annotations
from mmtool.formats.atomic import replacing, write_text
from mmtool.formats.corpus import Corpus
from mmtool.formats.csv_rows import write_rows
from mmtool.formats.splits import write_split
from mmtool.matcher_choices import ClipTokens
from mmtool.records import Progress, Report, silent
from mmtool.settings.align import AlignSettings
from mmtool.settings.demo import DemoSettings
from mmtool.settings.evaluate import EvaluateSettings
from mmtool.settings.extract import ExtractSettings
from mmtool.settings.matcher import MatcherSettings
from mmtool.settings.project import ProjectSettings
from mmtool.settings.report import ReportSettings
from mmtool.settings.score import ScoreSettings
from mmtool.settings.segment import SegmentSettings
from mmtool.settings.train import TrainSettings
from mmtool.stages.align import align
from mmtool.stages.evaluate import EvaluateReport, evaluate
from mmtool.stages.extract import extract
from mmtool.stages.project import project
from mmtool.stages.report import report
from mmtool.stages.score import score
from mmtool.stages.segment import segment
from mmtool.stages.train import train
from mmtool.synthetic.drawing import write_video
from mmtool.synthetic.movies import Movie, make_movie
from mmtool.training.epochs import OnEpoch

RUN = "demo"
RANDOM = "random"
SMALL_BERT = {  # more layers do not help an untrained BERT
    "model_type": "bert",
    "hidden_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 1024,
}
OnStage = Callable[[str, Report], None]
"""Told the command that does the same as a stage, and the stage's report, when the stage has ended."""


@dataclass(slots=True, kw_only=True)
class DrawReport(Report):
    """The movies that were drawn."""

    stage: ClassVar[str] = "draw"


@dataclass(slots=True, kw_only=True)
class DemoReport(Report):
    """The demo's stages in their order, with the command that does the same, and the evaluation."""

    stage: ClassVar[str] = "demo"
    stages: list[tuple[str, Report]] = field(default_factory=list)
    evaluation: EvaluateReport
    page: Path

    @property
    def facts(self) -> dict[str, object]:
        return {"report": str(self.page)}


def demo(
    root: Path | str,
    settings: DemoSettings | None = None,
    *,
    on_stage: OnStage = lambda *_: None,
    on_epoch: OnEpoch = lambda _: None,
    progress: Progress = silent,
    **options: object,
) -> DemoReport:
    """Draw movies and run segment, extract, train, align, evaluate and report on them.

    The encoders are untrained, with random weights from a fixed seed. The movies that are measured are not
    trained on. Work of an earlier call is not done again.

    Args:
        root: The corpus folder to write.
        settings: All settings; or give them as keywords, the fields of :class:`DemoSettings`.
        on_stage: Hears of each stage when it has ended.
        on_epoch: Hears of each epoch of training.
        progress: Hears how far each stage is.

    Raises:
        CallError: The folder holds something else.
    """
    root, settings = Path(root), DemoSettings.chosen(settings, options)
    stages: list[tuple[str, Report]] = []

    def ended(command: str, report: Report) -> None:
        stages.append((command, report))
        on_stage(command, report)

    folder = shlex.quote(str(root))
    ended(f"# draw movies into {root}", draw_corpus(root, settings, progress=progress))
    ended(f"mmtool segment {folder}", segment(root, SegmentSettings(), progress=progress))
    encoders = demo_encoders(root, settings)
    ended(
        f"mmtool extract {folder}"
        f" --video-encoder {encoders.video_encoder} --video-weights {RANDOM}"
        f" --image-size {encoders.image_size} --proposals {encoders.proposals}"
        f" --text-encoder {encoders.text_encoder} --text-weights {RANDOM}"
        f" --text-model {shlex.quote(str(encoders.text_model))}",
        extract(root, encoders, progress=progress),
    )
    trained = _by_network if settings.aligner is DemoAligner.NETWORK else _by_matcher
    aligned = trained(root, settings.training_epochs, ended, on_epoch, progress)
    on_test = f"{folder} --run {aligned} --split {Split.TEST}"
    evaluation = evaluate(root, EvaluateSettings(run=aligned, split=Split.TEST))
    ended(f"mmtool evaluate {on_test}", evaluation)
    page = report(root, ReportSettings(runs=(aligned,), split=Split.TEST), progress=progress)
    ended(f"mmtool report {on_test}", page)
    return DemoReport(
        stages=stages, evaluation=evaluation, page=Corpus(root).report(aligned), written=[str(root)]
    )


def _by_network(root: Path, epochs: int, ended: OnStage, on_epoch: OnEpoch, progress: Progress) -> str:
    """Project, train and align by the alignment network; the name of the alignments."""
    folder = shlex.quote(str(root))
    ended(f"mmtool project {folder}", project(root, ProjectSettings(), progress=progress))
    ended(
        f"mmtool train {folder} --run {RUN} --epochs {epochs}",
        train(root, TrainSettings(epochs=epochs), run=RUN, on_epoch=on_epoch),
    )
    ended(
        f"mmtool align {folder} --run {RUN} --split {Split.TEST}",
        align(root, AlignSettings(run=RUN, split=Split.TEST), progress=progress),
    )
    return RUN


def _by_matcher(root: Path, epochs: int, ended: OnStage, on_epoch: OnEpoch, progress: Progress) -> str:
    """Train the matcher, and align by its scores and timing; the name of the alignments."""
    folder = shlex.quote(str(root))
    settings = MatcherSettings(clip_tokens=ClipTokens.CLIP, epochs=epochs)
    ended(
        f"mmtool train {folder} --preset multiway --clip-tokens {ClipTokens.CLIP}"
        f" --run {RUN} --epochs {epochs}",
        train(root, settings, run=RUN, on_epoch=on_epoch),
    )
    ended(f"mmtool score {folder} --run {RUN}", score(root, ScoreSettings(run=RUN), progress=progress))
    aligning = AlignSettings(scores=RUN, split=Split.TEST)
    ended(
        f"mmtool align {folder} --scores {RUN} --split {Split.TEST}",
        align(root, aligning, progress=progress),
    )
    return str(Decoder.SEMI_MARKOV)


def demo_encoders(root: Path | str, settings: DemoSettings | None = None) -> ExtractSettings:
    """Return the settings of the demo's encoders: untrained, and small enough for two cores.

    Args:
        root: The folder that the demo wrote.
        settings: The demo's settings; None: its defaults.
    """
    settings = settings or DemoSettings()
    return ExtractSettings(
        video_encoder="faster-rcnn-mobilenet",
        video_weights=RANDOM,
        image_size=settings.image_size,
        proposals=settings.proposals,
        text_encoder="bert",
        text_weights=RANDOM,
        text_model=str(Path(root) / "models" / "small-bert"),
    )


def draw_corpus(
    root: Path | str, settings: DemoSettings | None = None, *, progress: Progress = silent, **options: object
) -> DrawReport:
    """Write videos, texts, annotations, splits and titles of synthetic movies; keep those that exist.

    Args:
        root: The corpus folder to write.
        settings: All settings; or give them as keywords, the fields of :class:`DemoSettings`.
        progress: Hears how many movies are drawn.

    Raises:
        CallError: The folder holds something else.
    """
    settings, corpus, drawing = DemoSettings.chosen(settings, options), Corpus(Path(root)), DrawReport()
    marker = corpus.root / "demo.txt"
    recipe = f"synthetic movies: {settings.train}/{settings.val}/{settings.test}, seed {settings.seed}\n"
    if corpus.root.exists() and any(corpus.root.iterdir()) and not _has_text(marker, recipe):
        raise CallError(f"{corpus.root}: already holds something other than this demo; choose another folder")
    write_text(marker, recipe)
    write_text(corpus.root / "models" / "small-bert" / "config.json", json.dumps(SMALL_BERT, indent=1) + "\n")
    splits = {Split.TRAIN: settings.train, Split.VAL: settings.val, Split.TEST: settings.test}
    total, titles = sum(splits.values()), list[tuple[str, str]]()
    for split, count in splits.items():
        first = len(titles)
        ids = [f"movie-{number:03d}" for number in range(first, first + count)]
        write_split(corpus.split(split), ids)
        for id in ids:
            movie = make_movie(seed=settings.seed * 10_000 + len(titles) + 1)
            titles.append((id, movie.title))
            (drawing.done if _draw(corpus, id, movie) else drawing.unchanged).append(id)
            progress("drawing", len(titles), total, "movies")
    write_rows(corpus.root / "videos.csv", ("id", "title"), titles)
    drawing.written.append(str(corpus.root))
    return drawing


def _has_text(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def _draw(corpus: Corpus, id: str, movie: Movie) -> bool:
    """Write one movie and return True, unless its film, which is written last, exists."""
    film = corpus.root / "videos" / f"{id}.mp4"
    if film.exists():
        return False
    write_text(corpus.root / "texts" / f"{id}.txt", "".join(f"{text}\n" for text in movie.snippets))
    write_annotations(corpus.annotations(id), movie.annotations)
    with replacing(film) as part:
        write_video(movie, part)
    return True
