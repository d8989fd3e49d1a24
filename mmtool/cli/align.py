"""``mmtool align``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmtool.cli.console import finish, out, progress_bars
from mmtool.cli.from_settings import takes_settings
from mmtool.cli.matches import show_alignment, show_alignments
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.errors import CallError
from mmtool.settings.align import OUTPUT, AlignSettings

if TYPE_CHECKING:
    from mmtool.stages.align import AlignReport


@takes_settings
def align(
    settings: AlignSettings,
    corpus: CorpusArgument = HERE,
    show: Annotated[
        str,
        typer.Option(
            help="Show the snippets of this video.",
            show_default="a table of all videos",
            metavar="ID",
            rich_help_panel=OUTPUT,
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Align clips with snippets: by timing, by similarity, or with a trained run.

    Without `--run`, text lengths, cuts and titles decide, with parameters learned on other videos; if
    `--video` and `--text` name features in one space, their similarity counts too. So do the scores that
    `--scores` names, with the weight that is best on annotated videos: 0 for scores that say nothing. Reads
    clips/, snippets/, videos.csv, features/ and scores/; writes alignments/DECODER/ID.json. With a run, reads
    runs/RUN as well and writes alignments/RUN/ID.json. Features of an encoder or projection other than the
    run's are refused.

    Every clip and snippet gets the probability that it is right. Every video gets the number of placed
    snippets, the text IoU and the video accuracy to expect, and a verdict: sound, doubtful, or unknown where
    the evidence does not tell or the decoder's confidence was never compared with annotations. Videos that
    are not sound are named with the reasons. A video that `--require` rejects keeps no alignment, not even
    an earlier one, and the command exits with code 1.

    Example: mmtool align my-corpus --split test

    Example: mmtool align my-corpus --require iou=0.3 --require placed=0.8

    Example: mmtool align my-corpus --video clip --text clip --decoder monotone
    """
    from mmtool.stages.align import align as stage

    with progress_bars(quiet=as_json) as bars:
        report = stage(corpus, settings, progress=bars)
    if not as_json:
        _show(corpus, report, show)
    finish(report, as_json=as_json, extra=_as_json(report))


def _as_json(report: "AlignReport") -> dict[str, object]:
    """The result line's figures as numbers, null where unknown."""
    return {
        "placed": report.placed,
        "snippets": report.snippets,
        "expected_iou": report.expected_iou,
        "expected_accuracy": report.expected_accuracy,
    }


def _show(root: Path, report: "AlignReport", chosen: str) -> None:
    """Print a table of the videos, or of one video's snippets; doubts that it shows are not noted again."""
    from mmtool.formats.alignments import read_alignment
    from mmtool.formats.corpus import Corpus

    ids = sorted(report.done + report.unchanged)
    if chosen and chosen not in ids:
        raise CallError(f"--show {chosen}: this video was not aligned")
    shown = [chosen] if chosen else ids
    alignments = [read_alignment(Corpus(root).alignment(report.run, id))[0] for id in shown]
    if len(alignments) == 1:
        show_alignment(alignments[0])
    elif alignments:
        show_alignments(alignments)
    if out.is_terminal and len(alignments) > 1:
        doubts = {video.doubt for video in report.videos if video.id in shown}
        report.notes = [note for note in report.notes if note not in doubts]
