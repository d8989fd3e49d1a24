"""When the lines of dialogue are spoken, by the words that match, in order.

A line counts as heard if enough of its words match close together. Lines of which nothing is heard between
two that are get a second chance among the words that are left there: fewer matches are needed where there is
less to choose from, and a single line that is about as long as what is said in its place is taken for it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.words.heard import SURE, HeardWords, TimedForm, match_words
from mmtool.arrays import Floats

_LEAST_HEARD = 0.4  # of the words of a line
_APART = 2.0  # seconds by which words of a line may be farther apart than it takes to read
_OFTEN_MISHEARD = 4.0  # a share of words that do not match in the usual line, times which all were misheard
_LONGEST_UNHEARD = 3.0  # seconds of a line before or after the words of it that match
_PAUSE = 0.6  # seconds; a longer one separates what is said by different lines
_EDGE = 0.1  # seconds by which what is said between two lines may overlap them
_NEARBY = 0.5  # nats; the cost of a run of matches between two lines
_LEAST_NEARBY, _LEAST_NATS = 0.2, 8.0  # of the words of a line, and what they must say together
_SLOW = 1.5  # times the usual reading time
_AT_ONCE = 0.1  # seconds; between words that are said without a pause
_MORE_WORDS = 1.5  # words that are said, at most, for each one that does not match
_A_WORD = 0.5  # words
_REACH = 30.0  # seconds
_ROOM = 2.0  # times its usual length that a line may be away from the only neighbour
_OTHER_LENGTH = 3.0  # nats; what another number of words costs, times the log of the ratio
_FEWEST = 2  # words in other words
_LEAST_GUESS, _CLEAR_GUESS = -2.1, 1.5  # nats; the least score of a guess, by how much it must be the best
_CERTAIN, _LIKELY, _GUESSED = 0.97, 0.85, 0.6


@dataclass(frozen=True, slots=True)
class SpokenLines:
    """When M snippets are spoken.

    ``times`` (M, 2) are seconds, NaN for those that are not heard; ``certainty`` (M,) is the probability that
    they are right; ``rest`` are the words that belong to no line.
    """

    times: Floats
    certainty: Floats
    rest: tuple[TimedForm, ...]

    @property
    def heard(self) -> NDArray[np.bool_]:
        heard: NDArray[np.bool_] = ~np.isnan(self.times[:, 0])
        return heard


def lines_heard(heard: HeardWords, reading: Floats) -> SpokenLines:
    """The times of the lines of which enough words match; ``reading`` (M,) is the time that they take."""
    sure = np.flatnonzero(heard.confidence > SURE)
    snippets, count = np.unique(heard.snippet[sure], return_counts=True)
    missed = 1 - float(np.median(count / heard.words_of[snippets])) if len(snippets) else 0.0
    misheard = min(1.0, _OFTEN_MISHEARD * missed)

    def enough(words: int, share: float, _: float) -> bool:
        return share >= (_LEAST_HEARD if words > 1 else 2 * _LEAST_HEARD)

    return _lines(heard, sure, reading, enough, misheard=misheard)


def with_neighbours(
    lines: SpokenLines, texts: Sequence[str], reading: Floats, chosen: Iterable[int], language: str
) -> SpokenLines:
    """Also the ``chosen`` lines that are heard between their neighbours, in other words.

    ``texts`` (M) are empty where nothing is spoken.
    """
    allowed = set(chosen)
    for find in (_by_words, _by_length):
        for gap, begin, until in list(_gaps(lines, texts)):
            room = _ROOM * float(reading[gap].sum()) + _APART  # before the first line and after the last
            begin = begin if np.isfinite(begin) else until - room
            until = until if np.isfinite(until) else begin + room
            there = [w for w in lines.rest if w.start > begin - _EDGE and w.end < until + _EDGE]
            wanted = [line for line in gap if line in allowed]
            if wanted and there:
                found = find([texts[line] for line in wanted], reading[wanted], there, language)
                lines = _joined(lines, wanted, found)
    return replace(lines, times=_apart(lines.times))


def _gaps(lines: SpokenLines, texts: Sequence[str]) -> Iterator[tuple[list[int], float, float]]:
    """Runs of lines that are not heard, the end of the line before them, and the start of the next."""
    gap: list[int] = []
    begin = -np.inf
    for number, text in enumerate(texts):
        if not text:
            continue
        start, end = lines.times[number].tolist()
        if np.isnan(start):
            gap.append(number)
            continue
        if gap and start > begin:
            yield gap, begin, start
        begin, gap = end, []
    if gap and np.isfinite(begin):
        yield gap, begin, np.inf


def _lines(
    heard: HeardWords,
    words: NDArray[np.int64],
    reading: Floats,
    enough: Callable[[int, float, float], bool],
    certainty: float = _CERTAIN,
    misheard: float = 0.0,
) -> SpokenLines:
    """The lines of whose matching ``words`` the number, the share, and the nats that they say are ``enough``.

    Words that do not match are ``misheard`` with this probability, where nothing else was heard.
    """
    count = len(heard.words_of)
    times, sure = np.full((count, 2), np.nan), np.zeros(count)
    accepted: dict[int, NDArray[np.int64]] = {}
    snippets, first = np.unique(heard.snippet[words], return_index=True)
    for snippet, own in zip(snippets.tolist(), np.split(words, first)[1:], strict=True):
        group = _together(heard, own, float(reading[snippet]))
        share = len(group) / int(heard.words_of[snippet])
        if enough(len(group), share, float(heard.nats[group].sum())):
            accepted[snippet] = group
            sure[snippet] = _LIKELY + (certainty - _LIKELY) * min(1.0, share)
    others = np.delete(np.arange(len(heard.forms)), np.concatenate([np.zeros(0, int), *accepted.values()]))
    rest = sorted([*heard.rest, *(heard.forms[word] for word in others)], key=lambda word: word.start)
    starts = np.array([word.start for word in rest])
    for snippet, group in accepted.items():
        edges = (
            _Edge(float(heard.before[group[0]]), reading[snippet], heard.words_of[snippet]),
            _Edge(float(heard.after[group[-1]]), reading[snippet], heard.words_of[snippet]),
        )
        start, end = float(heard.start[group[0]]), float(heard.end[group[-1]])
        near = slice(*np.searchsorted(starts, (start - _REACH, end + _REACH)).tolist())
        times[snippet] = _said_around(start, end, *edges, rest[near], misheard)
    return SpokenLines(_apart(times), sure, _outside(rest, times))


def _together(heard: HeardWords, words: NDArray[np.int64], seconds: float) -> NDArray[np.int64]:
    """Those of the matching words of a line that are said close together: the likeliest group of them."""
    gaps = heard.start[words[1:]] - heard.end[words[:-1]]
    between = 1 - heard.after[words[:-1]] - heard.before[words[1:]]
    groups = np.split(words, np.flatnonzero(gaps > _APART + seconds * np.abs(between)) + 1)
    return max(groups, key=lambda group: float(heard.confidence[group].sum()))


class _Edge(NamedTuple):
    """What does not match at one end of a line: its share of the line, which takes ``reading`` seconds."""

    share: float
    reading: float
    words: int

    @property
    def seconds(self) -> float:
        return self.share * self.reading

    @property
    def most_words(self) -> float:
        """How many words it may have in other words; none where all of the line matches."""
        return _MORE_WORDS * self.share * self.words + 1 if self.share * self.words >= _A_WORD else 0.0


def _said_around(
    start: float, end: float, before: _Edge, after: _Edge, rest: Sequence[TimedForm], misheard: float
) -> tuple[float, float]:
    """When a line is said whose words from ``start`` to ``end`` match.

    Words that match nothing and are said close to these are its own, in other words: up to the time that it
    takes to read those that do not match, and without any pause about as many as do not match. Without any
    such words, these were misheard, or not said.
    """
    first, last = start, end
    early, late = 0, 0
    for word in reversed([word for word in rest if word.end <= start + _EDGE]):
        gap = first - word.end
        is_soon = start - _SLOW * before.seconds - _PAUSE <= word.start and gap <= _PAUSE
        if not is_soon and not (gap <= _AT_ONCE and early < before.most_words):
            break
        first, early = word.start, early + 1
    for word in (word for word in rest if word.start >= end - _EDGE):
        gap = word.start - last
        is_soon = word.end <= end + _SLOW * after.seconds + _PAUSE and gap <= _PAUSE
        if not is_soon and not (gap <= _AT_ONCE and late < after.most_words):
            break
        last, late = word.end, late + 1
    return (
        first if early else start - misheard * min(before.seconds, _LONGEST_UNHEARD),
        last if late else end + misheard * min(after.seconds, _LONGEST_UNHEARD),
    )


def _by_words(
    texts: Sequence[str], reading: Floats, there: Sequence[TimedForm], language: str
) -> SpokenLines:
    """Lines (K) between two others of which some words match what is left ``there``."""
    found = match_words(texts, there, language, opening=_NEARBY)
    words = np.arange(len(found.snippet))
    return _lines(
        found,
        words,
        reading,
        lambda words, share, nats: (
            share >= 2 * _LEAST_HEARD or (words > 1 and share >= _LEAST_NEARBY and nats >= _LEAST_NATS)
        ),
        _LIKELY,
    )


def _by_length(texts: Sequence[str], _: Floats, there: Sequence[TimedForm], language: str) -> SpokenLines:
    """The line between two others that alone is about as long as all that is left ``there``."""
    times, sure = np.full((len(texts), 2), np.nan), np.zeros(len(texts))
    if len(there) < _FEWEST:
        return SpokenLines(times, sure, tuple(there))
    found = match_words(texts, there, language, opening=0.0)
    nats = np.bincount(found.snippet, found.nats, minlength=len(texts))
    ratio = np.log(np.maximum(found.words_of, 1) / len(there))
    scores = nats - _OTHER_LENGTH * np.abs(ratio)
    best = int(scores.argmax())
    if scores[best] >= _LEAST_GUESS and (np.delete(scores, best) <= scores[best] - _CLEAR_GUESS).all():
        times[best], sure[best] = (there[0].start, there[-1].end), _GUESSED
    return SpokenLines(times, sure, _outside(there, times))


def _joined(lines: SpokenLines, numbers: Sequence[int], found: SpokenLines) -> SpokenLines:
    """The lines with those that were ``found`` among the numbers (K)."""
    if not found.heard.any():
        return lines
    times, certainty = lines.times.copy(), lines.certainty.copy()
    own = np.array(numbers)[found.heard]
    times[own], certainty[own] = found.times[found.heard], found.certainty[found.heard]
    return SpokenLines(times, certainty, _outside(lines.rest, found.times))


def _outside(words: Sequence[TimedForm], times: Floats) -> tuple[TimedForm, ...]:
    """The words whose middle is in none of the lines (K, 2)."""
    lines = times[~np.isnan(times[:, 0])]
    if not len(lines) or not words:
        return tuple(words)
    lines = lines[np.argsort(lines[:, 0])]
    middles = np.array([(word.start + word.end) / 2 for word in words])
    own = np.searchsorted(lines[:, 0], middles, side="right") - 1
    inside = (own >= 0) & (middles <= lines[np.maximum(own, 0), 1])
    return tuple(word for word, taken in zip(words, inside, strict=True) if not taken)


def _apart(times: Floats) -> Floats:
    """Lines that reach into the next one, cut where that one begins."""
    order = np.argsort(times[:, 0], kind="stable")
    order = order[~np.isnan(times[order, 0])]
    for earlier, later in pairwise(order):
        if times[earlier, 1] > times[later, 0]:
            middle = (times[earlier, 1] + times[later, 0]) / 2
            middle = min(max(middle, times[earlier, 0]), times[later, 1])
            times[earlier, 1] = times[later, 0] = middle
    return times
