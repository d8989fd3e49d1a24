"""Text and snippets, split as the user chose."""

from itertools import accumulate, pairwise

from mmtool.choices import TextSplit
from mmtool.records import Snippet
from mmtool.text.phrases import split_phrases
from mmtool.text.sentences import split_sentences

__all__ = ["split_phrases", "split_sentences", "split_snippet", "split_text"]


def split_text(text: str, split: TextSplit) -> list[str]:
    """Split ``text``, its white space collapsed, into pieces; blank text has none."""
    match split:
        case TextSplit.SENTENCES:
            return split_sentences(text)
        case TextSplit.PHRASES:
            return split_phrases(text)
        case TextSplit.NONE:
            whole = " ".join(text.split())
            return [whole] if whole else []


def split_snippet(snippet: Snippet, split: TextSplit) -> list[Snippet]:
    """Split a snippet; its time, if it has one, is shared out in proportion to the pieces' characters."""
    pieces = split_text(snippet.text, split)
    if snippet.start is None or snippet.end is None:
        return [Snippet(piece) for piece in pieces]
    shares = [0, *accumulate(len(piece) for piece in pieces)]
    duration = snippet.end - snippet.start
    borders = [snippet.start + duration * share / shares[-1] for share in shares[:-1]]
    return [
        Snippet(piece, start, end)
        for piece, (start, end) in zip(pieces, pairwise([*borders, snippet.end]), strict=True)
    ]
