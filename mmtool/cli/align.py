"""``mmtool align``."""

from pathlib import Path
from typing import Annotated

import typer

from mmtool.choices import CheckpointChoice, Decoder, Device, Split
from mmtool.cli.console import error_boundary, finish, out, progress_bars
from mmtool.cli.matches import show_alignment, show_alignments
from mmtool.cli.options import (
    HERE,
    CorpusArgument,
    Force,
    Json,
    MinConfidence,
    PathChoice,
    Require,
    TextEnd,
    TextStart,
)
from mmtool.errors import CallError
from mmtool.records import StageReport
from mmtool.settings.align import AlignSettings

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
            help="A network's actions, greedily or by beam; timing (semi-markov), with the similarity of "
            "features where they are named; or the order of similarities alone: dtw matches everything, "
            "otam all but head and tail, monotone leaves out what is not alike.",
            show_default="greedy for a network's run, else semi-markov",
        ),
    ] = DEFAULTS.decoder,
    beam_width: Annotated[
        int, typer.Option(help="Of beam: sequences of actions that are kept.")
    ] = DEFAULTS.beam_width,
    unmatched_score: Annotated[
        float,
        typer.Option(help="Of monotone: of a clip without snippet; an average pair has 0, deviation 1."),
    ] = DEFAULTS.unmatched_score,
    unused_cost: Annotated[
        float, typer.Option(help="Of monotone: of a snippet without clip.")
    ] = DEFAULTS.unused_cost,
    path: PathChoice = DEFAULTS.path,
    text_start: TextStart = None,
    text_end: TextEnd = None,
    min_confidence: MinConfidence = DEFAULTS.min_confidence,
    require: Require = DEFAULTS.require,
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
    any_space: Annotated[
        bool, typer.Option("--any-space", help="Compare features of different models all the same.")
    ] = DEFAULTS.any_space,
    batch_size: Annotated[
        int, typer.Option(help="Videos at a time through a network.")
    ] = DEFAULTS.batch_size,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = DEFAULTS.device,
    show: Annotated[
        str,
        typer.Option(help="Show this video's snippets.", show_default="a table of the videos", metavar="ID"),
    ] = "",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Align clips with snippets: at once, by timing, by similarity, or with a trained run.

    Without --run, text lengths, cuts and titles decide, with parameters that were learned on other
    videos, and where --video and --text name features in one space, their similarity too: reads clips/,
    snippets/ and videos.csv (and features/), writes alignments/DECODER/ID.json. With a run, reads
    runs/RUN too, and features/ where the run was trained on them; writes alignments/RUN/ID.json.
    Features of another encoder or projection than the run's are refused.

    Every clip and snippet has the probability that it is right, and every video a verdict: doubtful
    ones are named with the reasons. A video that --require rejects gives exit code 1, and no alignment
    of it, also no earlier one, remains. A table shows all videos; that of a single video, or of --show,
    its snippets with their times.

    Example: mmtool align my-corpus --split test

    Example: mmtool align my-corpus --video clip --text clip --decoder monotone
    """
    with error_boundary():
        settings = AlignSettings(
            run=run,
            split=split,
            video=video,
            text=text,
            any_space=any_space,
            decoder=decoder,
            beam_width=beam_width,
            unmatched_score=unmatched_score,
            unused_cost=unused_cost,
            checkpoint=checkpoint,
            batch_size=batch_size,
            device=device,
            path=path,
            text_start=text_start,
            text_end=text_end,
            min_confidence=min_confidence,
            require=require,
            timing_weight=timing_weight,
            force=force,
        )
        from mmtool.stages.align import align as stage

        with progress_bars(quiet=as_json) as bars:
            report = stage(corpus, settings, progress=bars)
        if not as_json:
            _show(corpus, settings.folder, report, show)
        finish(report, as_json=as_json)


def _show(root: Path, run: str, report: StageReport, chosen: str) -> None:
    """Print a table of the videos, or of one video's snippets; what it says is no longer noted."""
    from mmtool.formats.alignments import read_alignment
    from mmtool.formats.corpus import Corpus
    from mmtool.stages.align.outputs import doubt_note

    ids = sorted(report.done + report.unchanged)
    if chosen and chosen not in ids:
        raise CallError(f"--show {chosen}: is none of the videos that were aligned")
    shown = [chosen] if chosen else ids
    alignments = [read_alignment(Corpus(root).alignment(run, id))[0] for id in shown]
    if len(alignments) == 1:
        show_alignment(alignments[0])
    elif alignments:
        show_alignments(alignments)
    if out.is_terminal:
        said = {doubt_note(a.id, a.quality) for a in alignments if a.quality and len(alignments) > 1}
        report.notes = [note for note in report.notes if note not in said]
