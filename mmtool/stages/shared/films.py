"""Films that were there when they were segmented, and are not any more."""

from collections.abc import Container, Iterable

from mmtool.formats.corpus import Corpus
from mmtool.formats.provenance import recorded_inputs
from mmtool.video import VIDEO_SUFFIXES


def moved_films(corpus: Corpus, ids: Iterable[str], present: Container[str]) -> list[str]:
    """Names of the films of ``ids`` from which clips were made, but which are not ``present``.

    Clips that were imported, or written by hand, need no film.
    """
    return [
        name
        for id in ids
        if id not in present
        for name in recorded_inputs(corpus.clips(id))
        if name.lower().endswith(VIDEO_SUFFIXES)
    ]


def moved_note(corpus: Corpus, ids: Iterable[str], present: Container[str]) -> str:
    """A note on films that are not there any more; empty if all are."""
    moved = moved_films(corpus, ids, present)
    if not moved:
        return ""
    more = f" and {len(moved) - 1} more" if len(moved) > 1 else ""
    name = corpus.root / "videos" / moved[0]
    return f"{name}{more}: was segmented, but is not there any more; if it was moved, put it back"
