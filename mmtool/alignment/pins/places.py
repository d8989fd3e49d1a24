"""Where a text stands among the snippets of a film, however they are split."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import accumulate
from typing import NamedTuple

# A word, or one character of a script that is written without spaces.
_WORD = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\W\u0e00-\u0eff\u1780-\u17ff"
                   r"\u3040-\u30ff\u3400-\u9fff]+")  # fmt: skip
_APOSTROPHES = re.compile("['’`´]")


class Found(NamedTuple):
    """Snippets ``first`` to ``last``, both included, in which a text stands.

    ``begins`` and ``ends`` say whether it begins with the first and ends with the last of them.
    """

    first: int
    last: int
    begins: bool
    ends: bool

    @property
    def whole(self) -> bool:
        return self.begins and self.ends


class Places:
    """Finds texts among M snippets by their words; case, punctuation and white space do not count."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        words = [_words(text) for text in texts]
        self._first = list(accumulate((len(own) for own in words), initial=0))  # (M + 1,)
        self._words = [word for own in words for word in own]
        self._at: dict[str, list[int]] = {}
        for position, word in enumerate(self._words):
            self._at.setdefault(word, []).append(position)

    def all_of(self, text: str) -> list[Found]:
        """All places of a text in order: runs of whole snippets or, if there are none, any others."""
        found = list(self._occurrences(_words(text)))
        return [place for place in found if place.whole] or found

    def find(self, text: str, occurrence: int) -> Found | None:
        """The place of an occurrence, counted from 1; None where there is none."""
        found = self.all_of(text)
        return found[occurrence - 1] if occurrence <= len(found) else None

    def nearest(self, text: str) -> tuple[int, float] | None:
        """The snippet whose text is most similar, and the similarity 0..1; None without snippets."""
        matcher = SequenceMatcher(autojunk=False)
        matcher.set_seq2(" ".join(_words(text)))
        best: tuple[int, float] | None = None
        for number, other in enumerate(self.texts):
            matcher.set_seq1(" ".join(_words(other)))
            least = 0.0 if best is None else best[1]
            if matcher.real_quick_ratio() > least and matcher.quick_ratio() > least:
                ratio = matcher.ratio()
                if ratio > least:
                    best = number, ratio
        return best

    def _occurrences(self, words: Sequence[str]) -> Iterator[Found]:
        """Yield the places of words, without overlaps."""
        free = 0
        for start in self._at.get(words[0], ()):
            end = start + len(words)
            if start >= free and self._words[start:end] == list(words):
                free = end
                first, last = (bisect_right(self._first, position) - 1 for position in (start, end - 1))
                yield Found(first, last, self._first[first] == start, self._first[last + 1] == end)


def _words(text: str) -> list[str]:
    """The words of a text; one without letters and digits is a word by itself."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _WORD.findall(_APOSTROPHES.sub("", plain)) or [" ".join(plain.split())]
