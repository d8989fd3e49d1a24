"""``mmtool compare``."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from mmtool.cli.console import finish, out, progress_bars
from mmtool.cli.from_settings import takes_settings
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.cli.tables import counted, ogr_table, rows_table
from mmtool.settings.compare import OUTPUT, CompareSettings

if TYPE_CHECKING:
    from mmtool.evaluation.comparison import Comparison
    from mmtool.evaluation.measures import Estimate


@takes_settings
def compare(
    settings: CompareSettings,
    corpus: CorpusArgument = HERE,
    videos: Annotated[
        int,
        typer.Option(help="Number of most changed videos to show.", min=0, rich_help_panel=OUTPUT),
    ] = 5,
    as_json: Json = False,
) -> None:
    """Compare runs: paired differences with confidence intervals, and the videos that changed most.

    Reads alignments/RUN/ of each run, and annotations/; writes nothing but a table on request. Of runs with a
    trained network, also shows how far they overfitted: G, O and OGR at the best and the last epoch
    (`mmtool plot --what ogr` draws them by epoch).

    Example: mmtool compare my-corpus --run semi-markov --run first --split test
    """
    from mmtool.formats.metrics import without_nan
    from mmtool.stages.compare import compare as stage

    with progress_bars(quiet=as_json) as bars:
        report = stage(corpus, settings, progress=bars)
    if not as_json:
        for name, comparison in report.comparisons.items():
            show(name, report.first, comparison, videos, settings.confidence)
        if report.ogr:
            out.print(ogr_table(report.ogr))
    comparisons = {name: without_nan(asdict(found)) for name, found in report.comparisons.items()}
    finish(report, as_json=as_json, extra={"comparisons": comparisons})


def show(run: str, first: str, comparison: "Comparison", videos: int, confidence: float) -> None:
    """Print the differences of one run from the first."""
    measures = {"video accuracy": comparison.video_accuracy, "text IoU": comparison.text_iou}
    rows = [
        [name, _points(estimate.value), *_interval(estimate, comparison.videos)]
        for name, estimate in measures.items()
    ]
    columns = ["percentage points", "difference", f"{100 * confidence:g} % CI", "verdict"]
    out.print(rows_table(columns, rows, title=f"{run} − {first}: {counted(comparison.videos, 'video')}"))
    changed = [
        [change.id, _points(change.video_accuracy), _points(change.text_iou)]
        for change in comparison.changes[:videos]
    ]
    if changed:
        out.print(rows_table(["largest changes", "video accuracy", "text IoU"], changed))


def _points(share: float) -> str:
    return "–" if share != share else f"{100 * share:+.1f}".replace("-", "−")


def _interval(estimate: "Estimate", videos: int) -> tuple[str, str]:
    """The interval and what it says; one video has neither."""
    if estimate.value != estimate.value:
        return "–", "–"
    if videos == 1:
        return "–", "needs more videos"
    interval = f"{_points(estimate.low)} to {_points(estimate.high)}"
    if estimate.low > 0:
        return interval, "better"
    return interval, "worse" if estimate.high < 0 else "no clear difference"
