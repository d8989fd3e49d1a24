"""How long the elements of a screenplay last in its film."""

from collections.abc import Sequence

import numpy as np

from mmtool.arrays import Floats
from mmtool.records import Snippet
from mmtool.screenplay_kinds import ACTION, SCENE, SPOKEN, is_screenplay

# a page of 55 lines lasts about a minute; a line of action has about 60 characters
_SECONDS_A_LINE, _CHARACTERS_A_LINE = 60 / 55, 60
_LINES_AROUND = 1  # blank ones after each element
_HEADING_LINES = 2


def screen_seconds(snippets: Sequence[Snippet], reading: Floats) -> Floats:
    """How long (M,) each snippet lasts: what is spoken as long as it takes to read aloud (M,).

    Headings and action last as long as they take space on the page, and all others no time. Other texts than
    screenplays are read aloud.
    """
    if not is_screenplay(snippets):
        return reading
    seconds = np.zeros(len(snippets))
    for number, snippet in enumerate(snippets):
        if snippet.kind in SPOKEN:
            seconds[number] = reading[number]
        elif snippet.kind == SCENE:
            seconds[number] = (_HEADING_LINES + _LINES_AROUND) * _SECONDS_A_LINE
        elif snippet.kind == ACTION:
            lines = len(snippet.text) / _CHARACTERS_A_LINE + _LINES_AROUND
            seconds[number] = lines * _SECONDS_A_LINE
    return seconds
