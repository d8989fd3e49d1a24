"""The table of contents: every command, in the order in which data flows."""

import gc
import os
from typing import Annotated

import typer

from mmtool import __version__
from mmtool.cli.lazy import lazy_group

CONTENTS = {
    "In the order in which data flows": {
        "import": "imports.app",
        "segment": "segment.segment",
        "extract": "extract.extract",
        "project": "project.project",
        "train": "train.train",
        "align": "align.align",
        "evaluate": "evaluate.evaluate",
        "compare": "compare.compare",
        "report": "report.report",
        "export": "exports.app",
    },
    "Around it": {
        "experiment": "experiment.experiment",
        "plot": "plot.plot",
        "run": "run.run",
        "demo": "demo.demo",
        "info": "info.info",
        "doctor": "doctor.doctor",
    },
}

app = typer.Typer(
    name="mmtool",
    cls=lazy_group(CONTENTS),
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


def main() -> None:
    """Run the command that was called.

    Threads of OpenMP that wait sleep instead of spinning: on a busy machine spinning ones starve
    each other. Garbage is collected seldom: libraries that are imported make many objects, and none.
    Pydantic, by which Typer checks arguments, does not look through all packages for plugins. At the
    end nobody looks for garbage.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    gc.set_threshold(50_000, *gc.get_threshold()[1:])
    try:
        app(prog_name="mmtool")  # of `python -m mmtool` too
    finally:
        gc.freeze()
