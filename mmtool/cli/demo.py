"""``mmtool demo``."""

import shlex
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from mmtool.cli import evaluate
from mmtool.cli.console import out, print_json, progress_bars, result_line
from mmtool.cli.from_settings import Pick, takes_settings
from mmtool.cli.options import Json
from mmtool.cli.training_display import TrainingDisplay
from mmtool.records import Report
from mmtool.settings.demo import DemoSettings


@takes_settings
def demo(
    settings: Annotated[DemoSettings, Pick(("aligner", "epochs", "seed"))],
    folder: Annotated[Path, typer.Argument(help="The corpus folder to write.", metavar="DIR")] = Path(
        "mmtool-demo"
    ),
    as_json: Json = False,
) -> None:
    """Draw small narrated movies, and go from their pixels to figures with mmtool's commands.

    Writes a complete corpus into DIR. Needs no network, no weights and no data; takes a few minutes on two
    cores. The movies that are measured are not trained on. Shows the command of each step.

    Example: mmtool demo movies
    """
    from mmtool.stages.demo import demo as stage

    started = perf_counter()

    def on_stage(command: str, report: Report) -> None:
        if not as_json:
            out.line((f"$ {command}" if command.startswith("mmtool") else command, "dim"))
            result_line(report)

    epochs = settings.training_epochs
    with progress_bars(quiet=as_json) as bars, TrainingDisplay(epochs, quiet=True) as display:

        def on_epoch(record: object) -> None:
            display(record)  # type: ignore[arg-type]
            bars("training", display.last["epoch"], epochs, "epochs")  # type: ignore[arg-type]

        report = stage(folder, settings, on_stage=on_stage, on_epoch=on_epoch, progress=bars)
    if as_json:
        print_json(report.evaluation.as_json())
        return
    out.print()
    evaluate.show(report.evaluation)
    out.line()
    out.line(f"The corpus is {folder}; this took {perf_counter() - started:.0f} s. Open the report:")
    out.line(f"  {shlex.quote(str(report.page))}")
