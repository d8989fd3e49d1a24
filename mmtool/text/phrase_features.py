"""Features of the gap between two words of an English sentence, with readable names.

The feature ``after , and`` is present where the gap has a comma before it and "and" after it. A word is also
represented by its shape (``*ed``, ``*Capital``, ``*number``), which generalises to unseen words.
"""

from collections.abc import Iterator, Sequence

from mmtool.text.english import LINKS, VERBS

MARKS = ",;:–—-،，、；："
CLOSERS = "\"'”’)]»"
OPENERS = "\"'“‘([«"

_ENDINGS = ("ing", "ed", "ly", "ion", "er", "en", "s")
_NEAR = 12  # words; marks further away do not count


class _Word:
    """A word without its punctuation, its shape, the mark after it, and whether it may be a verb."""

    __slots__ = ("core", "mark", "shape", "verb")

    def __init__(self, word: str) -> None:
        core = word.strip(CLOSERS + OPENERS + MARKS + ".!?…").lower()
        self.core = core or word
        self.mark = word.rstrip(CLOSERS)[-1:]
        self.mark = self.mark if self.mark and self.mark in MARKS else ""
        self.shape = _shape_of(word, core)
        self.verb = core in VERBS or (
            self.shape in ("*ed", "*s") and len(core) > 4 and not core.endswith(("ss", "us", "'s", "’s"))
        )


def _shape_of(word: str, core: str) -> str:
    first = word.lstrip(OPENERS)[:1]
    if first.isupper():
        return "*Capital"
    if first.isdigit():
        return "*number"
    return next((f"*{end}" for end in _ENDINGS if core.endswith(end) and len(core) > len(end) + 2), "*")


_BEFORE, _AFTER = _Word("<"), _Word(">")  # stand for words beyond the sentence


def gap_features(words: Sequence[str]) -> Iterator[list[str]]:
    """Yield the features of each of the n - 1 gaps of a sentence of n words."""
    count = len(words)
    known: dict[str, _Word] = {}
    sentence = [known.get(word) or known.setdefault(word, _Word(word)) for word in words]
    padded = [_BEFORE, _BEFORE, *sentence, _AFTER, _AFTER, _AFTER]
    marked = [0, *(i for i in range(1, count) if sentence[i - 1].mark), count]
    links = [i for i in range(1, count) if sentence[i].core in LINKS]
    verbs = [0]
    for word in sentence:
        verbs.append(verbs[-1] + word.verb)

    around: dict[tuple[_Word, ...], list[str]] = {}  # texts without end repeat few words
    left = 0  # index into `marked` of the last mark before the gap
    links_before = 0
    for gap in range(1, count):
        while marked[left + 1] < gap:
            left += 1
        while links_before < len(links) and links[links_before] < gap:
            links_before += 1
        right = left + 2 if marked[left + 1] == gap else left + 1
        last, following = marked[left], marked[right]
        near = tuple(padded[gap : gap + 5])
        if near not in around:
            around[near] = _around(near)
        mark = sentence[gap - 1].mark
        features = [
            *around[near],
            f"words before {mark} {min(gap, 14)}",
            f"words after {mark} {min(count - gap, 14)}",
            f"since mark {mark} {min(gap - last, 10)}",
            f"to mark {mark} {min(following - gap, 10)}",
            f"part {mark} {min(gap - last, 6) // 2} {min(following - gap, 6) // 2} {int(last > 0)} "
            f"{int(following < count)}",
            f"marks {mark} {min(len(marked) - 2, 4)}",
            f"length {mark} {min(count // 4, 10)}",
            f"first {mark} {sentence[0].core}",
            f"verbs {mark} {min(verbs[gap] - verbs[last], 2)} {min(verbs[following] - verbs[gap], 2)}",
            f"links before {mark} {min(links_before, 3)}",
            f"links after {mark} {min(len(links) - links_before - (sentence[gap].core in LINKS), 3)}",
        ]
        if following < count and following - gap < _NEAR:
            features.append(f"at next mark {mark} {sentence[following].core}")
        if last > 0 and gap - last < _NEAR:
            features.append(f"at last mark {mark} {sentence[last].core}")
        yield features


def _around(near: Sequence[_Word]) -> list[str]:
    """Features of the two words before and the three after the gap."""
    second, before, after, next_, third = near
    mark = before.mark
    verb_soon = int(after.verb or next_.verb or third.verb)
    return [
        f"mark {mark}",
        f"after {mark} {after.core}",
        f"after {mark} {after.shape}",
        f"after {mark} {after.core} {next_.core}",
        f"after {mark} {after.core} {next_.shape}",
        f"after {mark} {after.core} {next_.shape} {third.shape}",
        f"after {mark} {after.shape} {next_.core}",
        f"before {mark} {before.core}",
        f"before {mark} {before.shape}",
        f"before {mark} {second.core} {before.core}",
        f"around {mark} {before.core} {after.core}",
        f"around {mark} {before.shape} {after.core}",
        f"around {mark} {before.shape} {after.shape} {next_.shape}",
        f"second after {next_.core}",
        f"second after {next_.shape}",
        f"second before {second.core}",
        f"second before {second.shape}",
        f"third after {third.core}",
        f"ending {mark} {after.core[-3:]}",
        f"verb after {mark} {after.core} {verb_soon}",
    ]
