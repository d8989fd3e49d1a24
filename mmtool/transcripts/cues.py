"""Subtitles and tables as transcripts: what the readers of texts find, and the times inside of cues."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from mmtool.errors import InputError
from mmtool.text.encoding import read_decoded
from mmtool.text.source import Passage, Source
from mmtool.text.spans import Span, words_of
from mmtool.text.substation import read_events
from mmtool.text.subtitles import read_subrip
from mmtool.text.table import read_table
from mmtool.text.times import read_time
from mmtool.text.webvtt import has_signature, read_webvtt
from mmtool.transcripts.utterances import Contents, Heard, Utterance

_MARK = re.compile(r"<(\d[\d:.,]*)>", re.ASCII)
_READERS: dict[str, Callable[[Source], Iterable[Passage]]] = {
    ".vtt": read_webvtt,
    ".srt": read_subrip,
    ".ass": read_events,
    ".ssa": read_events,
    ".tsv": read_table,
    ".csv": read_table,
}
CUE_SUFFIXES = tuple(_READERS)
_HEADER = re.compile(r"\s*\Z|\ufeff?WEBVTT[^\n]*(\n[^\n]+)*\s*\Z|[^\n]*\btext\b[^\n]*\s*\Z", re.IGNORECASE)
_LANGUAGE = re.compile(r"\AWEBVTT[^\n]*\n(?:[^\n]+\n)*?Language: *([A-Za-z]{2,3})\b")


def read_cues(path: Path) -> Contents:
    """Read subtitles or a table.

    Rolling captions say everything once; words that a cue times, as YouTube's captions do, have their own
    start. A file with a header and nothing below it, as recognisers write for silence, has no words.

    Raises InputError for a file that is not of its format.
    """
    text, _ = read_decoded(path)
    source = Source(path, text)
    if _HEADER.match(text) and "-->" not in text:
        return Contents([])
    reader = _READERS[path.suffix.lower()]
    if reader is read_subrip and has_signature(text):
        reader = read_webvtt
    passages = list(reader(source))
    if passages and all(passage.times is None for passage in passages):
        raise InputError(path, "has no times", "write the start and the end of each line, in seconds")
    language = _LANGUAGE.match(text)
    return Contents(_utterances(source, passages), language[1].lower() if language else "", source.notes)


def _utterances(source: Source, passages: list[Passage]) -> Iterator[Utterance]:
    marks = [(found.start(), read_time(found[1])) for found in _MARK.finditer(source.text)]
    places = [place for place, _ in marks]
    borders = pairwise([0, *(passage.parts[-1].end for passage in passages)])
    for passage, (before, _) in zip(passages, borders, strict=True):
        spans = words_of(passage.text, 0, len(passage.text))
        words = [passage.text[slice(*span)] for span in spans]
        start, end = passage.times or (None, None)
        if passage.said:
            heard = (Heard(word, *_said(passage, span)) for word, span in zip(words, spans, strict=True))
            yield Utterance(tuple(heard), start, end)
            continue
        timed = []
        for place in passage.places(source, spans):
            at = bisect_right(places, place.start) - 1
            seconds = marks[at][1] if at >= 0 and places[at] >= before else None
            is_inside = start is not None and end is not None and seconds is not None
            timed.append(seconds if is_inside and start <= seconds <= end else None)  # type: ignore[operator]
        if not any(mark is not None for mark in timed):
            yield Utterance(tuple(map(Heard, words)), start, end)
            continue
        yield Utterance(tuple(_words(words, timed, start)), start, end)


def _said(passage: Passage, span: Span) -> tuple[float | None, float | None]:
    """When a word of a cue is said that marks its words; parts of a word may be marked one after another."""
    own = [times for place, times in passage.said if span[0] <= place < span[1]]
    return (own[0].start, own[-1].end) if own else (None, None)


def _words(words: list[str], marks: list[float | None], start: float | None) -> Iterator[Heard]:
    """Words with the times of the marks before them; those under one mark share its time."""
    own: list[float | None] = [start if mark is None else mark for mark in marks]
    for index, (word, time) in enumerate(zip(words, own, strict=True)):
        yield Heard(word, None if index and own[index - 1] == time else time)
