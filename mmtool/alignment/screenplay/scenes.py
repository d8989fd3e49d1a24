"""The scenes of a screenplay, from one heading to the next."""

from collections.abc import Sequence
from typing import NamedTuple

from mmtool.records import Snippet
from mmtool.screenplay_kinds import SCENE


class Scene(NamedTuple):
    """Snippets ``[first, end)``; the first is the heading, but for what comes before the first heading."""

    first: int
    end: int

    @property
    def snippets(self) -> range:
        return range(self.first, self.end)


def scenes_of(snippets: Sequence[Snippet]) -> list[Scene]:
    """The scenes, in order; together they hold every snippet."""
    starts = [number for number, snippet in enumerate(snippets) if snippet.kind == SCENE or number == 0]
    return [Scene(first, end) for first, end in zip(starts, [*starts[1:], len(snippets)], strict=True)]


def name_of(scene: Scene, snippets: Sequence[Snippet]) -> str:
    """The heading of a scene, with its line where that is known."""
    heading = snippets[scene.first]
    name = heading.text if heading.kind == SCENE else "what precedes the first scene"
    return name if heading.place is None else f"{name} (line {heading.place.line})"
