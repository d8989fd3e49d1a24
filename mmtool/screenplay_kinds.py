"""Kinds of the snippets of a screenplay: what is spoken, what is seen, and what is neither."""

from collections.abc import Sequence

from mmtool.records import Snippet

SCENE, ACTION = "scene", "action"
SPOKEN = frozenset({"dialogue", "lyrics"})
SEEN = frozenset({SCENE, ACTION})
NEITHER = frozenset({"character", "parenthetical", "transition", "page"})


def is_screenplay(snippets: Sequence[Snippet]) -> bool:
    """Whether these are the elements of a screenplay: dialogue, in scenes or by characters."""
    kinds = {snippet.kind for snippet in snippets}
    return bool(kinds & SPOKEN) and bool(kinds & {SCENE, "character"}) and kinds <= SPOKEN | SEEN | NEITHER


def placeable_texts(snippets: Sequence[Snippet]) -> list[str]:
    """The texts; those that are neither spoken nor seen are empty, and get no clip."""
    if not is_screenplay(snippets):
        return [snippet.text for snippet in snippets]
    return ["" if snippet.kind in NEITHER else snippet.text for snippet in snippets]


def spoken_texts_of(snippets: Sequence[Snippet]) -> list[str]:
    """The texts that are spoken; all others are empty."""
    return [snippet.text if snippet.kind in SPOKEN else "" for snippet in snippets]
