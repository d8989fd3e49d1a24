"""WebVTT files (.vtt), read by the parser that the standard specifies (https://www.w3.org/TR/webvtt1/).

Players show what this parser finds, however odd the file: a cue with unusable times is left out, a blank line
(and only an empty one) ends a cue, and a tag that is never closed hides the rest of its cue.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mmtool.text.rolling import without_repeats
from mmtool.text.source import Part, Passage, Source
from mmtool.text.spans import Span
from mmtool.text.subtitles import read_subrip
from mmtool.text.tally import Tally

ARROW = "-->"
_SIGNATURE = re.compile(r"WEBVTT(?=[ \t\n]|\Z)")
_TIME = r"(?:\d{1,9}:)?\d\d:\d\d\.\d{3}(?!\d)"
_TIMINGS = re.compile(
    rf"[ \t\f]*(?P<start>{_TIME})[ \t\f]*-->[ \t\f]*(?P<end>{_TIME})", re.ASCII
)  # settings may follow at once
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z\d]{1,31});?")


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue: its times in seconds and as written, the span of its text in the source, its line (from 1)."""

    start: float
    end: float
    body: Span
    line: int
    written: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a file: a cue, or None for a block that is not one.

    ``is_broken`` marks a block with an arrow whose times cannot be read, ``is_special`` a comment, a style
    sheet or a region.
    """

    cue: Cue | None
    line: int
    is_broken: bool = False
    is_special: bool = False


def read_webvtt(source: Source) -> Iterator[Passage]:
    """Yield each cue with text, in the order of the file, with its times where they can be used.

    A file without any cue by the standard is read as SubRip. Raises InputError for a file without cues, or
    with times of which most cannot be used.
    """
    blocks = list(read_blocks(source))
    if not (has_signature(source.text) and any(block.cue for block in blocks)):
        source.notes.append("not valid WebVTT, read as SubRip subtitles")
        yield from read_subrip(source, has_entities=has_signature(source.text))
        return
    tally = Tally(source, "cue", "cues", "correct the times")
    yield from without_repeats(source, list(_passages(source, blocks, tally)))
    tally.finish()


def _passages(source: Source, blocks: list[Block], tally: Tally) -> Iterator[Passage]:
    broken = [block.line for block in blocks if block.is_broken]
    outside = [block.line for block in blocks if not (block.cue or block.is_broken or block.is_special)]
    unclosed = []
    for block in blocks:
        if block.cue is None:
            continue
        parts, is_open = cue_parts(source.text, *block.cue.body)
        if is_open:
            unclosed.append(block.line)
        if not "".join(part.text for part in parts).strip():
            tally.drop_empty()
            continue
        cue = block.cue  # which the standard takes for one even if it never shows
        times = tally.interval(block.line, cue.start, cue.end, cue.written, may_be_reversed=True)
        yield Passage(tuple(parts), times=times)
    for lines, said, what, was in (
        (broken, "{} had times that cannot be read and {} left out", "cue", ""),
        (outside, "{} of text outside of cues {} left out", "block", ""),
        (unclosed, "{} had a tag without its >, after which the text {} left out", "cue", "was"),
    ):
        if lines:
            source.notes.append(_note(lines, said, what, was))


def _note(lines: list[int], said: str, what: str, was: str) -> str:
    counted, verb = (f"1 {what}", "was") if len(lines) == 1 else (f"{len(lines)} {what}s", "were")
    first = "" if len(lines) == 1 else "the first on "
    return f"{said.format(counted, was or verb)} ({first}line {lines[0]})"


def has_signature(text: str) -> bool:
    """Whether the text begins as every WebVTT file must."""
    return _SIGNATURE.match(text) is not None


def read_blocks(source: Source) -> Iterator[Block]:
    """Yield the blocks below the header, as the standard's *collect a WebVTT block* finds them."""
    lines = list(source.lines())
    text = source.text
    at = 1 if has_signature(text) else 0
    while at and at < len(lines) and text[slice(*lines[at])] and ARROW not in text[slice(*lines[at])]:
        at += 1  # the rest of the header
    while at < len(lines):
        if not text[slice(*lines[at])]:
            at += 1
            continue
        block, at = _collect(text, lines, at)
        yield block


def _collect(text: str, lines: list[Span], first: int) -> tuple[Block, int]:
    """The block that begins on a line that is not empty, and the line on which the next search begins."""
    at = first
    arrow: int | None = None
    while at < len(lines):
        line = text[slice(*lines[at])]
        if ARROW in line:
            if arrow is not None or at - first > 1:
                break  # this line belongs to the next block
            arrow = at
        elif not line:
            break
        at += 1
    if arrow is None:
        return Block(None, first + 1, is_special=_is_special(text[slice(*lines[first])])), at
    timings = text[slice(*lines[arrow])]
    times, written = parse_timings(timings), _TIMINGS.match(timings)
    if times is None or written is None:
        return Block(None, arrow + 1, is_broken=True), at
    is_next = at < len(lines) and at - 1 > arrow and ARROW in text[slice(*lines[at])]
    last = (
        at - 1 if is_next and text[slice(*lines[at - 1])].strip().isdecimal() else at
    )  # a number that leaked
    start = lines[arrow][1] + 1 if arrow + 1 < last else lines[arrow][1]
    return Block(Cue(*times, (start, lines[last - 1][1]), arrow + 1, (written[1], written[2])), arrow + 1), at


def _is_special(line: str) -> bool:
    return line.startswith(("NOTE", "STYLE", "REGION"))


def parse_timings(line: str) -> tuple[float, float] | None:
    """The start and the end of a cue in seconds; None where the line does not tell them."""
    found = _TIMINGS.match(line)
    if found is None:
        return None
    start, end = parse_timestamp(found["start"]), parse_timestamp(found["end"])
    return None if start is None or end is None else (start, end)


def parse_timestamp(text: str) -> float | None:
    """Read ``HH:MM:SS.mmm``, with any number of hour digits, or ``MM:SS.mmm``; None if out of range."""
    whole, _, fraction = text.partition(".")
    seconds, minutes, *hours = (int(part) for part in reversed(whole.split(":")))
    if minutes > 59 or seconds > 59:
        return None
    return float(f"{sum(hours) * 3600 + minutes * 60 + seconds}.{fraction}")


def cue_parts(text: str, start: int, end: int) -> tuple[list[Part], bool]:
    """The text of a cue without tags and with its character references decoded.

    Also says whether a tag is never closed, so that what follows it is not text.
    """
    parts: list[Part] = []
    at = start
    for found in re.compile(r"<[^>]*>?|&").finditer(text, start, end):
        if found.start() < at:
            continue  # within a reference
        if at < found.start():
            parts.append(Part(text[at : found.start()], at, found.start()))
        at = found.end()
        if found[0].startswith("<"):
            if not found[0].endswith(">"):
                return parts, True
            continue
        reference = _REFERENCE.match(text, found.start(), end)
        meaning = html.unescape(reference[0]) if reference else "&"
        if reference is None or meaning == reference[0]:
            parts.append(Part("&", *found.span()))
        else:
            parts.append(Part(meaning, *reference.span()))
            at = reference.end()
    if at < end:
        parts.append(Part(text[at:end], at, end))
    return parts, False
