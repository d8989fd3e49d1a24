"""``mmtool segment``."""

from typing import Annotated

import typer

from mmtool.cli.console import err, finish, out, print_json, progress_bars
from mmtool.cli.from_settings import takes_settings
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.settings.segment import CLIPS, SegmentSettings


@takes_settings
def segment(
    settings: SegmentSettings,
    corpus: CorpusArgument = HERE,
    detectors: Annotated[
        bool,
        typer.Option("--detectors", help="List the detectors and their options.", rich_help_panel=CLIPS),
    ] = False,
    as_json: Json = False,
) -> None:
    """Cut films into clips and split texts into snippets.

    Reads videos/ and texts/ (txt, srt, vtt, ass, tsv, csv, jsonl, fountain). Writes clips/ID.csv and
    snippets/ID.csv; with `--stats` also stats/ID.csv, with `--suggest` stats/ID.png, and with
    `--thumbnails` thumbnails/ID.jpg and the folder thumbnails/ID. The cuts are those that PySceneDetect's
    own command finds with the same detector.

    Example: mmtool segment my-corpus --split sentences
    """
    if detectors:
        list_detectors(as_json=as_json)
        return
    from mmtool.stages.segment import segment as stage

    with progress_bars(quiet=as_json) as bars:
        report = stage(corpus, settings, progress=bars)
    finish(report, as_json=as_json)


def list_detectors(*, as_json: bool) -> None:
    """Print the options of each detector with their defaults and meanings, and name broken plug-ins."""
    from mmtool.cli.tables import rows_table
    from mmtool.video.detectors.registry import DETECTORS, OptionRow, describe_detectors

    rows = describe_detectors()
    if as_json:
        print_json([row._asdict() for row in rows])
    else:
        table = rows_table(OptionRow._fields, ())
        for column in table.columns:
            column.justify = "left"
        before = ""
        for name, *rest in rows:
            table.add_row(name if name != before else "", *rest)
            before = name
        out.print(table)
    for problem in DETECTORS.problems():
        err.line(("plug-in", "yellow"), f" {problem}")
