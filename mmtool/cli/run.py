"""``mmtool run``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from mmtool.choices import TextSplit
from mmtool.cli.console import ProgressBars, error_boundary, finish
from mmtool.cli.matches import show_alignment
from mmtool.cli.options import Force, Json, MinConfidence, PathChoice, Require, TextEnd, TextStart
from mmtool.records import Alignment
from mmtool.settings import RunSettings, SegmentSettings

DEFAULTS = RunSettings(video=Path(), text=Path(), folder=Path())


def run(
    video: Annotated[Path, typer.Argument(help="The film.", metavar="VIDEO")],
    text: Annotated[
        Path, typer.Argument(help="Its text: txt, srt, vtt, ass, tsv, csv, jsonl, fountain.", metavar="TEXT")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder to write, which becomes a corpus.")
    ],
    title: Annotated[
        str,
        typer.Option(help="The film's title; it tells logos and credits.", show_default="the file's name"),
    ] = DEFAULTS.title,
    split: Annotated[
        TextSplit, typer.Option(help="Leave the text as its lines or cues (none), or split it further.")
    ] = DEFAULTS.segment.split,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="A cut is where a frame differs more than this from the one before, 0–255.",
            show_default="20",
        ),
    ] = DEFAULTS.segment.threshold,
    min_clip_frames: Annotated[
        int, typer.Option(help="No clip is shorter than this.")
    ] = DEFAULTS.segment.min_clip_frames,
    path: PathChoice = DEFAULTS.path,
    text_start: TextStart = None,
    text_end: TextEnd = None,
    min_confidence: MinConfidence = DEFAULTS.min_confidence,
    require: Require = DEFAULTS.require,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Align one film with one text: cut both, align them by timing, show which text is when.

    Writes a corpus of this one film: DIR/clips, DIR/snippets, DIR/alignments/semi-markov, and links to
    both files. Needs no training, no weights and no network.

    Example: mmtool run film.mp4 narration.txt -o film
    """
    with error_boundary():
        settings = RunSettings(
            video=video,
            text=text,
            folder=output,
            title=title,
            segment=SegmentSettings(threshold, min_clip_frames, split, force),
            path=path,
            text_start=text_start,
            text_end=text_end,
            min_confidence=min_confidence,
            require=require,
        )
        from mmtool.stages.run import run as stage

        with ProgressBars(quiet=as_json) as bars:
            result = stage(settings, progress=bars)
        if result.alignment is None:
            finish(result.report, as_json=as_json)
            return
        if not as_json:
            show_alignment(result.alignment)
        finish(result.report, as_json=as_json, extra={"alignment": list(_rows(result.alignment))})


def _rows(alignment: Alignment) -> Iterator[dict[str, object]]:
    for number, snippet in enumerate(alignment.snippets):
        start, end = alignment.extent(number) or (None, None)
        yield {
            "text": snippet.text,
            "start": start,
            "end": end,
            "confidence": alignment.snippet_confidence[number],
        }
