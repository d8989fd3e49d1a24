"""``mmtool experiment``."""

from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmtool.cli.console import finish, out, percent
from mmtool.cli.from_settings import Given, takes_settings
from mmtool.cli.options import Json
from mmtool.settings.experiment import ExperimentSettings

JOINT = "joint"  # the only branch of a run without modalities

if TYPE_CHECKING:
    from mmtool.formats.experiments import OverSeeds, Results, RowResult
    from mmtool.formats.measured_tables import Measured
    from mmtool.formats.set_results import RowMeasures, SetResults
    from mmtool.stages.experiment import Job
    from mmtool.training.epochs import EpochRecord

COLUMNS = {  # of what a plan measures: the field, and its heading
    "alignment": (("video_accuracy", "video accuracy"), ("text_iou", "text IoU")),
    "retrieval": (("clip_recall", "R@1 of clips"), ("text_recall", "R@1 of texts")),
}


@takes_settings
def experiment(
    corpus: Annotated[Path, typer.Argument(help="The corpus folder.", metavar="CORPUS")],
    plan: Annotated[
        str,
        typer.Argument(
            help="A table of the paper (table-1, table-2, table-4, table-5), matcher-attention, "
            "matcher-masks, matcher-rerank, modalities, pacing, timing-everywhere, or a .toml file.",
            metavar="PLAN",
        ),
    ],
    options: Annotated[dict[str, Any], Given(ExperimentSettings)],
    as_json: Json = False,
) -> None:
    """Run a plan of presets × seeds, a table of the paper beside its published figures; or measure timing.

    The plan timing-everywhere measures alignment by timing, and two rules that look at lengths only, on
    corpora that CORPUS holds as folders: yms, symon, msymon, youcook2, and symon-ends and msymon-ends,
    imported with --ends yms-like. It trains only what it measures across channels.

    OGR, the overfitting-to-generalisation ratio of the measured epoch, stands beside them; `plot --what ogr`
    shows what it is made of.

    Reads what `train` reads and projects features where that is missing; writes runs/ and alignments/ for
    each row and seed, and experiments/PLAN/results.json and results.csv. Finished work is skipped: you can
    interrupt the command at any time and run it again.

    Example: mmtool experiment my-corpus table-2 --seeds 0,1,2
    """
    from mmtool.cli.training_display import TrainingDisplay
    from mmtool.stages.experiment import SetsReport
    from mmtool.stages.experiment import experiment as stage

    with TrainingDisplay(0, quiet=as_json) as display:

        def on_epoch(job: "Job", record: "EpochRecord") -> None:
            seed = f"seed {job.settings.seed}"
            display.title = f"{job.number} of {job.total}: {job.row.label}, {seed}"
            display.epochs = job.settings.epochs
            display(record)

        report = stage(corpus, on_epoch=on_epoch, plan=plan, **options)
    if not as_json:
        if isinstance(report, SetsReport):
            show_sets(report.results)
        else:
            show_results(report.results)
    finish(report, as_json=as_json, extra=report.results.to_dict())


def show_sets(results: "SetResults") -> None:
    """Print how timing fares on each set, beside the two rules."""
    from mmtool.cli.tables import rows_table

    rows = [
        [
            one.label,
            str(one.videos),
            *(_both(row) for row in (one.timing, one.proportional, one.uniform)),
            _difference(one.gain),
            percent(one.calibration_error),
            percent(one.expected_iou),
        ]
        for one in results.sets
    ]
    columns = ["video accuracy / text IoU in %", "videos", "timing", "proportional", "uniform"]
    columns += ["IoU over the better rule (95 %)", "calibration error", "expected IoU"]
    out.print(rows_table(columns, rows, title=results.title))


def _both(row: "RowMeasures") -> str:
    return f"{percent(row.video_accuracy.value)} / {percent(row.text_iou.value)}"


def _difference(gain: "Measured") -> str:
    value, low, high = (f"{100 * share:+.1f}".replace("-", "−") for share in gain)
    return f"{value} ({low} to {high})"


def show_results(results: "Results") -> None:
    """Print the measured table beside the published one."""
    from mmtool.cli.tables import rows_table

    counted = any(row.published.parameters for row in results.rows)
    chosen = [column for measure in results.measures for column in COLUMNS[measure]]
    columns = ["%", "seeds", "epochs", *(cell for _, name in chosen for cell in (name, "paper"))]
    columns += ["parameters", "paper"] if counted else []
    branches = list(dict.fromkeys(branch for row in results.rows for branch in row.branches))
    columns += ["OGR"] if branches == [JOINT] else [f"OGR {branch}" for branch in branches]
    rows = []
    for row in results.rows:
        cells = [row.label, _seeds(row, len(results.seeds)), _range([result.epochs for result in row.seeds])]
        for field, _ in chosen:
            cells += [_over_seeds(getattr(row, field)), _published(getattr(row.published, field))]
        parameters = [result.parameters for result in row.seeds if result.parameters]
        cells += [_millions(*parameters[:1]), _millions(row.published.parameters)] if counted else []
        rows.append(cells + [_ratio(row.ogr(branch)) for branch in branches])
    title = f"{results.title} · {results.split} split · mean ± sd over the seeds"
    out.print(rows_table(columns, rows, title=title))


def _seeds(row: "RowResult", wanted: int) -> str:
    if not (row.preset or row.seeds or row.left_out):
        return "quoted"
    return str(wanted) if len(row.seeds) == wanted else f"{len(row.seeds)} of {wanted}"


def _range(epochs: list[int]) -> str:
    if not any(epochs):
        return "–"  # an oracle is not trained
    low, high = min(epochs), max(epochs)
    return str(low) if low == high else f"{low}–{high}"


def _over_seeds(measure: "OverSeeds") -> str:
    alone = measure.sd != measure.sd  # nan
    return percent(measure.mean) + ("" if alone else f" ± {percent(measure.sd)}")


def _published(value: float | None) -> str:
    return percent(nan if value is None else value)


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _millions(parameters: int | None = None) -> str:
    return "–" if parameters is None else f"{parameters / 1e6:.2f}M"
