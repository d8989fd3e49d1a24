"""Rolling captions: each cue repeats the line of the cue before it, as automatic captions of YouTube do."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from mmtool.records import Interval
from mmtool.text.highlighted import with_words_once
from mmtool.text.source import Part, Passage, Source
from mmtool.text.spans import collapse

_PAUSE = 0.1  # seconds; a caption that rolls follows the one before at once
_LEAST_ROLLING = 0.5  # of the cues that follow at once, and at least this many:
_FEWEST = 2
_FEWEST_GROWING = 3


def without_repeats(source: Source, cues: Sequence[Passage]) -> list[Passage]:
    """Remove the lines that a cue repeats from the one before, if that is how the whole file is made.

    Cues that only repeat, and never go on with a new line, are what somebody says several times. Of cues
    that grow word by word, as in live captions, the last is kept, from the time at which the first began.
    """
    if (once := with_words_once(source, cues)) is not cues:
        return list(once)
    cues = _full_grown(source, cues)
    lines = [_lines(cue) for cue in cues]
    texts = [[collapse("".join(part.text for part in line)) for line in cue] for cue in lines]
    follows = [_follows(earlier, later) for earlier, later in pairwise(cues)]
    repeated = [0] * len(cues)
    for index, at_once in enumerate(follows, start=1):
        if at_once:
            repeated[index] = _overlap(texts[index - 1], texts[index])
    rolling = sum(map(bool, repeated))
    goes_on = any(0 < count < len(cue) for count, cue in zip(repeated, texts, strict=True))
    if not goes_on or rolling < _FEWEST or rolling < _LEAST_ROLLING * sum(follows):
        return list(cues)
    kept = []
    for cue, parts, count in zip(cues, lines, repeated, strict=True):
        if count < len(parts) or not count:
            rest = tuple(part for line in parts[count:] for part in line)
            kept.append(replace(cue, parts=rest) if count else cue)
    counted = "1 cue repeats" if rolling == 1 else f"{rolling} cues repeat"
    source.notes.append(f"rolling captions: {counted} lines of the one before; the repetitions were removed")
    return kept


def _full_grown(source: Source, cues: Sequence[Passage]) -> Sequence[Passage]:
    """The cues without those that the next one repeats and goes on, if most of them are like that."""
    texts = [collapse(cue.text) for cue in cues]
    at_once = [_follows(earlier, later) for earlier, later in pairwise(cues)]
    grows = [
        follows and bool(earlier) and later.startswith(earlier + " ")
        for follows, (earlier, later) in zip(at_once, pairwise(texts), strict=True)
    ]
    growing = sum(grows)
    if growing < _FEWEST_GROWING or growing < _LEAST_ROLLING * sum(at_once):
        return cues
    kept, begin = list[Passage](), 0
    for index, cue in enumerate(cues):
        if index < len(grows) and grows[index]:
            continue
        first, last = cues[begin].times, cue.times
        times = Interval(first.start, last.end) if first and last and begin < index else last
        kept.append(replace(cue, times=times))
        begin = index + 1
    source.notes.append(f"captions that grow word by word: {growing} cues that the next one repeats left out")
    return kept


def _follows(earlier: Passage, later: Passage) -> bool:
    if earlier.times is None or later.times is None:
        return False
    return earlier.times.start <= later.times.start <= earlier.times.end + _PAUSE


def _overlap(before: Sequence[str], after: Sequence[str]) -> int:
    """How many lines at the start of a cue are those at the end of the one before."""
    for count in range(min(len(before), len(after)), 0, -1):
        if before[-count:] == after[:count]:
            return count
    return 0


def _lines(cue: Passage) -> list[list[Part]]:
    """The parts of each line that is not blank; the line break stays at the end of its line."""
    lines: list[list[Part]] = [[]]
    for part in cue.parts:
        if len(part.text) != part.end - part.start:
            lines[-1].append(part)
            continue
        at = 0
        for piece in part.text.splitlines(keepends=True):
            lines[-1].append(Part(piece, part.start + at, part.start + at + len(piece)))
            at += len(piece)
            if piece.endswith("\n"):
                lines.append([])
    return [line for line in lines if "".join(part.text for part in line).strip()]
