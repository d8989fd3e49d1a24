"""Plain text: one passage per line, or per paragraph where texts are split further."""

from collections.abc import Iterator

from mmtool.text.source import Passage, Source, plain_parts


def read_lines(source: Source) -> Iterator[Passage]:
    """Yield each line."""
    for start, end in source.lines():
        yield Passage(plain_parts(source.text, start, end))


def read_paragraphs(source: Source) -> Iterator[Passage]:
    """Yield each run of lines that are not blank: a paragraph that may be hard-wrapped."""
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
