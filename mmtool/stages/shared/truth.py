"""The annotations of one video, as training and evaluation read them."""

from collections.abc import Sequence

from mmtool.alignment.timing.fit import AnnotatedNarration
from mmtool.errors import InputError
from mmtool.evaluation.truth import UnknownAnnotationError, match_annotations
from mmtool.formats.annotations import read_annotations
from mmtool.formats.corpus import Corpus
from mmtool.records import Clip, Interval, Snippet
from mmtool.stages.shared.clips_and_snippets import read_pair


def read_truth(
    corpus: Corpus, id: str, clips: Sequence[Clip], snippets: Sequence[Snippet]
) -> list[Interval | None]:
    """The annotated interval of each of the M snippets; None for a snippet that matches nothing.

    Raises InputError for an annotation outside the video, or whose text is not that of a snippet.
    """
    path = corpus.annotations(id)
    annotations = read_annotations(path)
    end = clips[-1].end
    for annotation in annotations:
        if annotation.start >= end:
            raise InputError(
                path,
                f"{annotation.start:g}–{annotation.end:g} s is outside the video, which ends at {end:g} s",
                "correct it",
            )
    try:
        return match_annotations(snippets, annotations)
    except UnknownAnnotationError as error:
        raise InputError(
            path,
            f"line {error.index + 1} {error.text[:40]!r} does not match a remaining snippet",
            f"use the same texts in the same order in snippets/{id}.csv and the annotations",
        ) from error


def read_narration(corpus: Corpus, id: str, title: str) -> AnnotatedNarration:
    """One annotated video, in the form from which the semi-Markov model learns."""
    clips, snippets = read_pair(corpus, id)
    return AnnotatedNarration(
        clips=[clip.interval for clip in clips],
        texts=[snippet.text for snippet in snippets],
        truth=read_truth(corpus, id, clips, snippets),
        title=title,
    )
