"""``mmtool report``."""

from pathlib import Path
from typing import Annotated

import typer

from mmtool.choices import Split
from mmtool.cli.console import error_boundary, run_stage
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.settings.report import ReportSettings

DEFAULTS = ReportSettings(runs=("",))


def report(
    corpus: CorpusArgument = HERE,
    run: Annotated[
        list[str],
        typer.Option(help="The alignments to show; repeat the option to see several side by side."),
    ] = ...,  # type: ignore[assignment]
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The page.", show_default="reports/RUN.html"),
    ] = DEFAULTS.output,
    split: Annotated[Split | None, typer.Option(help="Only this split.", show_default="all")] = None,
    thumbnail_width: Annotated[
        int, typer.Option(help="Of the clips' pictures, in pixels; 0 leaves them out.")
    ] = DEFAULTS.thumbnail_width,
    as_json: Json = False,
) -> None:
    """Write a page that shows alignments: clips, snippets, links, what is right and what is wrong.

    Reads alignments/RUN, annotations/ where there are any, and videos/ for pictures; writes one HTML file
    that opens in any browser, without a network. Films that lie where they lay play in it.

    Example: mmtool report my-corpus --run semi-markov -o report.html
    """
    with error_boundary():
        settings = ReportSettings(
            runs=tuple(run), output=output, split=split, thumbnail_width=thumbnail_width
        )
        from mmtool.stages.report import report as stage

    run_stage(lambda progress: stage(corpus, settings, progress=progress), as_json=as_json)
