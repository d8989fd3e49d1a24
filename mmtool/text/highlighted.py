"""Captions that repeat a sentence in each cue and mark the word that is being said, one after another.

Whisper (``--highlight_words``) and whisperX underline that word, stable-ts colours it. Each sentence is read
once, with the times of its words.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from mmtool.records import Interval
from mmtool.text.source import Passage, Source
from mmtool.text.spans import collapse

_MARKED = re.compile(r"<(u|b|i|font|c)\b[^<>]*>\s*(?=[^\s<])([^<]*)</\1>", re.IGNORECASE)
_FEWEST = 3  # cues that go on in the same sentence
_LEAST = 0.5  # of the cues that must mark a word


def with_words_once(source: Source, cues: Sequence[Passage]) -> Sequence[Passage]:
    """The cues with each sentence once and its words timed, if that is how the whole file is made."""
    marks = [found.start(2) for found in _MARKED.finditer(source.text)] if len(cues) >= _FEWEST else []
    if len(marks) < max(_FEWEST, _LEAST * len(cues)):
        return cues
    marked = [_marked(cue, marks) for cue in cues]
    groups: list[list[int]] = []
    texts = [collapse(cue.text) for cue in cues]
    latest = -1  # place of the word that was marked last in this sentence
    for number, place in enumerate(marked):
        if number and texts[number] == texts[number - 1] and (place is None or place > latest):
            groups[-1].append(number)
        else:
            groups.append([number])
            latest = -1
        latest = latest if place is None else place
    going_on = sum(sum(marked[n] is not None for n in group[1:]) for group in groups)
    if going_on < _FEWEST or sum(place is not None for place in marked) < _LEAST * len(cues):
        return cues
    source.notes.append(
        f"captions that mark each word as it is said: {len(cues) - len(groups)} of {len(cues)} cues repeat "
        "the one before and were read as times of words"
    )
    return [_joined([cues[number] for number in group], [marked[n] for n in group]) for group in groups]


def _marked(cue: Passage, marks: Sequence[int]) -> int | None:
    """The place in the text of the only word that a cue marks; None without one, and where it marks more."""
    first = bisect_left(marks, cue.parts[0].start)
    if first == len(marks) or marks[first] >= cue.parts[-1].end:
        return None
    if first + 1 < len(marks) and marks[first + 1] < cue.parts[-1].end:
        return None
    before = 0
    for part in cue.parts:
        if part.start <= marks[first] < part.end:
            return before + min(marks[first] - part.start, len(part.text))
        before += len(part.text)
    return None


def _joined(cues: Sequence[Passage], marked: Sequence[int | None]) -> Passage:
    """The cues of one sentence as one."""
    starts = [cue.times.start for cue in cues if cue.times]
    ends = [cue.times.end for cue in cues if cue.times]
    said = tuple(
        (place, cue.times) for cue, place in zip(cues, marked, strict=True) if place is not None and cue.times
    )
    times = Interval(min(starts), max(ends)) if starts else None
    return replace(cues[0], times=times, said=said)
