"""Splitting texts and passages as the user chose."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import accumulate, pairwise

from mmtool.choices import TextSplit
from mmtool.records import Snippet
from mmtool.text.phrases import phrase_spans
from mmtool.text.sentences import sentence_spans
from mmtool.text.source import Passage, Source
from mmtool.text.spans import Span, collapse, whole_span

Splitter = Callable[[str], Iterable[Span]]
"""Returns the spans of the pieces of a text, in order; they cover everything but white space."""


def splitter(split: TextSplit, language: str) -> Splitter:
    """The splitter for a way of splitting and the ISO 639 code of a language.

    What ``auto`` stands for depends on the whole text, which the reader knows; a passage it leaves as it is.
    """
    match split:
        case TextSplit.NONE | TextSplit.AUTO:
            return whole_span
        case TextSplit.SENTENCES:
            return partial(sentence_spans, language=language)
        case TextSplit.PHRASES:
            return lambda text: phrase_spans(text, sentence_spans(text, language), language)


def snippets_of(source: Source, passage: Passage, split: Splitter) -> Iterator[Snippet]:
    """Split a passage; its time, if any, is divided in proportion to the characters of the pieces."""
    text = passage.text
    spans = list(whole_span(text) if passage.whole else split(text))
    if len(spans) == 1:  # as for nearly all passages of most texts
        (first, last), (place,) = spans[0], passage.places(source, spans)
        begins, ends = passage.times or (None, None)
        yield Snippet(collapse(text[first:last]), begins, ends, passage.kind, place)
        return
    pieces = [collapse(text[start:end]) for start, end in spans]
    places = passage.places(source, spans)
    if passage.times is None:
        for piece, place in zip(pieces, places, strict=True):
            yield Snippet(piece, kind=passage.kind, place=place)
        return
    shares = [0, *accumulate(len(piece) for piece in pieces)]
    begin, until = passage.times
    borders = [begin + (until - begin) * share / shares[-1] for share in shares[:-1]]
    for piece, place, (start, end) in zip(pieces, places, pairwise([*borders, until]), strict=True):
        yield Snippet(piece, start, end, passage.kind, place)
