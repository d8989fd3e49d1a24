"""``mmtool segment``."""

from pathlib import Path
from typing import Annotated

import typer

from mmtool.choices import ShotDetector, TextFormat, TextSplit
from mmtool.cli.console import error_boundary, out, print_json, run_stage
from mmtool.cli.options import HERE, CorpusArgument, FilmTime, Force, Incomplete, Json
from mmtool.settings.segment import SegmentSettings

DEFAULTS = SegmentSettings()
COLUMNS = ("detector", "setting", "default", "meaning")


def segment(
    corpus: CorpusArgument = HERE,
    detector: Annotated[
        ShotDetector, typer.Option(metavar="NAME", help=f"How cuts are found: {', '.join(ShotDetector)}.")
    ] = DEFAULTS.detector,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="A cut is where a frame differs this much from the one before.",
            show_default="the detector's; of content 20, on 0–255",
        ),
    ] = DEFAULTS.threshold,
    min_clip_frames: Annotated[
        int, typer.Option(help="No clip is shorter than this.")
    ] = DEFAULTS.min_clip_frames,
    detector_option: Annotated[
        list[str] | None,
        typer.Option(help="Another setting of the detector; may be repeated.", metavar="NAME=VALUE"),
    ] = None,
    detectors: Annotated[bool, typer.Option("--detectors", help="List the detectors' settings.")] = False,
    weights: Annotated[
        Path | None, typer.Option(help="Of transnetv2: a file.", show_default="those of its package")
    ] = DEFAULTS.weights,
    start: Annotated[
        float, typer.Option(help="Leave out what is before: 90, 1:30 or 0:01:30.0.", **FilmTime)
    ] = DEFAULTS.start,
    end: Annotated[
        float | None, typer.Option(help="Leave out what is after.", show_default="the film's end", **FilmTime)
    ] = DEFAULTS.end,
    incomplete: Incomplete = DEFAULTS.incomplete,
    clips: Annotated[
        Path | None,
        typer.Option(
            help="Take somebody's cuts: PySceneDetect's CSV, EDL, or a time a line; or a folder of them, "
            "ID.csv, .edl or .txt."
        ),
    ] = DEFAULTS.clips,
    stats: Annotated[
        bool, typer.Option("--stats", help="Keep each frame's score; other thresholds need no decoding then.")
    ] = DEFAULTS.stats,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Draw the scores, and the cuts that several thresholds give.")
    ] = DEFAULTS.suggest,
    thumbnails: Annotated[
        bool, typer.Option("--thumbnails", help="Save each clip's central frame, and all on one sheet.")
    ] = DEFAULTS.thumbnails,
    workers: Annotated[
        int, typer.Option(help="Films at the same time.", show_default="one for each core")
    ] = DEFAULTS.workers,
    split: Annotated[
        TextSplit,
        typer.Option(
            metavar="HOW",
            help="Leave texts as their lines or cues (none), or split them into sentences or phrases.",
        ),
    ] = DEFAULTS.split,
    language: Annotated[
        str, typer.Option(help="The texts' language, an ISO 639 code; phrases have a model for en only.")
    ] = DEFAULTS.language,
    text_format: Annotated[
        TextFormat,
        typer.Option(
            metavar="FORMAT",
            help="What .txt files hold: plain, screenplay or fountain; auto tells screenplays by their "
            "scene headings.",
        ),
    ] = DEFAULTS.text_format,
    force: Force = DEFAULTS.force,
    as_json: Json = False,
) -> None:
    """Cut films into clips and texts into snippets.

    Reads videos/ and texts/ (txt, srt, vtt, ass, tsv, csv, jsonl, fountain); writes clips/ID.csv and
    snippets/ID.csv; stats/ID.csv with --stats, stats/ID.png with --suggest, thumbnails/ID.jpg and
    thumbnails/ID/ with --thumbnails. The cuts are those of PySceneDetect's command with the same
    detector.

    Example: mmtool segment my-corpus --split sentences
    """
    if detectors:
        list_detectors(as_json=as_json)
        return
    with error_boundary():
        settings = SegmentSettings(
            threshold,
            min_clip_frames,
            split,
            force,
            detector=detector,
            detector_options=tuple(detector_option or ()),
            weights=weights,
            start=start,
            end=end,
            incomplete=incomplete,
            clips=clips,
            stats=stats,
            suggest=suggest,
            thumbnails=thumbnails,
            workers=workers,
            language=language,
            text_format=text_format,
        )
        from mmtool.stages.segment import segment as stage

    run_stage(lambda progress: stage(corpus, settings, progress=progress), as_json=as_json)


def list_detectors(*, as_json: bool) -> None:
    """Print each detector's settings with their defaults and meanings."""
    with error_boundary():
        from mmtool.cli.tables import rows_table
        from mmtool.video.detectors.registry import describe

        rows = describe()
        if as_json:
            print_json([dict(zip(COLUMNS, row, strict=True)) for row in rows])
            return
        table = rows_table(COLUMNS, ())
        for column in table.columns:
            column.justify = "left"
        before = ""
        for name, *rest in rows:
            table.add_row(name if name != before else "", *rest)
            before = name
        out.print(table)
