"""``mmtool demo``."""

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from mmtool.cli import evaluate
from mmtool.cli.console import error_boundary, out, print_json, progress_bars, result_line
from mmtool.cli.options import Json
from mmtool.cli.train import TrainingDisplay
from mmtool.records import Report, StageReport
from mmtool.settings.demo import DemoSettings

DEFAULTS = DemoSettings(folder=Path("mmtool-demo"))


def demo(
    folder: Annotated[
        Path, typer.Argument(help="The corpus folder to write.", metavar="DIR")
    ] = DEFAULTS.folder,
    epochs: Annotated[int, typer.Option(help="Of training.")] = DEFAULTS.epochs,
    seed: Annotated[int, typer.Option(help="Of the movies.")] = DEFAULTS.seed,
    as_json: Json = False,
) -> None:
    """Draw small narrated movies and run every stage on them, from pixels to numbers.

    Writes a whole corpus into DIR. Needs no network, no weights and no data; minutes on two cores. The
    measured movies are held out of training.

    Example: mmtool demo /tmp/movies
    """
    with error_boundary():
        from mmtool.stages.demo import demo as run

        settings = DemoSettings(folder=folder, epochs=epochs, seed=seed)
        started = perf_counter()

        def on_stage(command: str, report: Report | StageReport) -> None:
            if not as_json:
                out.print(f"[dim]$ {command}[/]" if command.startswith("mmtool") else f"[dim]{command}[/]")
                result_line(report)

        with progress_bars(quiet=as_json) as bars, TrainingDisplay(epochs, quiet=True) as display:

            def on_epoch(record: object) -> None:
                display(record)  # type: ignore[arg-type]
                bars("training", display.last["epoch"], epochs, "epochs")  # type: ignore[arg-type]

            result = run(settings, on_stage=on_stage, on_epoch=on_epoch, progress=bars)
        if as_json:
            print_json(result.as_json())
            return
        out.print()
        evaluate.show(result)
        seconds = perf_counter() - started
        out.print(f"\nThe corpus is {folder}; this took {seconds:.0f} s. Look at what was found:")
        out.print(f"  {folder / 'reports' / 'demo.html'}")
