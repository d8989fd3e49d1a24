"""``mmtool plot``."""

from typing import TYPE_CHECKING

from mmtool.cli.console import finish, out, progress_bars
from mmtool.cli.from_settings import takes_settings
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.cli.tables import ogr_table, rows_table
from mmtool.settings.plot import PlotSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmtool.plots.history import RatioRow


@takes_settings
def plot(
    settings: PlotSettings,
    corpus: CorpusArgument = HERE,
    as_json: Json = False,
) -> None:
    """Plot how runs were trained, or their alignments.

    By default, plots training: loss and accuracy, the ratios of parameter norms to gradient norms, and the
    drift of the stacks. Reads runs/RUN/metrics.jsonl; writes plots/training.png, plots/ratios.png,
    plots/drift.png and plots/ratios.csv (Table 3 of the paper: means of the last 20 epochs). Several runs
    share the plots.

    `--what ogr` writes plots/ogr.png and plots/ogr.csv: G, how much the validation loss has fallen since the
    beginning; O, how much more the training loss has; and their ratio OGR, by branch and epoch. Both losses
    are measured in evaluation mode. A network that has learned nothing has a small OGR, too: read G first.

    `--what reliability` reads alignments/RUN/metrics.json and writes plots/reliability.png: how often
    clips and snippets of each confidence are right. The other plots read alignments/RUN/ and annotations/:
    `--what alignment` writes plots/alignment/RUN/ID.png, the path through time and snippets with its
    likely alternatives and the truth; `--what progress` writes plots/progress.png, the accuracy over the
    course of the videos; `--what confusion` writes plots/confusion.png: which actions a network mistakes
    for which, or, for a run without a network, whether clips are matched with the right snippet.

    Example: mmtool plot my-corpus --run rp-lars-sbn --run rp-adam-sbn

    Example: mmtool plot my-corpus --run semi-markov --what alignment --video film
    """
    from mmtool.stages.plot import plot as stage

    with progress_bars(quiet=as_json) as bars:
        report = stage(corpus, settings, progress=bars)
    if report.ratios and not as_json:
        _show(report.ratios)
    if report.ogr and not as_json:
        out.print(ogr_table(report.ogr))
    finish(report, as_json=as_json)


def _show(rows: "Sequence[RatioRow]") -> None:
    """Print Table 3."""
    components = list(dict.fromkeys(component for row in rows for component in row.ratios))
    columns = ["‖w‖ / ‖∇w‖", *(name.replace("_", " ") for name in components), "text / video", "epochs"]
    lines = [
        [
            row.run,
            *(_ratio(row.ratios.get(component)) for component in components),
            _ratio(row.text_to_video),
            str(row.epochs),
        ]
        for row in rows
    ]
    out.print(rows_table(columns, lines, title="Means of the last epochs (Table 3 of the paper)"))


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"
