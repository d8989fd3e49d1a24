"""``mmtool info``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmtool.cli.console import error_boundary, finish, out, print_json, progress_bars, show_facts
from mmtool.cli.options import Json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table


def info(
    file: Annotated[
        Path, typer.Argument(help="A corpus folder, the folder of a run, or a file in it.", metavar="FILE")
    ],
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Read every file to the end, compare checksums, and name what is damaged."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what a file is and what it holds, or verify that it is intact.

    Reads a corpus folder, features, a checkpoint, a run's config and calibration, clips, snippets,
    annotations, an alignment or metrics. Writes nothing.

    Example: mmtool info my-corpus/features/bert.h5

    Example: mmtool info my-corpus --verify
    """
    with error_boundary():
        if verify:
            _verify(file, as_json=as_json)
            return
        from mmtool.stages.info import info as stage

        report = stage(file)
        if as_json:
            print_json(report.facts)
        elif out.is_terminal:
            out.print(facts_table(report.facts))
        else:
            show_facts(report.facts)


def _verify(file: Path, *, as_json: bool) -> None:
    from mmtool.stages.info import verify

    with progress_bars(quiet=as_json) as bars:
        report = verify(file, progress=bars)
    finish(report, as_json=as_json)


def facts_table(facts: "Mapping[str, object]") -> "Table":
    """Names and values for a terminal; long values break between words."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(Text(name), Text(str(value)))
    return table
