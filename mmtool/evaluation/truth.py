"""Which annotation is the truth about which snippet."""

from collections.abc import Sequence

from mmtool.records import Annotation, Interval, Snippet


class UnknownAnnotationError(ValueError):
    """Annotation ``index`` (from 0) says a text that no snippet has, or none after the one before it."""

    def __init__(self, index: int, text: str) -> None:
        self.index = index
        self.text = text
        super().__init__(f"annotation {index + 1} fits no snippet in reading order: {text!r}")


def match_annotations(
    snippets: Sequence[Snippet], annotations: Sequence[Annotation]
) -> list[Interval | None]:
    """Find the annotated interval of each of the M snippets; None where a snippet has no annotation.

    Texts are equal regardless of case and white space. Every annotation takes the first snippet with
    its text after the snippet of the annotation before it; this finds a place for all of them
    whenever there is one.

    Raises:
        UnknownAnnotationError: an annotation finds no snippet.
    """
    texts = [_normalised(snippet.text) for snippet in snippets]
    truth: list[Interval | None] = [None] * len(snippets)
    following = 0
    for index, annotation in enumerate(annotations):
        try:
            found = texts.index(_normalised(annotation.text), following)
        except ValueError:
            raise UnknownAnnotationError(index, annotation.text) from None
        truth[found] = annotation.interval
        following = found + 1
    return truth


def _normalised(text: str) -> str:
    return " ".join(text.split()).casefold()
