"""Matching of annotations with snippets."""

from collections.abc import Sequence

from mmtool.records import Annotation, Interval, Snippet


class UnknownAnnotationError(ValueError):
    """The text of annotation ``index`` (from 0) is not found after the previous annotation's snippet."""

    def __init__(self, index: int, text: str) -> None:
        self.index = index
        self.text = text
        super().__init__(f"annotation {index + 1} matches no further snippet in reading order: {text!r}")


def match_annotations(
    snippets: Sequence[Snippet], annotations: Sequence[Annotation]
) -> list[Interval | None]:
    """Find the annotated interval of each of the M snippets; None where a snippet has no annotation.

    Texts are compared regardless of case and white space. Each annotation takes the first snippet with
    its text after the snippet of the previous annotation; this places all annotations whenever that is
    possible.

    Raises:
        UnknownAnnotationError: An annotation has no matching snippet.
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
