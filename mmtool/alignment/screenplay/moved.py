"""Scenes that are told at another place than the screenplay says, and scenes of which nothing is heard."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mmtool.alignment.screenplay.lines import SpokenLines, lines_heard
from mmtool.alignment.screenplay.scenes import Scene
from mmtool.alignment.words.heard import match_words
from mmtool.arrays import Floats

_FEWEST_WORDS = 5  # of the dialogue of a scene that can be told from another
_IN_PLACE = 0.25  # of a scene's words that are heard where it belongs
_ELSEWHERE = 0.4  # of them that must be heard elsewhere


class ScenesFound(NamedTuple):
    """The lines, scenes among them that are told elsewhere and scenes that are not heard."""

    lines: SpokenLines
    moved: list[Scene]
    unheard: list[Scene]


def find_scenes(
    lines: SpokenLines, scenes: Sequence[Scene], texts: Sequence[str], reading: Floats, language: str
) -> ScenesFound:
    """Look for scenes that are not heard in order among the words that are left over.

    ``texts`` (M) are those that are spoken, and ``reading`` (M,) the time that they take.
    """
    words = np.array([len(text.split()) for text in texts])
    moved, unheard = [], []
    for scene in scenes:
        own = np.array(scene.snippets)
        total, heard = int(words[own].sum()), int(words[own][lines.heard[own]].sum())
        if total < _FEWEST_WORDS or heard >= _IN_PLACE * total:
            continue
        found = match_words([texts[number] for number in own], lines.rest, language)
        elsewhere = lines_heard(found, reading[own])
        there = int(words[own][elsewhere.heard].sum())
        if there >= max(_ELSEWHERE * total, 2 * heard, _FEWEST_WORDS):
            times, certainty = lines.times.copy(), lines.certainty.copy()
            times[own], certainty[own] = elsewhere.times, elsewhere.certainty
            lines = replace(lines, times=times, certainty=certainty, rest=found.rest)
            moved.append(scene)
        elif not heard:
            unheard.append(scene)
    return ScenesFound(lines, moved, unheard)
