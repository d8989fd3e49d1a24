"""``mmtool export …``: what is here, for other people's programs."""

from pathlib import Path
from typing import Annotated

import typer

from mmtool.choices import CheckpointChoice
from mmtool.cli.console import run_stage
from mmtool.cli.options import HERE, CorpusArgument, Force, Json

app = typer.Typer(help="Write results in the formats of other programs.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    pass


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
    from mmtool.stages.export_checkpoint import export_checkpoint

    run_stage(
        lambda _: export_checkpoint(corpus, output, run=run, checkpoint=choice, force=force), as_json=as_json
    )
