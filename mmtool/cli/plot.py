"""``mmtool plot``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmtool.choices import PictureFormat, Plot, Split
from mmtool.cli.console import error_boundary, finish, out, progress_bars
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.cli.tables import rows_table
from mmtool.settings.plot import PlotSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmtool.plots.history import RatioRow

DEFAULTS = PlotSettings(runs=())


def plot(
    corpus: CorpusArgument = HERE,
    run: Annotated[list[str], typer.Option(help="A run to draw; repeat the option.")] = ...,  # type: ignore[assignment]
    what: Annotated[
        Plot,
        typer.Option(
            help="Of training: Fig. 3, Fig. 4, Fig. 5, or all three. Of alignments: how honest confidence "
            "is; each video's alignment; accuracy in the course of a video; what is taken for what."
        ),
    ] = DEFAULTS.what,
    video: Annotated[
        list[str] | None,
        typer.Option(help="Of alignments: a video; repeat the option.", show_default="all that are aligned"),
    ] = None,
    split: Annotated[
        Split | None,
        typer.Option(help="Of alignments: only this split.", show_default="all that are aligned"),
    ] = DEFAULTS.split,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder.", show_default="plots/ of the corpus")
    ] = DEFAULTS.folder,
    format: Annotated[PictureFormat, typer.Option(help="Of the pictures.")] = DEFAULTS.format,
    as_json: Json = False,
) -> None:
    """Draw how runs were trained, or their alignments.

    Training: curves, parameter norms over gradient norms, drift of the stacks. Reads
    runs/RUN/metrics.jsonl; writes plots/training.png, ratios.png and drift.png, and ratios.csv (the
    paper's Table 3: means of the last 20 epochs). Several runs share the pictures.

    With --what reliability, reads alignments/RUN/metrics.json and writes plots/reliability.png: how
    often clips and snippets of a confidence are right. The others of alignments read alignments/RUN and
    annotations/: --what alignment writes plots/alignment/RUN/ID.png, the path through time and snippets
    with all that was likely, and the truth; progress.png is the accuracy in the course of the videos;
    confusion.png shows which actions a network takes for which, each after the right ones before it, and
    of a run without a network, whether clips are matched with the right snippet.

    Example: mmtool plot my-corpus --run rp-lars-sbn --run rp-adam-sbn

    Example: mmtool plot my-corpus --run semi-markov --what alignment --video film
    """
    with error_boundary():
        settings = PlotSettings(
            runs=tuple(run),
            what=what,
            folder=output,
            format=format,
            videos=tuple(video or ()),
            split=split,
        )
        from mmtool.stages.plot import plot as stage

        with progress_bars(quiet=as_json) as bars:
            plots = stage(corpus, settings, progress=bars)
        if plots.ratios and not as_json:
            _show(plots.ratios)
        finish(plots.report, as_json=as_json, extra={"ratios": [asdict(row) for row in plots.ratios]})


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
    out.print(rows_table(columns, lines, title="Mean of the last epochs (Table 3 of the paper)"))


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"
