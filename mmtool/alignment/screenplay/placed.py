"""A screenplay and a transcript → when each of its elements is told or seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmtool.alignment.screenplay.between import with_what_is_seen
from mmtool.alignment.screenplay.lasting import screen_seconds
from mmtool.alignment.screenplay.lines import SpokenLines, lines_heard, with_neighbours
from mmtool.alignment.screenplay.moved import find_scenes
from mmtool.alignment.screenplay.scenes import Scene, name_of, scenes_of
from mmtool.alignment.words.heard import HeardWords
from mmtool.arrays import Floats
from mmtool.records import Snippet
from mmtool.screenplay_kinds import SPOKEN, spoken_texts_of

_SEEN_CERTAINTY = 0.7  # of headings and action, which are placed by what they stand between
_NAMED = 3  # scenes that a note names


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardScreenplay:
    """What was heard of the M elements of a screenplay.

    Attributes:
        lines: When the lines of dialogue are spoken.
        scenes: All scenes, in order.
        moved: The scenes that are told at another place.
        unheard: The scenes whose dialogue is not heard.
        seconds: How long (M,) each element usually lasts.
    """

    snippets: Sequence[Snippet]
    lines: SpokenLines
    scenes: Sequence[Scene]
    moved: Sequence[Scene]
    unheard: Sequence[Scene]
    seconds: Floats

    def times(self, bounds: Floats) -> Floats:
        """The times (M, 2) of all elements in a film with these cuts (N + 1,); NaN for those not placed."""
        return with_what_is_seen(
            self.lines.times,
            self.snippets,
            self.scenes,
            frozenset(self.unheard),
            self.seconds,
            bounds,
            self.lines.rest,
        )

    @property
    def certainty(self) -> Floats:
        """The probability (M,) that the time of each element is right."""
        return np.where(self.lines.heard, self.lines.certainty, _SEEN_CERTAINTY)

    def notes(self) -> list[str]:
        """What the user should know: lines and scenes that are not heard, or not in order."""
        spoken = sum(snippet.kind in SPOKEN for snippet in self.snippets)
        missing = spoken - int(self.lines.heard.sum())
        notes = []
        if missing:
            notes.append(f"{missing} of {_counted(spoken, 'line')} of dialogue not heard, and not placed")
        if self.unheard:
            names = _named([name_of(scene, self.snippets) for scene in self.unheard])
            notes.append(
                f"{_counted(len(self.unheard), 'scene')} not heard at all, perhaps cut from the film: {names}"
            )
        if self.moved:
            names = _named([f"{name_of(s, self.snippets)} at {self._start_of(s)}" for s in self.moved])
            notes.append(
                f"{_counted(len(self.moved), 'scene')} told at another place than in the text: {names}"
            )
        return notes

    def _start_of(self, scene: Scene) -> str:
        second = int(np.nanmin(self.lines.times[scene.first : scene.end, 0]))
        return f"{second // 3600}:{second // 60 % 60:02}:{second % 60:02}"


def heard_screenplay(
    snippets: Sequence[Snippet], heard: HeardWords, reading: Floats, language: str = ""
) -> HeardScreenplay:
    """Find the lines of a screenplay in what was heard of them, and the scenes that are not in order.

    Args:
        snippets: The elements (M).
        heard: The words of the dialogue that were heard.
        reading: The seconds (M,) that the texts take to read aloud.
        language: The language of the texts (ISO 639-1), or empty.
    """
    texts, scenes = spoken_texts_of(snippets), scenes_of(snippets)
    seconds = screen_seconds(snippets, reading)
    lines = lines_heard(heard, reading)
    lines, moved, unheard = find_scenes(lines, scenes, texts, reading, language)
    elsewhere = {number for scene in (*moved, *unheard) for number in scene.snippets}
    in_place = [number for number, text in enumerate(texts) if text and number not in elsewhere]
    own = [text if number not in elsewhere else "" for number, text in enumerate(texts)]
    lines = with_neighbours(lines, own, reading, in_place, language)
    for scene in moved:
        inside = [text if number in scene.snippets else "" for number, text in enumerate(texts)]
        lines = with_neighbours(lines, inside, reading, scene.snippets, language)
    return HeardScreenplay(
        snippets=snippets, lines=lines, scenes=scenes, moved=moved, unheard=unheard, seconds=seconds
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count:,} {noun}s"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
