"""Whether the lines of a plain text are snippets, paragraphs or hard-wrapped, for ``split=auto``."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from mmtool.text.languages import WITHOUT_SPACES
from mmtool.text.sentences import sentence_spans
from mmtool.text.spans import collapse

_SAMPLE = 2000  # lines that are looked at
_SENTENCES = 3  # of a line that is a paragraph; two are enough for a long one
_LONG = 150  # characters
_LONG_WITHOUT_SPACES = 50
_FEW = 3  # lines: where there are no more, two sentences are a paragraph
_NARROWEST = 40  # characters of the longest line of a hard-wrapped text
_NARROWEST_WITHOUT_SPACES = 16
_LEAST_BREAKS = 3  # lines that are broken because the next word does not fit
_SHARE_OF_BREAKS = 0.8
_SHARE_INSIDE = 0.3  # of the breaks that are inside of a sentence
_ENDS = (".", "!", "?", "…", "。", "！", "？", ":", '"', "”", "’", "»", "」", ")", "]")


class Layout(StrEnum):
    """What the lines of a plain text are."""

    SNIPPETS = "snippets"
    PARAGRAPHS = "paragraphs"
    WRAPPED = "wrapped"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the lines are, and how many of them are not blank and hold several sentences."""

    layout: Layout
    lines: int
    several: int


def judge_lines(lines: Sequence[str], language: str) -> Judgement:
    """Judge the lines of a plain text by their sentences and by where they break.

    Lines are paragraphs if those of three sentences (two where they are long, or where the text has only a
    few lines) hold at least half of the text. They are hard-wrapped if nearly every line ends where
    the first word of the next one would have made it too long.

    Args:
        lines: The lines, blank ones included.
        language: Code of the language, which decides where sentences end.
    """
    texts = [collapse(line) for line in lines]
    full = [text for text in texts if text]
    if _is_wrapped(texts[:_SAMPLE], spaces=language not in WITHOUT_SPACES):
        return Judgement(Layout.WRAPPED, len(full), 0)
    long = _LONG_WITHOUT_SPACES if language in WITHOUT_SPACES else _LONG
    total = in_paragraphs = several = 0
    for text in full[:_SAMPLE]:
        sentences = sum(1 for _ in sentence_spans(text, language))
        total += len(text)
        several += sentences > 1
        if sentences >= _SENTENCES or (sentences == 2 and (len(text) >= long or len(full) <= _FEW)):
            in_paragraphs += len(text)
    layout = Layout.PARAGRAPHS if total and 2 * in_paragraphs >= total else Layout.SNIPPETS
    return Judgement(layout, len(full), several)


def _is_wrapped(texts: Sequence[str], *, spaces: bool) -> bool:
    width = max((len(text) for text in texts), default=0)
    if width < (_NARROWEST if spaces else _NARROWEST_WITHOUT_SPACES):
        return False
    breaks = [(line, following) for line, following in pairwise(texts) if line and following]
    full = [line for line, following in breaks if len(line) + _next(following, spaces=spaces) > width]
    inside = sum(not line.endswith(_ENDS) for line in full)
    return (
        len(full) >= _LEAST_BREAKS
        and len(full) >= _SHARE_OF_BREAKS * len(breaks)
        and inside >= _SHARE_INSIDE * len(full)
    )


def _next(following: str, *, spaces: bool) -> int:
    """Characters that the next word would have taken on the line before."""
    return 1 + len(following.split(" ", 1)[0]) if spaces else 2
