"""Tables of the alignments of many videos, or of one; tab-separated where there is no terminal."""

from collections.abc import Iterator, Sequence

import typer
from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mmtool.cli.console import out, printable, timecode
from mmtool.records import Alignment

WIDE, NARROW = 110, 60  # columns of a terminal: from WIDE on with more details, below NARROW without bars
LONG_BAR, BAR = 16, 8  # characters
MISSING = "–"


def show_alignment(alignment: Alignment) -> None:
    """Print each snippet with its times and its confidence."""
    if out.is_terminal:
        out.print(snippets_table(alignment, out.width))
        return
    for start, end, confidence, text in _snippets(alignment):
        typer.echo("\t".join((start, end, f"{confidence:.0%}", printable(text))))


def show_alignments(alignments: Sequence[Alignment]) -> None:
    """Print each video with the number of matched snippets, its expected accuracy and doubts."""
    if out.is_terminal:
        out.print(videos_table(alignments, out.width))
        return
    for alignment in alignments:
        expected = MISSING if alignment.quality is None else f"{alignment.quality.expected_accuracy:.0%}"
        doubts = ", ".join(alignment.quality.reasons) if alignment.quality else ""
        counts = str(len(alignment.clips)), _matched(alignment)
        typer.echo("\t".join((printable(alignment.id), *counts, expected, doubts)))


def snippets_table(alignment: Alignment, width: int) -> Table:
    """A line for each snippet, for a terminal of this width; snippets without clips are dimmed."""
    table = _table()
    wide = width >= WIDE
    if wide:
        table.add_column("", justify="right", style="dim", no_wrap=True)
    table.add_column("from", justify="right", no_wrap=True)
    table.add_column("to", justify="right", no_wrap=True)
    table.add_column("conf." if width < NARROW else "confidence", justify="right", no_wrap=True)
    table.add_column("text", no_wrap=True, overflow="ellipsis", ratio=1)
    for number, (start, end, confidence, text) in enumerate(_snippets(alignment), start=1):
        cells: list[RenderableType] = [start, end, bar(confidence, _bar_length(width)), Text(printable(text))]
        table.add_row(*([str(number)] if wide else []), *cells, style="dim" if start == MISSING else "")
    return table


def videos_table(alignments: Sequence[Alignment], width: int) -> Table:
    """A line for each video, for a terminal of this width."""
    table = _table()
    wide, narrow = width >= WIDE, width < NARROW
    table.add_column("video", no_wrap=True, overflow="ellipsis", max_width=max(8, width // 4))
    if not narrow:
        table.add_column("clips", justify="right", no_wrap=True)
    table.add_column("snippets matched" if wide else "matched", justify="right", no_wrap=True)
    table.add_column("exp. acc." if narrow else "expected accuracy", justify="right", no_wrap=True)
    table.add_column("doubts", no_wrap=True, overflow="ellipsis", ratio=1)
    for alignment in alignments:
        quality = alignment.quality
        expected = MISSING if quality is None else bar(quality.expected_accuracy, _bar_length(width))
        reasons = quality.reasons if quality else ()
        if not wide:
            reasons = tuple(reason.partition(":")[0] for reason in reasons)
        clips = [] if narrow else [str(len(alignment.clips))]
        doubts = Text(", ".join(reasons), style="yellow")
        table.add_row(Text(printable(alignment.id)), *clips, _matched(alignment), expected, doubts)
    return table


def bar(share: float, length: int) -> Text:
    """A share, 0..1, as a bar of ``length`` characters and a percentage; its colour adds no information."""
    halves = round(2 * share * length)
    full, half = divmod(halves, 2)
    colour = "green" if share >= 0.7 else "yellow" if share >= 0.4 else "red"
    drawn = "━" * full + "╾" * half
    return Text.assemble(
        (drawn, colour), ("─" * (length - len(drawn)), "dim"), f"{share:5.0%}" if length else f"{share:.0%}"
    )


def _table() -> Table:
    """All columns as wide as necessary, the last one as wide as possible."""
    return Table(box=SIMPLE_HEAD, pad_edge=False, expand=True, header_style="bold")


def _bar_length(width: int) -> int:
    """The length of bars on a terminal of this width, in characters."""
    return 0 if width < NARROW else BAR if width < WIDE else LONG_BAR


def _snippets(alignment: Alignment) -> Iterator[tuple[str, str, float, str]]:
    """Start, end, confidence and text (in one line) of each snippet."""
    for number, snippet in enumerate(alignment.snippets):
        interval = alignment.extent(number)
        start, end = [timecode(t) for t in interval] if interval else [MISSING, MISSING]
        yield start, end, alignment.snippet_confidence[number], " ".join(snippet.text.split())


def _matched(alignment: Alignment) -> str:
    return f"{len({snippet for _, snippet in alignment.matches})}/{len(alignment.snippets)}"
