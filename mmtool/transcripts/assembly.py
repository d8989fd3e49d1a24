"""Utterances → a transcript: words in order, each with times, and notes on what had to be repaired."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from mmtool.records import SpokenWord, Transcript
from mmtool.transcripts.sounds import without_sounds
from mmtool.transcripts.utterances import Contents, Heard, Utterance

SLIGHTLY = 1.0  # seconds by which a word may begin before the previous one and still follow it
_ONE_BY_ONE, _FEWEST_SINGLE = 0.9, 3  # share and number of cues of a single word, where each word has a cue
ONLY_SOUNDS = "no words, only sounds such as music"
LONGEST_WORD = 0.6  # seconds; a word without an end would otherwise last through the pause after it
# Chinese and Japanese are written without spaces
_ALONE = r"\u3000-\u303f\uff00-\uff0f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_PIECE = re.compile(rf"[{_ALONE}]|[^\s{_ALONE}]+")


def assemble(contents: Contents, source: str) -> Transcript:
    """Put the words of a file in order and give each a time; see :class:`mmtool.records.Transcript`."""
    notes = list(contents.notes)
    spoken, silent, untimed = [], 0, 0
    for utterance in contents.utterances:
        if not (heard := _pieces(without_sounds(utterance.words))):
            silent += bool(utterance.words)
            continue
        if (found := _with_extent(replace(utterance, words=heard))) is None:
            untimed += 1
            continue
        spoken.append(found)
    spoken, turned = _turned(_one_by_one(spoken))
    unsorted = sum((later.start or 0.0) < (earlier.start or 0.0) for earlier, later in pairwise(spoken))
    spoken.sort(key=lambda utterance: utterance.start or 0.0)  # stable
    timed = sum(word.start is not None for utterance in spoken for word in utterance.words)
    word_times = 2 * timed >= sum(len(utterance.words) for utterance in spoken)
    spoken = _apart(_shortened(spoken) if word_times else spoken)
    words = [word for utterance in spoken for word in _spread(utterance)]
    words, disordered, overlapping = _in_order(words)
    if untimed:
        notes.append(f"{_count(untimed, 'utterance')} without usable times left out")
    if turned:
        notes.append(f"{_count(turned, 'word')} ended before the start; start and end were swapped")
    if unsorted:
        notes.append(f"{_count(unsorted, 'utterance')} began before the previous one; sorted by time")
    if disordered:
        notes.append(f"{_count(disordered, 'word')} began before the previous one; put in order")
    if overlapping:
        notes.append(f"{_count(overlapping, 'word')} overlapped the next one and now end where it begins")
    if not words:
        notes.append(ONLY_SOUNDS if silent else "no words")
    if not word_times:
        notes.append("times only of cues: the words of a cue share its time in proportion to their length")
    return Transcript(tuple(words), contents.language, source, word_times, tuple(notes))


def within(transcript: Transcript, duration: float) -> Transcript:
    """The words that start before the end of a film of ``duration`` seconds; a note counts the others."""
    kept = tuple(
        replace(word, end=min(word.end, duration)) for word in transcript.words if word.start < duration
    )
    if not (left := len(transcript.words) - len(kept)):
        return replace(transcript, words=kept)
    last = transcript.words[-1].end
    note = (
        f"longer than the film: {_count(left, 'word')} after its end at {duration:.1f} s left out "
        f"(the last at {last:.1f} s)"
    )
    return replace(transcript, words=kept, notes=(*transcript.notes, note))


def _count(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count} {what}s"


def _pieces(words: Sequence[Heard]) -> tuple[Heard, ...]:
    """The words, with each character of Chinese and Japanese as one of them."""
    pieces: list[Heard] = []
    for word in words:
        found = _PIECE.findall(word.text)
        if len(found) < 2 or word.start is None or word.end is None:
            pieces += [word._replace(text=piece) for piece in found]
        else:
            spread = _shares(found, word.start, word.end)
            pieces += [Heard(*each, word.probability) for each in spread]
    return tuple(piece for piece in pieces if any(map(str.isalnum, piece.text)))


def _with_extent(utterance: Utterance) -> Utterance | None:
    """The utterance with a start and an end, if need be those of its words; None if nothing tells them."""
    starts = [word.start for word in utterance.words if word.start is not None]
    ends = [word.end for word in utterance.words if word.end is not None]
    start = utterance.start if utterance.start is not None else min(starts, default=None)
    if start is None:
        return None
    end = utterance.end if utterance.end is not None else max(ends + starts, default=None)
    return None if end is None else replace(utterance, start=start, end=end)


def _one_by_one(utterances: list[Utterance]) -> list[Utterance]:
    """The utterances; where each is a single word, the times of that word are its own."""
    single = sum(len(utterance.words) == 1 for utterance in utterances)
    if single < max(_FEWEST_SINGLE, _ONE_BY_ONE * len(utterances)):
        return utterances
    return [
        replace(one, words=(one.words[0]._replace(start=one.start, end=one.end),))
        if len(one.words) == 1 and one.words[0].start is None
        else one
        for one in utterances
    ]


def _turned(utterances: Iterable[Utterance]) -> tuple[list[Utterance], int]:
    """The utterances, with start and end swapped where words are reversed, and how many words those are."""
    turned, count = [], 0
    for utterance in utterances:
        words = []
        for word in utterance.words:
            if word.start is not None and word.end is not None and word.end < word.start:
                word, count = word._replace(start=word.end, end=word.start), count + 1
            words.append(word)
        start, end = utterance.start or 0.0, utterance.end or 0.0
        if end < start:
            count += all(word.start is None for word in words) * len(words)
        turned.append(Utterance(tuple(words), min(start, end), max(start, end)))
    return turned, count


def _shortened(utterances: Iterable[Utterance]) -> list[Utterance]:
    """Utterances without times of words, cut where their words must have been said; music goes on alone."""
    return [
        replace(each, end=min(each.end or 0.0, (each.start or 0.0) + LONGEST_WORD * len(each.words)))
        if _cued(each)
        else each
        for each in utterances
    ]


def _apart(utterances: Sequence[Utterance]) -> list[Utterance]:
    """Utterances without times of words, cut where the next one begins; those that begin at once are one."""
    joined: list[Utterance] = []
    for utterance in utterances:
        if joined and _cued(joined[-1]) and _cued(utterance) and joined[-1].start == utterance.start:
            end = max(joined[-1].end or 0.0, utterance.end or 0.0)
            joined[-1] = Utterance((*joined[-1].words, *utterance.words), utterance.start, end)
        else:
            joined.append(utterance)
    for index, (earlier, later) in enumerate(pairwise(joined)):
        if _cued(earlier) and (later.start or 0.0) < (earlier.end or 0.0):
            joined[index] = replace(earlier, end=later.start)
    return joined


def _cued(utterance: Utterance) -> bool:
    return all(word.start is None for word in utterance.words)


def _spread(utterance: Utterance) -> list[SpokenWord]:
    """The words with times; those without share the time between their neighbours that have some."""
    words, start, end = utterance.words, utterance.start or 0.0, utterance.end or 0.0
    timed = [index for index, word in enumerate(words) if word.start is not None]
    spoken: list[SpokenWord] = []
    for first, last in pairwise([-1, *timed, len(words)]):
        after = words[last].start if last < len(words) else end
        if first >= 0:
            spoken.append(_timed(words[first], after, last - first == 1, last == len(words)))
        between = words[first + 1 : last]
        begin = spoken[-1].end if spoken else min(start, after or start)
        shares = _shares([word.text for word in between], begin, max(begin, after or begin))
        spoken += [SpokenWord(*share, word.probability) for share, word in zip(shares, between, strict=True)]
    return spoken


def _timed(word: Heard, after: float | None, is_next: bool, is_last: bool) -> SpokenWord:
    """A word that has a start; without an end, it ends at the next word or after :data:`LONGEST_WORD`."""
    start = word.start or 0.0
    if word.end is not None:
        return SpokenWord(word.text, start, word.end, word.probability)
    longest = round(start + LONGEST_WORD, 3)
    border = after if after is not None and after >= start and (is_next or is_last) else longest
    return SpokenWord(word.text, start, min(longest, border), word.probability)


def _shares(texts: Sequence[str], start: float, end: float) -> list[tuple[str, float, float]]:
    """The texts with the time from start to end shared in proportion to their characters."""
    ends = list(accumulate(map(len, texts)))
    borders = [start, *(start + (end - start) * at / ends[-1] for at in ends)]
    if ends:
        borders[-1] = end
    return [(text, first, last) for text, (first, last) in zip(texts, pairwise(borders), strict=True)]


def _in_order(words: Sequence[SpokenWord]) -> tuple[list[SpokenWord], int, int]:
    """Words by start, none longer than until the next one; how many were out of order, and overlapping.

    The times of a file are less reliable than its order: a word that begins slightly before the previous
    one begins with it. Where it begins long before, two people speak at a time.
    """
    ordered, disordered, latest = [], 0, 0.0
    for word in words:
        disordered += word.start < latest
        if latest - SLIGHTLY <= word.start < latest:
            word = replace(word, start=latest, end=max(latest, word.end))
        ordered.append(word)
        latest = max(latest, word.start)
    ordered.sort(key=lambda word: word.start)  # stable
    overlapping = 0
    for index, (earlier, later) in enumerate(pairwise(ordered)):
        if earlier.start < later.start < earlier.end:
            overlapping += 1
            ordered[index] = replace(earlier, end=later.start)
    return ordered, disordered, overlapping
