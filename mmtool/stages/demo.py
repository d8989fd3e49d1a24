"""A small corpus of synthetic narrated movies, and every stage on it, from pixels to numbers.

This module chains the stages; nothing below it does.
"""

import json
from collections.abc import Callable
from pathlib import Path

from mmtool.choices import Split, TextEncoderName, VideoEncoderName
from mmtool.errors import CallError
from mmtool.formats.annotations import write_annotations
from mmtool.formats.atomic import replacing, write_text
from mmtool.formats.corpus import Corpus
from mmtool.formats.splits import write_split
from mmtool.records import Progress, Report, StageReport, silent
from mmtool.settings.align import AlignSettings
from mmtool.settings.demo import DemoSettings
from mmtool.settings.evaluate import EvaluateSettings
from mmtool.settings.extract import ExtractSettings
from mmtool.settings.project import ProjectSettings
from mmtool.settings.report import ReportSettings
from mmtool.settings.segment import SegmentSettings
from mmtool.settings.train import TrainSettings
from mmtool.stages.align import align
from mmtool.stages.evaluate import EvaluateReport, evaluate
from mmtool.stages.extract import extract
from mmtool.stages.project import project
from mmtool.stages.report import report
from mmtool.stages.segment import segment
from mmtool.stages.train import train
from mmtool.synthetic.drawing import write_video
from mmtool.synthetic.movies import make_movie
from mmtool.training.loop import OnEpoch

RUN = "demo"
RANDOM = "random"
SMALL_BERT = {  # an untrained BERT gains nothing from more layers
    "model_type": "bert",
    "hidden_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 1024,
}
OnStage = Callable[[str, Report | StageReport], None]


def demo(
    settings: DemoSettings,
    *,
    on_stage: OnStage = lambda *_: None,
    on_epoch: OnEpoch = lambda _: None,
    progress: Progress = silent,
) -> EvaluateReport:
    """Draw the movies and run segment, extract, project, train, align, evaluate and report on them.

    ``on_stage`` hears the command that does the same and its report, as each stage ends. The
    backbones are untrained, with random weights of a fixed seed; the measured movies are held out.
    """
    root = settings.folder
    on_stage(f"# draw movies into {root}", draw_corpus(settings, progress=progress))
    on_stage(f"mmtool segment {root}", segment(root, SegmentSettings(), progress=progress))
    extraction = extract_settings(settings)
    on_stage(
        f"mmtool extract {root}"
        f" --video-encoder {extraction.video_encoder} --video-weights {RANDOM}"
        f" --image-size {extraction.image_size} --proposals {extraction.proposals}"
        f" --text-encoder {extraction.text_encoder} --text-weights {RANDOM}"
        f" --text-model {extraction.text_model}",
        extract(root, extraction, progress=progress),
    )
    on_stage(f"mmtool project {root}", project(root, ProjectSettings(), progress=progress))
    training = TrainSettings(epochs=settings.epochs)
    on_stage(
        f"mmtool train {root} --run {RUN} --epochs {training.epochs}",
        train(root, training, run=RUN, on_epoch=on_epoch),
    )
    on_stage(
        f"mmtool align {root} --run {RUN} --split {Split.TEST}",
        align(root, AlignSettings(run=RUN, split=Split.TEST), progress=progress),
    )
    result = evaluate(root, EvaluateSettings(run=RUN, split=Split.TEST))
    on_stage(f"mmtool evaluate {root} --run {RUN} --split {Split.TEST}", result)
    on_stage(
        f"mmtool report {root} --run {RUN} --split {Split.TEST}",
        report(root, ReportSettings(runs=(RUN,), split=Split.TEST), progress=progress),
    )
    return result


def extract_settings(settings: DemoSettings) -> ExtractSettings:
    """The demo's encoders: untrained, and small enough for two cores."""
    return ExtractSettings(
        video_encoder=VideoEncoderName.FASTER_RCNN_MOBILENET,
        video_weights=RANDOM,
        image_size=settings.image_size,
        proposals=settings.proposals,
        text_encoder=TextEncoderName.BERT,
        text_weights=RANDOM,
        text_model=str(settings.folder / "models" / "small-bert"),
    )


def draw_corpus(settings: DemoSettings, *, progress: Progress = silent) -> StageReport:
    """Write videos, texts, annotations, splits and titles of synthetic movies; skip what is there.

    Raises CallError where the folder holds something else.
    """
    corpus, drawing = Corpus(settings.folder), StageReport("draw")
    marker = corpus.root / "demo.txt"
    recipe = f"synthetic movies: {settings.train}/{settings.val}/{settings.test}, seed {settings.seed}\n"
    if corpus.root.exists() and any(corpus.root.iterdir()) and not _says(marker, recipe):
        raise CallError(f"{corpus.root}: is not empty and not this demo's; name another folder")
    write_text(marker, recipe)
    write_text(corpus.root / "models" / "small-bert" / "config.json", json.dumps(SMALL_BERT, indent=1) + "\n")
    splits = {Split.TRAIN: settings.train, Split.VAL: settings.val, Split.TEST: settings.test}
    total, titles, drawn = sum(splits.values()), ["id,title"], 0
    for split, count in splits.items():
        ids = [f"movie-{number:03d}" for number in range(drawn, drawn + count)]
        write_split(corpus.split(split), ids)
        for id in ids:
            drawn += 1
            titles.append(f'{id},"{_draw(corpus, id, seed=settings.seed * 10_000 + drawn, drawing=drawing)}"')
            progress("drawing", drawn, total, "movies")
    write_text(corpus.root / "videos.csv", "\n".join(titles) + "\n")
    drawing.written.append(str(corpus.root))
    return drawing


def _says(marker: Path, recipe: str) -> bool:
    return marker.exists() and marker.read_text(encoding="utf-8") == recipe


def _draw(corpus: Corpus, id: str, *, seed: int, drawing: StageReport) -> str:
    """Write one movie unless its film, which is written last, is there; return its title."""
    movie = make_movie(seed=seed)
    film = corpus.root / "videos" / f"{id}.mp4"
    if film.exists():
        drawing.unchanged.append(id)
        return movie.title
    write_text(corpus.root / "texts" / f"{id}.txt", "".join(f"{text}\n" for text in movie.snippets))
    write_annotations(corpus.annotations(id), movie.annotations)
    with replacing(film) as part:
        write_video(movie, part)
    drawing.done.append(id)
    return movie.title
