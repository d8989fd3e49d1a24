"""The truth about one video, as training and evaluation read it; not a stage of its own."""

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
    """The annotated interval of each of the M snippets, None where it describes nothing.

    Raises InputError for an annotation outside the video or of a text that is no snippet.
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
            f"line {error.index + 1} {error.text[:40]!r} is the text of no further snippet",
            f"give snippets/{id}.csv and the annotations the same texts in the same order",
        ) from error


def read_narration(corpus: Corpus, id: str, title: str) -> AnnotatedNarration:
    """One annotated video, as the semi-Markov model learns from it."""
    clips, snippets = read_pair(corpus, id)
    return AnnotatedNarration(
        clips=[clip.interval for clip in clips],
        texts=[snippet.text for snippet in snippets],
        truth=read_truth(corpus, id, clips, snippets),
        title=title,
    )
