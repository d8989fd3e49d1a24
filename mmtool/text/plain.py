"""Plain text: a passage a line, or a paragraph where it is split further."""

from collections.abc import Iterator

from mmtool.text.source import Passage, Source, plain_parts


def read_lines(source: Source) -> Iterator[Passage]:
    """Yield each line."""
    for start, end in source.lines():
        yield Passage(plain_parts(source.text, start, end))


def read_paragraphs(source: Source) -> Iterator[Passage]:
    """Yield each run of lines that are not blank: one paragraph, hard-wrapped."""
    begin = None
    for start, end in source.lines():
        if source.text[start:end].strip():
            begin = start if begin is None else begin
            stop = end
        elif begin is not None:
            yield Passage(plain_parts(source.text, begin, stop))
            begin = None
    if begin is not None:
        yield Passage(plain_parts(source.text, begin, stop))
