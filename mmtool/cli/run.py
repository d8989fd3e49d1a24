"""``mmtool run``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from mmtool.choices import Decoder, Device, TextEncoderName, TextFormat, TextSplit
from mmtool.cli.console import error_boundary, finish, progress_bars
from mmtool.cli.matches import show_alignment
from mmtool.cli.options import (
    Force,
    Incomplete,
    Json,
    MinConfidence,
    PathChoice,
    Require,
    TextEnd,
    TextStart,
)
from mmtool.records import Alignment
from mmtool.settings.align import AlignSettings
from mmtool.settings.extract import ExtractSettings
from mmtool.settings.run import RunSettings
from mmtool.settings.segment import SegmentSettings

DEFAULTS = RunSettings(video=Path(), text=Path(), folder=Path())
ALIKE = "How alike pictures and words are, beside timing"


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
    detector: Annotated[
        str, typer.Option(help="How cuts are found.", metavar="NAME")
    ] = DEFAULTS.segment.detector,
    language: Annotated[
        str, typer.Option(help="The text's language, an ISO 639 code.")
    ] = DEFAULTS.segment.language,
    text_format: Annotated[
        TextFormat, typer.Option(help="What a .txt file holds; auto tells screenplays by their headings.")
    ] = DEFAULTS.segment.text_format,
    incomplete: Incomplete = DEFAULTS.segment.incomplete,
    path: PathChoice = DEFAULTS.align.path,
    text_start: TextStart = None,
    text_end: TextEnd = None,
    min_confidence: MinConfidence = DEFAULTS.align.min_confidence,
    require: Require = DEFAULTS.align.require,
    force: Force = False,
    video_encoder: Annotated[
        str | None,
        typer.Option(
            help="What looks at the clips: clip, or another with a space that words share.",
            metavar="NAME",
            rich_help_panel=ALIKE,
        ),
    ] = None,
    text_encoder: Annotated[
        TextEncoderName | None,
        typer.Option(help="What reads the snippets: the same, to be compared.", rich_help_panel=ALIKE),
    ] = None,
    video_model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FOLDER",
            help="A model of the hub, or a folder; of clip, a CLIP or SigLIP.",
            show_default="the published one",
            rich_help_panel=ALIKE,
        ),
    ] = None,
    text_model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FOLDER",
            help="Likewise, the same model.",
            show_default="the published one",
            rich_help_panel=ALIKE,
        ),
    ] = None,
    video_weights: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|random", help="As in extract.", show_default="published", rich_help_panel=ALIKE
        ),
    ] = None,
    text_weights: Annotated[
        str | None,
        typer.Option(
            metavar="random", help="As in extract.", show_default="published", rich_help_panel=ALIKE
        ),
    ] = None,
    decoder: Annotated[
        Decoder | None,
        typer.Option(
            help="semi-markov: timing and similarity; dtw, otam, monotone: similarity alone.",
            show_default="semi-markov",
            rich_help_panel=ALIKE,
        ),
    ] = DEFAULTS.align.decoder,
    device: Annotated[
        Device, typer.Option(help="Where the encoders compute.", rich_help_panel=ALIKE)
    ] = DEFAULTS.align.device,
    as_json: Json = False,
) -> None:
    """Align one film with one text: cut both, align them by timing, show which text is when.

    Writes a corpus of this one film: DIR/clips, DIR/snippets, DIR/alignments/DECODER, and links to both
    files. Needs no training, no weights and no network. Where encoders of one space are named, writes
    DIR/features too, and how alike pictures and words are counts as well as timing.

    Example: mmtool run film.mp4 narration.txt -o film

    Example: mmtool run film.mp4 narration.txt -o film --video-encoder clip --text-encoder clip
    """
    with error_boundary():
        settings = RunSettings(
            video=video,
            text=text,
            folder=output,
            title=title,
            segment=SegmentSettings(
                threshold=threshold,
                min_clip_frames=min_clip_frames,
                split=split,
                force=force,
                detector=detector,
                incomplete=incomplete,
                language=language,
                text_format=text_format,
            ),
            extract=ExtractSettings(
                video_encoder,
                text_encoder,
                video_weights,
                text_weights,
                video_model,
                text_model,
                device=device,
                force=force,
            )
            if any((video_encoder, text_encoder, video_weights, text_weights, video_model, text_model))
            or device is not DEFAULTS.align.device
            else None,
            align=AlignSettings(
                decoder=decoder,
                path=path,
                text_start=text_start,
                text_end=text_end,
                min_confidence=min_confidence,
                require=require,
                force=force,
            ),
        )
        from mmtool.stages.run import run as stage

        with progress_bars(quiet=as_json) as bars:
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
