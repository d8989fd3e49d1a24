"""``mmtool experiment``."""

from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmtool.choices import Device, Split
from mmtool.cli.console import error_boundary, finish, out, percent
from mmtool.cli.options import Json
from mmtool.cli.tables import rows_table
from mmtool.cli.train import TrainingDisplay
from mmtool.errors import CallError
from mmtool.settings.experiment import ExperimentSettings

if TYPE_CHECKING:
    from mmtool.formats.experiments import OverSeeds, Results, RowResult
    from mmtool.stages.experiment import Job
    from mmtool.training.loop import EpochRecord

PLANS = "the plan's"
DEFAULTS = ExperimentSettings(plan="")


def experiment(
    corpus: Annotated[Path, typer.Argument(help="The corpus folder.", metavar="CORPUS")],
    plan: Annotated[
        str,
        typer.Argument(
            help="One of the paper's tables (table-1, table-2, table-4, table-5), or a .toml file.",
            metavar="PLAN",
        ),
    ],
    seeds: Annotated[str, typer.Option(help="Such as 0,1,2.", show_default=PLANS)] = "",
    epochs: Annotated[int | None, typer.Option(help="Of every row.", show_default="the presets'")] = None,
    split: Annotated[Split | None, typer.Option(help="Of which videos.", show_default=PLANS)] = None,
    runs: Annotated[str, typer.Option(help="How the runs' names start.", show_default=PLANS)] = DEFAULTS.runs,
    video: Annotated[
        str, typer.Option(help="Video features of rows that name none.", show_default="the only ones")
    ] = DEFAULTS.video,
    text: Annotated[str, typer.Option(help="Text features.", show_default="the only ones")] = DEFAULTS.text,
    init_from: Annotated[
        str,
        typer.Option(
            help="The run whose weights rows that finetune start from; a path with a / is its folder.",
            metavar="RUN",
        ),
    ] = DEFAULTS.init_from,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = DEFAULTS.device,
    threads: Annotated[int, typer.Option(help="CPU threads; 0: one for each core.")] = DEFAULTS.threads,
    as_json: Json = False,
) -> None:
    """Run a plan of presets × seeds: one of the paper's tables beside its published figures.

    Reads what `train` reads; makes projected features where they are missing; writes runs/ and
    alignments/ for each row and seed, and experiments/PLAN/results.json and results.csv. What is done
    is skipped: interrupt it at any time and call it again.

    Example: mmtool experiment my-corpus table-2 --seeds 0,1,2
    """
    with error_boundary():
        settings = ExperimentSettings(
            plan=plan,
            seeds=_parse_seeds(seeds),
            epochs=epochs,
            split=split,
            runs=runs,
            video=video,
            text=text,
            init_from=init_from,
            device=device,
            threads=threads,
        )
        from mmtool.stages.experiment import experiment as stage

        with TrainingDisplay(0, quiet=as_json) as display:

            def on_epoch(job: "Job", record: "EpochRecord") -> None:
                seed = f"seed {job.settings.seed}"
                display.title = f"{job.number} of {job.total}: {job.row.label}, {seed}"
                display.epochs = job.settings.epochs
                display(record)

            result = stage(corpus, settings, on_epoch=on_epoch)
        if not as_json:
            show(result.results)
        finish(result.report, as_json=as_json, extra=result.results.to_dict())


def _parse_seeds(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(seed) for seed in text.split(",")) if text else ()
    except ValueError:
        raise CallError(f"--seeds must be whole numbers with commas between them, not {text!r}") from None


def show(results: "Results") -> None:
    """Print the measured table beside the published one."""
    counted = any(row.published.parameters for row in results.rows)
    columns = ["%", "seeds", "epochs", "video accuracy", "paper", "text IoU", "paper"]
    columns += ["parameters", "paper"] if counted else []
    rows = []
    for row in results.rows:
        cells = [
            row.label,
            _seeds(row, len(results.seeds)),
            _range([result.epochs for result in row.seeds]),
            _over_seeds(row.video_accuracy),
            _published(row.published.video_accuracy),
            _over_seeds(row.text_iou),
            _published(row.published.text_iou),
        ]
        parameters = [result.parameters for result in row.seeds]
        cells += [_millions(*parameters[:1]), _millions(row.published.parameters)] if counted else []
        rows.append(cells)
    title = f"{results.title} · {results.split} split · mean ± sd over the seeds"
    out.print(rows_table(columns, rows, title=title))


def _seeds(row: "RowResult", wanted: int) -> str:
    if not row.preset:
        return "quoted"
    return str(wanted) if len(row.seeds) == wanted else f"{len(row.seeds)} of {wanted}"


def _range(epochs: list[int]) -> str:
    if not epochs:
        return "–"
    low, high = min(epochs), max(epochs)
    return str(low) if low == high else f"{low}–{high}"


def _over_seeds(measure: "OverSeeds") -> str:
    alone = measure.sd != measure.sd  # nan
    return percent(measure.mean) + ("" if alone else f" ± {percent(measure.sd)}")


def _published(value: float | None) -> str:
    return percent(nan if value is None else value)


def _millions(parameters: int | None = None) -> str:
    return "–" if parameters is None else f"{parameters / 1e6:.2f}M"
