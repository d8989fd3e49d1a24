"""Tables of the alignments of many videos, or of one; tab-separated where there is no terminal."""

from collections.abc import Iterator, Sequence

import typer
from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mmtool.cli.console import out, printable, timecode
from mmtool.records import Alignment, Quality
from mmtool.screenplay_kinds import NEITHER, SEEN

WIDE, USUAL, NARROW = (
    110,
    80,
    60,
)  # columns of a terminal: from WIDE on with more details, below NARROW without bars
LONG_BAR, BAR = 16, 8  # characters
MISSING = "–"
VERDICT_STYLES = {"sound": "green", "doubtful": "yellow", "unknown": "magenta"}


def show_alignment(alignment: Alignment) -> None:
    """Print each snippet with its times and its confidence."""
    if out.is_terminal:
        out.print(snippets_table(alignment, out.width))
        return
    for start, end, confidence, text, evidence, kind in _snippets(alignment):
        sure = absence(confidence, kind) if start == MISSING else f"{confidence:.0%}"
        by = [evidence] if alignment.evidence else []
        typer.echo("\t".join((start, end, sure, printable(text), *by)))


def show_alignments(alignments: Sequence[Alignment]) -> None:
    """Print each video with what is placed, what is expected, the verdict and its reasons."""
    if out.is_terminal:
        out.print(videos_table(alignments, out.width))
        return
    for alignment in alignments:
        iou, accuracy, verdict, reasons = _judged(alignment.quality)
        shares = (MISSING if share is None else f"{share:.0%}" for share in (iou, accuracy))
        cells = str(len(alignment.clips)), _placed(alignment), *shares, verdict, ", ".join(reasons)
        typer.echo("\t".join((printable(alignment.id), *cells)))


def snippets_table(alignment: Alignment, width: int) -> Table:
    """A line for each snippet, for a terminal of this width; snippets without clips are dimmed."""
    table = _table()
    wide = width >= WIDE
    if wide:
        table.add_column("", justify="right", style="dim", no_wrap=True)
    table.add_column("from", justify="right", no_wrap=True)
    table.add_column("to", justify="right", no_wrap=True)
    table.add_column("conf." if width < NARROW else "confidence", justify="right", no_wrap=True)
    shows_evidence = bool(alignment.evidence) and width >= USUAL
    if shows_evidence:
        table.add_column("by", no_wrap=True)
    table.add_column("text", no_wrap=True, overflow="ellipsis", ratio=1)
    for number, (start, end, confidence, text, evidence, kind) in enumerate(_snippets(alignment), start=1):
        sure = bar(confidence, _bar_length(width)) if start != MISSING else _absent(confidence, kind, width)
        cells: list[RenderableType] = [start, end, sure]
        cells += [evidence] if shows_evidence else []
        cells.append(Text(printable(text)))
        table.add_row(*([str(number)] if wide else []), *cells, style="dim" if start == MISSING else "")
    return table


def videos_table(alignments: Sequence[Alignment], width: int) -> Table:
    """A line for each video, for a terminal of this width."""
    table = _table()
    wide, narrow = width >= WIDE, width < NARROW
    table.add_column("video", no_wrap=True, overflow="ellipsis", max_width=max(8, width // 4))
    if wide:
        table.add_column("clips", justify="right", no_wrap=True)
    table.add_column("placed", justify="right", no_wrap=True)
    names = ("IoU", "acc.") if narrow else ("text IoU", "accuracy")
    for name in names:
        table.add_column(f"expected {name}" if wide else name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("reasons", no_wrap=True, overflow="ellipsis", ratio=1)
    for alignment in alignments:
        *shares, verdict, reasons = _judged(alignment.quality)
        if not wide:
            reasons = tuple(reason.partition(":")[0] for reason in reasons)
        clips = [str(len(alignment.clips))] if wide else []
        expected = (MISSING if share is None else bar(share, BAR if wide else 0) for share in shares)
        cells = _placed(alignment), *expected, Text(verdict, style=VERDICT_STYLES.get(verdict, ""))
        table.add_row(Text(printable(alignment.id)), *clips, *cells, ", ".join(reasons))
    return table


def absence(confidence: float, kind: str = "") -> str:
    """What the confidence of a snippet without clips says: the probability, 0..1, that the film lacks it.

    Of what is not spoken in a screenplay, by its kind, a confidence says little.
    """
    if kind in SEEN | NEITHER:
        return "no clip of its own" if kind in SEEN else "not read aloud"
    return (
        f"not in the film ({confidence:.0%})"
        if confidence >= 0.5
        else f"not placed (absent: {confidence:.0%})"
    )


def _absent(confidence: float, kind: str, width: int) -> Text:
    if width >= USUAL:
        return Text(absence(confidence, kind))
    if kind in SEEN | NEITHER:
        return Text("no clip" if kind in SEEN else "silent")
    return Text("absent" if width < NARROW else f"absent {confidence:.0%}")


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


def _snippets(alignment: Alignment) -> Iterator[tuple[str, str, float, str, str, str]]:
    """Start, end, confidence, text (in one line), evidence and kind of each snippet."""
    evidence = alignment.evidence or (None,) * len(alignment.snippets)
    for number, snippet in enumerate(alignment.snippets):
        interval = alignment.extent(number)
        start, end = [timecode(t) for t in interval] if interval else [MISSING, MISSING]
        text = " ".join(snippet.text.split())
        sure = alignment.snippet_confidence[number]
        yield start, end, sure, text, evidence[number] or MISSING, snippet.kind


def _placed(alignment: Alignment) -> str:
    return f"{len({snippet for _, snippet in alignment.matches})}/{len(alignment.snippets)}"


def _judged(quality: Quality | None) -> tuple[float | None, float | None, str, tuple[str, ...]]:
    """The expected text IoU and accuracy, the verdict and its reasons; nothing if it was not judged."""
    if quality is None:
        return None, None, "", ()
    return quality.expected_iou, quality.expected_accuracy, str(quality.verdict), quality.reasons
