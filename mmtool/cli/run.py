"""``mmtool run``."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmtool.cli.console import err, finish, progress_bars
from mmtool.cli.from_settings import Pick, takes_settings
from mmtool.cli.matches import show_alignment
from mmtool.cli.options import Json
from mmtool.records import Alignment
from mmtool.settings.align import AlignSettings
from mmtool.settings.extract import ExtractSettings
from mmtool.settings.run import OPTIONS, RunSettings
from mmtool.settings.segment import SegmentSettings

if TYPE_CHECKING:
    from mmtool.stages.run import RunReport


@takes_settings
def run(
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The folder to write, which becomes a corpus.", metavar="DIR"),
    ],
    segment: Annotated[SegmentSettings, Pick(OPTIONS["segment"])],
    align: Annotated[AlignSettings, Pick(OPTIONS["align"])],
    extract: Annotated[ExtractSettings | None, Pick(OPTIONS["extract"])],
    settings: RunSettings,
    as_json: Json = False,
) -> None:
    """Align one film with one text: cut both, align them by timing, show when each text is seen.

    Writes a corpus of this one film: DIR/clips, DIR/snippets, DIR/alignments/DECODER, and links to both
    files. Needs no training, no weights and no network. If encoders of one space are named, writes
    DIR/features as well, and image–text similarity counts beside timing.

    What is said in the film can be given (`--transcript`), taken from its subtitles, or recognised
    (`--listen`); it goes to DIR/transcripts.

    Example: mmtool run film.mp4 narration.txt -o film

    Example: mmtool run film.mp4 narration.txt -o film --video-encoder clip --text-encoder clip
    """
    from mmtool.stages.run import run as stage

    settings = replace(settings, segment=segment, align=align, extract=extract)
    with progress_bars(quiet=as_json) as bars:
        report = stage(output, settings, progress=bars)
    if report.alignment is not None and not as_json:
        show_alignment(report.alignment)
    finish(report, as_json=as_json, extra=_as_json(report))
    if not as_json:
        _show_next_steps(report)


def _as_json(report: "RunReport") -> dict[str, object]:
    """The snippets with their times, and the next steps."""
    if report.alignment is None:
        return {}
    steps = [step.command for step in report.next_steps]
    return {"alignment": list(_rows(report.alignment)), "next_steps": steps}


def _rows(alignment: Alignment) -> Iterator[dict[str, object]]:
    for number, snippet in enumerate(alignment.snippets):
        start, end = alignment.extent(number) or (None, None)
        yield {
            "text": snippet.text,
            "start": start,
            "end": end,
            "confidence": alignment.snippet_confidence[number],
            "evidence": alignment.evidence[number] if alignment.evidence else None,
        }


def _show_next_steps(report: "RunReport") -> None:
    """Print commands to copy, a line each, on stderr."""
    width = max((len(step.command) for step in report.next_steps), default=0)
    for command, purpose in report.next_steps:
        err.line(("next", "bold cyan"), f" {command:<{width}}", (f"  # {purpose}", "dim"))
