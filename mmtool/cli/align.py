"""``mmtool align``."""

from typing import Annotated

import typer

from mmtool.choices import CheckpointChoice, Decoder, Device, Split
from mmtool.cli.console import error_boundary, run_stage
from mmtool.cli.options import HERE, CorpusArgument, Force, Json
from mmtool.settings import AlignSettings

DEFAULTS = AlignSettings(run="")
TRAINED_WITH = "those the run was trained with"


def align(
    corpus: CorpusArgument = HERE,
    run: Annotated[str, typer.Option(help="The run that aligns.")] = ...,  # type: ignore[assignment]
    split: Annotated[
        Split | None, typer.Option(help="Which videos.", show_default="all that have clips and snippets")
    ] = None,
    decoder: Annotated[Decoder, typer.Option(help="How actions are chosen.")] = DEFAULTS.decoder,
    checkpoint: Annotated[
        CheckpointChoice,
        typer.Option(help="Which checkpoint; auto is the best where the run stopped early, else the last."),
    ] = DEFAULTS.checkpoint,
    video: Annotated[str, typer.Option(help="Video features.", show_default=TRAINED_WITH)] = DEFAULTS.video,
    text: Annotated[str, typer.Option(help="Text features.", show_default=TRAINED_WITH)] = DEFAULTS.text,
    batch_size: Annotated[int, typer.Option(help="Videos at a time.")] = DEFAULTS.batch_size,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = DEFAULTS.device,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Align clips with snippets, with a trained run.

    Reads runs/RUN, clips/, snippets/ and features/; writes alignments/RUN/ID.json. Features of another
    encoder or projection than the run's are refused.

    Example: mmtool align my-corpus --run first --split test
    """
    with error_boundary():
        settings = AlignSettings(
            run=run,
            split=split,
            video=video,
            text=text,
            decoder=decoder,
            checkpoint=checkpoint,
            batch_size=batch_size,
            device=device,
            force=force,
        )
        from mmtool.stages.align import align as stage

    run_stage(lambda progress: stage(corpus, settings, progress=progress), as_json=as_json)
