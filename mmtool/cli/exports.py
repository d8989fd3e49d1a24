"""``mmtool export …``: what is here, for other people's programs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mmtool.choices import CheckpointChoice, Cut, ExportFormat, Split
from mmtool.cli.console import error_boundary, run_stage
from mmtool.cli.lazy import Group
from mmtool.cli.options import HERE, CorpusArgument, Force, Json
from mmtool.settings.export import ExportSettings

ALIGNMENTS = "alignments"


class _AlignmentsFirst(Group):
    """``mmtool export CORPUS …`` is ``mmtool export alignments CORPUS …``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [ALIGNMENTS, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_AlignmentsFirst,
    help="Write results in the formats of other programs. Without a command: alignments.",
    epilog="Example: mmtool export my-corpus --run semi-markov --format srt",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.callback()
def _group() -> None:
    pass


@app.command(ALIGNMENTS)
def alignments(
    corpus: CorpusArgument = HERE,
    run: Annotated[str, typer.Option(help="The run, or semi-markov for alignments without one.")] = ...,  # type: ignore[assignment]
    format: Annotated[
        ExportFormat,
        typer.Option(
            help="Subtitles (srt, vtt, ass), tables (csv, jsonl), an editor's timeline (otio, edl, fcpxml), "
            "ELAN (eaf), or the film cut into clips with their texts (clips, webdataset)."
        ),
    ] = ...,  # type: ignore[assignment]
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Where to.", show_default="exports/RUN"),
    ] = None,
    split: Annotated[Split | None, typer.Option(help="Only this split.", show_default="all")] = None,
    cut: Annotated[
        Cut,
        typer.Option(
            help="Of clips: exact and encoded anew, or copied, which is fast and starts at key frames."
        ),
    ] = Cut.ENCODE,
    as_json: Json = False,
) -> None:
    """Export alignments for an editor, a player, an annotation tool or a training set.

    Reads alignments/RUN (and videos/, where a format refers to the film or cuts it); writes a file for
    each video to DIR, a folder of clips for `clips`. Timelines and ELAN show confidence as well.

    Example: mmtool export my-corpus --run semi-markov --format srt
    """
    with error_boundary():
        settings = ExportSettings(run=run, format=format, folder=output, split=split, cut=cut)
        from mmtool.stages.export import export_alignments as stage

    run_stage(lambda progress: stage(corpus, settings, progress=progress), as_json=as_json)


@app.command("checkpoint")
def checkpoint(
    corpus: CorpusArgument = HERE,
    run: Annotated[str, typer.Option(help="The run to export.")] = ...,  # type: ignore[assignment]
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.", metavar="FILE")] = ...,  # type: ignore[assignment]
    choice: Annotated[
        CheckpointChoice,
        typer.Option(
            "--checkpoint",
            help="Which checkpoint; auto is the best where the run stopped early, else the last.",
        ),
    ] = CheckpointChoice.AUTO,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Export a run's network as the authors' program saves it.

    Reads runs/RUN; writes FILE with the tensors under the authors' names and the epoch. Projection and
    normalisation of the features have no place in that format.

    Example: mmtool export checkpoint my-corpus --run first -o first.pth
    """
    from mmtool.stages.export import export_checkpoint

    run_stage(
        lambda _: export_checkpoint(corpus, output, run=run, checkpoint=choice, force=force), as_json=as_json
    )
