"""The table of contents: every command, in the order in which data flows."""

import gc
import os
from typing import Annotated

import typer

from mmtool import __version__
from mmtool.cli import (
    align,
    compare,
    demo,
    doctor,
    evaluate,
    experiment,
    exports,
    extract,
    imports,
    info,
    plot,
    project,
    report,
    run,
    segment,
    train,
)

app = typer.Typer(
    name="mmtool",
    help="Align films with texts. Each command reads and writes files below one corpus folder.",
    epilog="Example: mmtool run film.mp4 narration.txt -o film. `mmtool demo` shows all of it; "
    "`mmtool COMMAND --help` says what a command reads and writes.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mmtool {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


DATA_FLOW = "In the order in which data flows"
AROUND = "Around it"

app.add_typer(imports.app, name="import", rich_help_panel=DATA_FLOW)
app.command(rich_help_panel=DATA_FLOW)(segment.segment)
app.command(rich_help_panel=DATA_FLOW)(extract.extract)
app.command(rich_help_panel=DATA_FLOW)(project.project)
app.command(rich_help_panel=DATA_FLOW)(train.train)
app.command(rich_help_panel=DATA_FLOW)(align.align)
app.command(rich_help_panel=DATA_FLOW)(evaluate.evaluate)
app.command(rich_help_panel=DATA_FLOW)(compare.compare)
app.command(rich_help_panel=DATA_FLOW)(report.report)
app.add_typer(exports.app, name="export", rich_help_panel=DATA_FLOW)
app.command(rich_help_panel=AROUND)(experiment.experiment)
app.command(rich_help_panel=AROUND)(plot.plot)
app.command(rich_help_panel=AROUND)(run.run)
app.command(rich_help_panel=AROUND)(demo.demo)
app.command(rich_help_panel=AROUND)(info.info)
app.command(rich_help_panel=AROUND)(doctor.doctor)


def main() -> None:
    """Run the command that was called.

    Threads of OpenMP that wait sleep instead of spinning: on a busy machine spinning ones starve
    each other. Garbage is collected seldom: libraries that are imported make many objects, and none.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    gc.set_threshold(50_000, *gc.get_threshold()[1:])
    app(prog_name="mmtool")  # of `python -m mmtool` too
