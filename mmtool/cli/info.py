"""``mmtool info``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmtool.cli.console import error_boundary, out, print_json, show_facts
from mmtool.cli.options import Json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table


def info(
    file: Annotated[Path, typer.Argument(help="A corpus folder, or a file in it.", metavar="FILE")],
    as_json: Json = False,
) -> None:
    """Show what a file is and what it holds.

    Reads a corpus folder, features, a checkpoint, a run's config, clips, snippets, annotations, an
    alignment or metrics. Writes nothing.

    Example: mmtool info my-corpus/features/bert.h5
    """
    with error_boundary():
        from mmtool.stages.info import info as stage

        report = stage(file)
        if as_json:
            print_json(report.facts)
        elif out.is_terminal:
            out.print(facts_table(report.facts))
        else:
            show_facts(report.facts)


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
