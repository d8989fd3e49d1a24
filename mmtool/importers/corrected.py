"""Corrected exports: the texts and times of subtitles, tables and ELAN annotations."""

from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from mmtool.choices import TextSplit
from mmtool.errors import InputError
from mmtool.records import Interval
from mmtool.text.readers import read_text

CORRECTED_SUFFIXES = (".srt", ".vtt", ".csv", ".eaf")
_TIER = "snippets"  # and "snippets 2" and so on, where annotations overlap
_MOST_BYTES = 256 * 2**20  # of an ELAN file
_MILLISECOND = 1000


class CorrectedLine(NamedTuple):
    """A text, when it is shown, and where the file says so: "line 12", "annotation a7"."""

    text: str
    interval: Interval
    where: str


def read_corrected(path: Path) -> list[CorrectedLine]:
    """Read the entries with times, in order of time; the suffix of the file says what it is.

    Raises:
        InputError: The file cannot be read, or has no entry with times.
    """
    if path.suffix.lower() not in CORRECTED_SUFFIXES:
        raise InputError(path, "is not a corrected export", f"use {', '.join(CORRECTED_SUFFIXES)}")
    if path.suffix.lower() == ".eaf":
        lines = _read_elan(path)
    else:
        text = read_text(path, split=TextSplit.NONE, language="auto")
        lines = [
            CorrectedLine(
                snippet.text,
                Interval(snippet.start, snippet.end),
                f"line {snippet.place.line}" if snippet.place else f"entry {number}",
            )
            for number, snippet in enumerate(text.snippets, start=1)
            if snippet.start is not None and snippet.end is not None
        ]
    if not lines:
        raise InputError(path, "has no text with times", "export an alignment and correct it")
    return sorted(lines, key=lambda line: line.interval)


def _read_elan(path: Path) -> list[CorrectedLine]:
    remedy = "save it again with ELAN"
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(path, "is larger than any ELAN file", remedy)
        root = ElementTree.parse(path).getroot()  # noqa: S314 — expat 2.4 and newer limit entities
    except FileNotFoundError:
        raise InputError(path, "no such file", "export an alignment and correct it") from None
    except (ElementTree.ParseError, OSError, UnicodeDecodeError) as error:
        raise InputError(path, f"cannot be read ({error})", remedy) from error
    times: dict[str, float] = {}
    for slot in root.iter("TIME_SLOT"):
        value = slot.get("TIME_VALUE", "")
        if value.isascii() and value.isdecimal():
            times[slot.get("TIME_SLOT_ID", "")] = int(value) / _MILLISECOND
    tiers = [tier for tier in root.iter("TIER") if tier.get("TIER_ID", "").rstrip("0123456789 ") == _TIER]
    if not tiers:
        raise InputError(path, f"has no tier {_TIER!r}", "keep the tier's name, as mmtool exports it")
    lines = []
    for annotation in (found for tier in tiers for found in tier.iter("ALIGNABLE_ANNOTATION")):
        start, end = (times.get(annotation.get(f"TIME_SLOT_REF{number}", "")) for number in (1, 2))
        text = " ".join((annotation.findtext("ANNOTATION_VALUE") or "").split())
        if start is not None and end is not None and start < end and text:
            where = f"annotation {annotation.get('ANNOTATION_ID', '')}".strip()
            lines.append(CorrectedLine(text, Interval(start, end), where))
    return lines
