"""The pins of a film as bounds on where each snippet starts and ends."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mmtool.alignment.pins.places import Found, Places
from mmtool.arrays import Floats
from mmtool.constraints import Constraints
from mmtool.records import Interval, Pin

_SHOWN = 40  # characters of a text in a message
_CLOSE = 0.0005  # seconds; times are written to the millisecond


class PinError(ValueError):
    """Pins that cannot be kept; the message names them, the remedy says what to do."""

    def __init__(self, problem: str, remedy: str = "correct it") -> None:
        self.problem, self.remedy = problem, remedy
        super().__init__(f"{problem}; {remedy}")


class _Placed(NamedTuple):
    """A pin and the snippets that it is about."""

    pin: Pin
    found: Found


def constraints_of(pins: Sequence[Pin], texts: Sequence[str], film: Interval) -> Constraints:
    """What pins say about M snippets with these texts.

    A pin of several snippets bounds the start of the first and the end of the last of them; one of a part of
    a snippet says that the snippet lasts at least as long as that part.

    Args:
        pins: In any order.
        texts: Of the snippets, in reading order.
        film: From the start of the first clip to the end of the last one.

    Raises:
        PinError: The text of a pin is gone, a pin lies outside of the film, two pins contradict each other,
            or pins are not in the order of the text.
    """
    places = Places(texts)
    placed = [_Placed(pin, _found(pin, places, pins)) for pin in pins]
    for pin in pins:
        _require_inside(pin, film)
    _require_agreement(placed)
    result = Constraints.none(len(texts))
    for pin, found in placed:
        own = slice(found.first, found.last + 1)
        if pin.absent:
            result.absent[own] |= found.whole  # a part of a snippet cannot be left out
            continue
        result.pinned[own] = True
        if pin.start is not None:
            _bound(result.start[found.first], pin.start, exact=found.begins, side=1)
        if pin.end is not None:
            _bound(result.end[found.last], pin.end, exact=found.ends, side=0)
    _require_order(placed)
    return result


def named(pin: Pin) -> str:
    """A pin in a message: its line and its text."""
    line = f"line {pin.line} " if pin.line else ""
    return f"{line}({shown(pin.text)})"


def shown(text: str) -> str:
    """The beginning of a text in quotes."""
    plain = " ".join(text.split())
    return f"“{plain if len(plain) <= _SHOWN else plain[: _SHOWN - 1].rstrip() + '…'}”"


def _bound(bounds: Floats, time: float, *, exact: bool, side: int) -> None:
    """Narrow bounds (2,) to a time, or to times on one side of it."""
    if exact:
        bounds[:] = time
    elif side:
        bounds[1] = min(bounds[1], time)
    else:
        bounds[0] = max(bounds[0], time)


def _found(pin: Pin, places: Places, pins: Sequence[Pin]) -> Found:
    found = places.all_of(pin.text)
    if pin.occurrence <= len(found):
        return found[pin.occurrence - 1]
    if found:
        times = "once" if len(found) == 1 else f"{len(found)} times"
        other = next((one for one in pins if one is not pin and one.text == pin.text and one.line), None)
        beside = "" if other is None else f", and line {other.line} pins it, too"
        raise PinError(
            f"{named(pin)}: occurrence {pin.occurrence} is pinned, but the text occurs {times}{beside}"
        )
    nearest = places.nearest(pin.text)
    candidate = ""
    if nearest is not None:
        candidate = f"; the nearest is snippet {nearest[0]}, {shown(places.texts[nearest[0]])}"
    raise PinError(f"{named(pin)}: no snippet has this text{candidate}", "correct or remove the line")


def _require_inside(pin: Pin, film: Interval) -> None:
    for what, time in (("start", pin.start), ("end", pin.end)):
        if time is not None and not film.start - _CLOSE <= time <= film.end + _CLOSE:
            raise PinError(
                f"{named(pin)}: the {what} {time:g} s is outside of the film, "
                f"which lasts from {film.start:g} to {film.end:g} s"
            )
    if pin.start is not None and pin.start >= film.end:
        raise PinError(f"{named(pin)}: the start {pin.start:g} s is the end of the film")
    if pin.end is not None and pin.end <= film.start:
        raise PinError(f"{named(pin)}: the end {pin.end:g} s is the start of the film")


def _require_agreement(placed: Sequence[_Placed]) -> None:
    """Raise PinError where two pins say different things about one snippet."""
    said: dict[tuple[str, int], _Placed] = {}
    for one in placed:
        for what, snippet, value in _statements(one):
            other = said.setdefault((what, snippet), one)
            if other is one:
                continue
            theirs = next(v for w, s, v in _statements(other) if (w, s) == (what, snippet))
            if value != theirs:
                raise PinError(
                    f"{named(other.pin)} and {named(one.pin)} contradict each other: "
                    f"{_said(what, theirs)}, and {_said(what, value)}",
                    "remove one of them",
                )


def _statements(placed: _Placed) -> list[tuple[str, int, float | bool]]:
    """What a pin says about which snippet, as (what, snippet, value)."""
    pin, found = placed
    said: list[tuple[str, int, float | bool]] = []
    if found.whole:
        said += [("absent", number, pin.absent) for number in range(found.first, found.last + 1)]
    if pin.start is not None and found.begins:
        said.append(("start", found.first, pin.start))
    if pin.end is not None and found.ends:
        said.append(("end", found.last, pin.end))
    return said


def _said(what: str, value: float | bool) -> str:
    if what == "absent":
        return "the text is not in the film" if value else "it is"
    return f"the {what} is {value:g} s"


def _require_order(placed: Sequence[_Placed]) -> None:
    """Raise PinError for two pins whose times are not in the order of the text."""
    latest: tuple[float, Pin] | None = None
    events: list[tuple[int, int, float, Pin]] = []  # snippet, start before end, time, pin
    for pin, found in placed:
        if pin.start is not None and found.begins:
            events.append((found.first, 0, pin.start, pin))
        if pin.end is not None and found.ends:
            events.append((found.last, 1, pin.end, pin))
    for _, _, time, pin in sorted(events, key=lambda event: event[:2]):
        if latest is not None and time < latest[0] - _CLOSE:
            raise PinError(
                f"{named(latest[1])} and {named(pin)} are not in the order of the text: "
                f"{latest[0]:g} s comes after {time:g} s",
                "correct one of them",
            )
        if latest is None or time > latest[0]:
            latest = time, pin


def within_extent(
    constraints: Constraints,
    texts: Sequence[str],
    text_start: float | None,
    text_end: float | None,
    film: Interval,
) -> Constraints:
    """Pin the start of the first and the end of the last snippet that can be told.

    Raises PinError for a time outside of the film, or one that contradicts a pin.
    """
    told = [j for j in constraints.present if any(map(str.isalnum, texts[j]))]
    if not told or (text_start is None and text_end is None):
        return constraints
    start, end = constraints.start.copy(), constraints.end.copy()
    remedy = "give another `text_start` or `text_end`"
    for name, time in (("text_start", text_start), ("text_end", text_end)):
        if time is None:
            continue
        if not film.start <= time <= film.end:
            raise PinError(
                f"`{name}` {time:g} s is outside of the video, {film.start:g} to {film.end:g} s", remedy
            )
        is_start = name == "text_start"
        own = start[told[0]] if is_start else end[told[-1]]
        known = np.concatenate([start[told].ravel(), end[told].ravel()])
        known = known[np.isfinite(known)]
        beyond = known < time - _CLOSE if is_start else known > time + _CLOSE
        if beyond.any() or not own[0] - _CLOSE <= time <= own[1] + _CLOSE:
            raise PinError(f"`{name}` {time:g} s contradicts a pin of this video", remedy)
        own[:] = time
    return replace(constraints, start=start, end=end)
