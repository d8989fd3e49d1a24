"""Headings and action: between the lines of dialogue around them, within their scene."""

from collections.abc import Container, Sequence
from itertools import pairwise

import numpy as np

from mmtool.alignment.screenplay.scenes import Scene
from mmtool.alignment.words.heard import TimedForm
from mmtool.arrays import Floats
from mmtool.records import Snippet
from mmtool.screenplay_kinds import SCENE, SEEN

_SHORTEST = 0.4  # seconds; what is told without a pause shows nothing else
_LONGEST, _BESIDE = 2.0, 3.0  # times its usual length, and seconds: before the first line and after the last


def with_what_is_seen(
    times: Floats,
    snippets: Sequence[Snippet],
    scenes: Sequence[Scene],
    unheard: Container[Scene],
    seconds: Floats,
    bounds: Floats,
    speech: Sequence[TimedForm] = (),
) -> Floats:
    """The times (M, 2) with those of headings and action where there is room for them.

    The pause between two lines belongs to what stands between them, and between two scenes to the end of one
    and the beginning of the other, which starts at a cut. Scenes without dialogue lie between the others.

    Args:
        times: When lines are spoken, in seconds; NaN for all else.
        snippets: All elements.
        scenes: The scenes.
        unheard: Those that are not in the film.
        seconds: How long (M,) each element usually lasts.
        bounds: The film's cuts (N + 1,), ends included.
        speech: Words that belong to no line, in order. Headings and action have the longest time without any.
    """
    said = np.array([(word.start, word.end) for word in speech]).reshape(-1, 2)
    whole = times.copy()
    scene_of = np.repeat(np.arange(len(scenes)), [len(scene.snippets) for scene in scenes])
    silent = [not any(not np.isnan(times[n, 0]) for n in s.snippets) and s not in unheard for s in scenes]
    told = np.flatnonzero(~np.isnan(times[:, 0]))
    told = told[np.argsort(times[told, 0], kind="stable")]

    def seen(numbers: Sequence[int] | range) -> list[int]:
        return [n for n in numbers if snippets[n].kind in SEEN and np.isnan(times[n, 0])]

    def after(line: int) -> list[int]:
        """What follows a line within its scene, up to the next line that is told."""
        end = scenes[scene_of[line]].end
        stop = next((n for n in range(line + 1, end) if not np.isnan(times[n, 0])), end)
        return seen(range(line + 1, stop))

    def before(line: int) -> list[int]:
        first = scenes[scene_of[line]].first
        stop = next((n for n in reversed(range(first, line)) if not np.isnan(times[n, 0])), first - 1)
        return seen(range(stop + 1, line))

    def scenes_between(first: int, end: int) -> list[int]:
        return [n for scene in range(first, end) if silent[scene] for n in seen(scenes[scene].snippets)]

    def place(items: Sequence[int], start: float, end: float) -> None:
        start, end = _longest_silence(start, end, said)
        if items and end - start >= _SHORTEST:
            whole[items] = _shared_out(items, start, end, snippets, seconds, bounds)

    if not len(told):
        return whole
    first, last = int(told[0]), int(told[-1])
    items = scenes_between(0, scene_of[first]) + before(first)
    room = _LONGEST * float(seconds[items].sum()) + _BESIDE
    place(items, max(float(bounds[0]), times[first, 0] - room), float(times[first, 0]))
    for earlier, later in pairwise(told.tolist()):
        own, following = int(scene_of[earlier]), int(scene_of[later])
        items = after(earlier)
        if own != following:
            items += scenes_between(own + 1, following) + before(later)
        elif later < earlier:
            items = []
        place(items, float(times[earlier, 1]), float(times[later, 0]))
    items = after(last) + scenes_between(int(scene_of[last]) + 1, len(scenes))
    room = _LONGEST * float(seconds[items].sum()) + _BESIDE
    place(items, float(times[last, 1]), min(float(bounds[-1]), times[last, 1] + room))
    return whole


def _longest_silence(start: float, end: float, said: Floats) -> tuple[float, float]:
    """The longest part of an interval in which nothing is said, of words (L, 2) in order."""
    own = said[(said[:, 1] > start) & (said[:, 0] < end)]
    starts, ends = [start, *own[:, 1]], [*own[:, 0], end]
    longest = max(range(len(starts)), key=lambda k: ends[k] - starts[k])
    return float(starts[longest]), float(ends[longest])


def _shared_out(
    items: Sequence[int],
    start: float,
    end: float,
    snippets: Sequence[Snippet],
    seconds: Floats,
    bounds: Floats,
) -> Floats:
    """The times (K, 2) of elements that share a pause; the first heading among them starts at a cut."""
    heading = next((k for k, item in enumerate(items) if snippets[item].kind == SCENE), 0)
    total = np.concatenate([[0.0], np.cumsum(seconds[list(items)])])
    borders = start + (end - start) * total / total[-1]
    cuts = bounds[(bounds > start) & (bounds < end)]
    if heading and len(cuts):
        cut = float(cuts[np.abs(cuts - borders[heading]).argmin()])
        earlier, later = total[: heading + 1] / total[heading], total[heading:] - total[heading]
        borders[: heading + 1] = start + (cut - start) * earlier
        borders[heading:] = cut + (end - cut) * later / later[-1]
    shared: Floats = np.stack([borders[:-1], borders[1:]], axis=1)
    return shared
