"""``mmtool export …``: results in the formats of other programs."""

from typing import Any

import typer

from mmtool.cli.console import finish, progress_bars
from mmtool.cli.from_settings import takes_settings
from mmtool.cli.lazy import Group
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.settings.export import ExportCheckpointSettings, ExportSettings

ALIGNMENTS = "alignments"


class _AlignmentsFirst(Group):
    """``mmtool export CORPUS …`` is ``mmtool export alignments CORPUS …``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [ALIGNMENTS, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_AlignmentsFirst,
    help="Write results in the formats of other programs; without a command, alignments.",
    epilog="Example: mmtool export my-corpus --format srt",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.callback()
def _group() -> None:
    pass


@app.command(ALIGNMENTS)
@takes_settings
def alignments(settings: ExportSettings, corpus: CorpusArgument = HERE, as_json: Json = False) -> None:
    """Export alignments for an editor, a player, an annotation tool or a training set.

    Reads alignments/RUN, and videos/ where a format refers to the film or cuts it. Writes a file for
    each video to DIR, or a folder for `clips`. Timelines and ELAN annotations also show confidence.

    Example: mmtool export my-corpus --run semi-markov --format srt
    """
    from mmtool.stages.export import export_alignments

    with progress_bars(quiet=as_json) as bars:
        report = export_alignments(corpus, settings, progress=bars)
    finish(report, as_json=as_json)


@app.command("checkpoint")
@takes_settings
def checkpoint(
    settings: ExportCheckpointSettings, corpus: CorpusArgument = HERE, as_json: Json = False
) -> None:
    """Export a run's network in the format of the authors' program.

    Reads runs/RUN. Writes FILE with the tensors under the authors' names and the epoch. That format
    cannot hold the projection and the normalisation of the features.

    Example: mmtool export checkpoint my-corpus --run first -o first.pth
    """
    from mmtool.stages.export import export_checkpoint

    with progress_bars(quiet=as_json) as bars:
        report = export_checkpoint(corpus, settings, progress=bars)
    finish(report, as_json=as_json)
