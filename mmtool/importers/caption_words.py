"""Automatic captions, which roll and time each word, and sentences that were made of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from mmtool.formats.csv_rows import read_utf8
from mmtool.text.source import Source
from mmtool.text.webvtt import Cue, parse_timestamp, read_blocks

LONGEST_WORD = 0.6  # seconds, as a word before a pause would otherwise last until the next one
LEAST_HEARD = 0.5  # of the words of a sentence whose times are known
REMEDY = "give a WebVTT file of captions, as YouTube provides it"
_TAG = re.compile(r"<[^>]*>")
_TIME = re.compile(r"<((?:\d+:)?\d\d:\d\d\.\d{3})>")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the captions and the time ``[start, end)`` in which it is spoken."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Captions:
    """The words of a file, and the end of its last cue with text; no words if it does not time them."""

    words: tuple[Word, ...]
    end: float


def read_captions(path: Path) -> Captions:
    """Read a WebVTT file; raises InputError for one that cannot be read. A file without cues ends at 0."""
    source = Source(path, read_utf8(path, REMEDY).replace("\r\n", "\n"))
    started: list[tuple[str, float]] = []
    shown: list[str] = []
    end, timed = 0.0, False
    for block in read_blocks(source):
        if block.cue is None:
            continue
        lines = [line for line in source.text[slice(*block.cue.body)].split("\n") if _plain(line)]
        plain = [_plain(line) for line in lines]
        fresh = lines[_repeated(shown, plain) :]
        shown = plain or shown
        if lines:
            end = max(end, block.cue.end)
        timed = timed or any(_TIME.search(line) for line in fresh)
        started += [word for line in fresh for word in _words(line, block.cue)]
    if not timed:
        return Captions((), end)
    following = [start for _, start in started[1:]] + [end]
    return Captions(
        tuple(
            Word(text, start, max(start, min(then, round(start + LONGEST_WORD, 3))))
            for (text, start), then in zip(started, following, strict=True)
        ),
        end,
    )


def _plain(line: str) -> str:
    return " ".join(_TAG.sub("", line).split())


def _repeated(before: Sequence[str], now: Sequence[str]) -> int:
    """How many lines at the start of a cue are those at the end of the one before."""
    for count in range(min(len(before), len(now)), 0, -1):
        if before[-count:] == now[:count]:
            return count
    return 0


def _words(line: str, cue: Cue) -> list[tuple[str, float]]:
    """The words of a line with the time of the mark before them, or that of the cue."""
    start, words = cue.start, []
    for index, piece in enumerate(_TIME.split(line)):
        if index % 2:
            marked = parse_timestamp(piece)
            start = start if marked is None else marked
        else:
            words += [(word, start) for word in _plain(piece).split()]
    return words


def spoken_times(sentences: Sequence[str], words: Sequence[Word]) -> list[tuple[float, float] | None]:
    """When each sentence is spoken: from its first word that was heard to its last one.

    None for a sentence of which less than half was heard. Words are compared without case and punctuation.
    """
    owners, said = [], []
    for index, sentence in enumerate(sentences):
        for word in sentence.split():
            if bare := _bare(word):
                said.append(bare)
                owners.append(index)
    heard = [(bare, word) for word in words if (bare := _bare(word.text))]
    found: dict[int, list[Word]] = {}
    matcher = SequenceMatcher(None, said, [bare for bare, _ in heard], autojunk=False)
    for first, second, size in matcher.get_matching_blocks():
        for offset in range(size):
            found.setdefault(owners[first + offset], []).append(heard[second + offset][1])
    return [
        (own[0].start, own[-1].end)
        if (own := found.get(index)) and len(own) >= LEAST_HEARD * owners.count(index)
        else None
        for index in range(len(sentences))
    ]


def _bare(word: str) -> str:
    """Letters and digits only; nothing for a sound such as ``[Music]``."""
    if word.startswith("["):
        return ""
    return "".join(character for character in word.casefold() if character.isalnum())
