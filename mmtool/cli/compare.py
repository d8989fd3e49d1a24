"""``mmtool compare``."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from mmtool.choices import Split
from mmtool.cli.console import error_boundary, finish, out
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.cli.tables import rows_table
from mmtool.settings.compare import CompareSettings

if TYPE_CHECKING:
    from mmtool.evaluation.comparison import Comparison
    from mmtool.evaluation.measures import Estimate

DEFAULTS = CompareSettings(runs=("", " "))


def compare(
    corpus: CorpusArgument = HERE,
    run: Annotated[
        list[str], typer.Option(help="Alignments to compare; repeat the option, the first is the reference.")
    ] = ...,  # type: ignore[assignment]
    split: Annotated[
        Split | None, typer.Option(help="Which videos.", show_default="all that are annotated")
    ] = None,
    videos: Annotated[int, typer.Option(help="How many of the videos that changed most are shown.")] = 5,
    resamples: Annotated[int, typer.Option(help="Bootstrap samples of videos.")] = DEFAULTS.resamples,
    as_json: Json = False,
) -> None:
    """Compare runs: paired differences with their intervals, and the videos that changed most.

    Reads alignments/RUN/ of each run, and annotations/; writes nothing.

    Example: mmtool compare my-corpus --run semi-markov --run first --split test
    """
    with error_boundary():
        settings = CompareSettings(runs=tuple(run), split=split, resamples=resamples)
        from mmtool.stages.compare import compare as stage

        result = stage(corpus, settings)
        if not as_json:
            for name, comparison in result.comparisons.items():
                show(name, result.first, comparison, videos)
        found = {name: asdict(comparison) for name, comparison in result.comparisons.items()}
        finish(result.report, as_json=as_json, extra={"first": result.first, "comparisons": found})


def show(run: str, first: str, comparison: "Comparison", videos: int) -> None:
    """Print one run against the first."""
    rows = [
        [
            name,
            _points(estimate.value),
            f"{_points(estimate.low)} to {_points(estimate.high)}",
            _verdict(estimate),
        ]
        for name, estimate in (
            ("video accuracy", comparison.video_accuracy),
            ("text IoU", comparison.text_iou),
        )
    ]
    title = f"{run} minus {first}, {comparison.videos} videos, points"
    out.print(rows_table(["", "difference", "95 % interval", ""], rows, title=title))
    changed = [
        [change.id, _points(change.video_accuracy), _points(change.text_iou)]
        for change in comparison.changes[:videos]
    ]
    if changed:
        out.print(rows_table(["changed most", "video accuracy", "text IoU"], changed))


def _points(share: float) -> str:
    return "–" if share != share else f"{100 * share:+.1f}"


def _verdict(estimate: "Estimate") -> str:
    if estimate.low > 0:
        return "better"
    return "worse" if estimate.high < 0 else "no clear difference"
