"""``mmtool align``."""

from typing import Annotated

import typer

from mmtool.choices import CheckpointChoice, Decoder, Device, Split
from mmtool.cli.console import error_boundary, run_stage
from mmtool.cli.options import HERE, CorpusArgument, Force, Json, PathChoice, TextEnd, TextStart
from mmtool.settings import AlignSettings

DEFAULTS = AlignSettings()
TRAINED_WITH = "those the run was trained with"


def align(
    corpus: CorpusArgument = HERE,
    run: Annotated[
        str, typer.Option(help="The run that aligns.", show_default="none: timing alone")
    ] = DEFAULTS.run,
    split: Annotated[
        Split | None, typer.Option(help="Which videos.", show_default="all that have clips and snippets")
    ] = None,
    decoder: Annotated[
        Decoder | None,
        typer.Option(
            help="A network's actions one by one, or timing.",
            show_default="greedy for a network's run, else semi-markov",
        ),
    ] = DEFAULTS.decoder,
    path: PathChoice = DEFAULTS.path,
    text_start: TextStart = None,
    text_end: TextEnd = None,
    timing_weight: Annotated[
        float | None,
        typer.Option(
            help="How much timing counts beside the network in each action; 0: nothing.",
            show_default="as the run was trained; 0 without --timing-prior",
        ),
    ] = DEFAULTS.timing_weight,
    checkpoint: Annotated[
        CheckpointChoice,
        typer.Option(help="Which checkpoint; auto is the best where the run stopped early, else the last."),
    ] = DEFAULTS.checkpoint,
    video: Annotated[str, typer.Option(help="Video features.", show_default=TRAINED_WITH)] = DEFAULTS.video,
    text: Annotated[str, typer.Option(help="Text features.", show_default=TRAINED_WITH)] = DEFAULTS.text,
    batch_size: Annotated[
        int, typer.Option(help="Videos at a time through a network.")
    ] = DEFAULTS.batch_size,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = DEFAULTS.device,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Align clips with snippets: at once, by timing, or with a trained run.

    Without --run, text lengths, cuts and titles decide, with parameters that were learned on other
    videos: reads clips/, snippets/ and videos.csv, writes alignments/semi-markov/ID.json. With a run,
    reads runs/RUN too, and features/ where the run is a network's; writes alignments/RUN/ID.json.
    Features of another encoder or projection than the run's are refused.

    Example: mmtool align my-corpus --split test
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
            path=path,
            text_start=text_start,
            text_end=text_end,
            timing_weight=timing_weight,
            force=force,
        )
        from mmtool.stages.align import align as stage

    run_stage(lambda progress: stage(corpus, settings, progress=progress), as_json=as_json)
