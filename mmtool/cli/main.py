"""The table of contents: every command, under the heading where ``mmtool --help`` lists it."""

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from mmtool import __version__
from mmtool.cli.lazy import lazy_group

CONTENTS = {
    "Start here": {
        "run": "run.run",
        "demo": "demo.demo",
        "doctor": "doctor.doctor",
    },
    "Pipeline": {
        "segment": "segment.segment",
        "transcribe": "transcribe.transcribe",
        "extract": "extract.extract",
        "project": "project.project",
        "balance": "balance.balance",
        "train": "train.train",
        "calibrate": "calibrate.calibrate",
        "score": "score.score",
        "align": "align.align",
        "evaluate": "evaluate.evaluate",
    },
    "Analysis": {
        "compare": "compare.compare",
        "report": "report.report",
        "retrieve": "retrieve.retrieve",
        "explain": "explain.explain",
        "plot": "plot.plot",
        "experiment": "experiment.experiment",
        "info": "info.info",
    },
    "Exchange": {
        "import": "imports.app",
        "export": "exports.app",
    },
}

app = typer.Typer(
    name="mmtool",
    cls=lazy_group(CONTENTS),
    help="Align films with texts. Each command reads and writes files in one corpus folder.",
    epilog="Example: mmtool run film.mp4 narration.txt -o film\n\n"
    "`mmtool demo` shows the stages at work. `mmtool COMMAND --help` lists what a command reads and writes.",
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
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command named on the command line.

    Idle OpenMP threads sleep instead of spinning: on a busy machine, spinning threads slow down those that
    have work.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 – the shell may have closed it
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        write_any_text(stream)
    app(prog_name="mmtool")  # the same name for `python -m mmtool`


def write_any_text(stream: object) -> None:
    """Make a standard stream write UTF-8.

    Windows gives pipes and files an encoding that lacks most characters; the C locale may do so too.
    """
    if isinstance(stream, TextIOWrapper) and stream.encoding.lower().replace("-", "") != "utf8":
        stream.reconfigure(encoding="utf-8", errors=stream.errors)
