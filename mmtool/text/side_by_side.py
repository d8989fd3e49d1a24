"""Dual dialogue: two characters who speak at once, in columns side by side."""

import re
from collections.abc import Callable, Iterator, Sequence

from mmtool.text.script_lines import Line

_BETWEEN_NAMES = re.compile(r"[ \t]{3,}|\t")
_BETWEEN_TEXTS = re.compile(r"[ \t]{2,}|\t")
_TAB = 8  # columns


def one_after_the_other(block: Sequence[Line], may_speak: Callable[[Line], bool]) -> Iterator[Sequence[Line]]:
    """Yield the lines of a block; where two characters speak at once, first the one at the left.

    Two names in one line are followed by what both say: a line of two texts is divided where the second of
    them begins, and a line of one text belongs to the side that it stands at.

    Args:
        block: Lines that are not blank.
        may_speak: Whether a line may be the name of a character.
    """
    begin = at = 0
    while at + 1 < len(block):
        names = _halves(block[at], _BETWEEN_NAMES, 0)
        if names is None or not all(map(may_speak, names)):
            at += 1
            continue
        left, right, stop = _speeches(block, at + 1, names, may_speak)
        if not (left and right):
            at += 1
            continue
        if begin < at:
            yield block[begin:at]
        yield [names[0], *left]
        yield [names[1], *right]
        begin = at = stop
    if begin < len(block):
        yield block[begin:]


def _speeches(
    block: Sequence[Line], at: int, names: tuple[Line, Line], may_speak: Callable[[Line], bool]
) -> tuple[list[Line], list[Line], int]:
    """What is said at the left and at the right from a line on, and the line after it."""
    border = names[0].indent + _width(
        names[0].text
    )  # the text at the right begins after the name at the left
    halves: list[tuple[Line, Line] | None] = []
    for line in block[at:]:
        both = _halves(line, _BETWEEN_TEXTS, border)
        if both is not None and all(map(may_speak, both)) and halves:
            break  # two more characters
        halves.append(both)
    starts = [both[1].indent for both in halves if both]
    if not starts or min(starts) > names[1].indent + _width(names[1].text):
        return [], [], at
    left, right = list[Line](), list[Line]()
    for line, both in zip(block[at:], halves, strict=False):
        if both is not None:
            left.append(both[0])
            right.append(both[1])
        else:
            (right if line.indent + 1 >= min(starts) else left).append(line)
    return left, right, at + len(halves)


def _halves(line: Line, gap: re.Pattern[str], border: int) -> tuple[Line, Line] | None:
    """The two texts of a line, the second of which begins after the column ``border``; None for one text."""
    for found in gap.finditer(line.text):
        column = line.indent + _width(line.text[: found.end()])
        if column > border:
            left, right = line.text[: found.start()], line.text[found.end() :]
            if border == 0 and gap.search(right):
                return None  # three names
            start = line.start + found.end()
            return (
                Line(left, line.start, line.start + found.start(), line.indent),
                Line(right, start, line.end, column),
            )
    return None


def _width(text: str) -> int:
    """Columns that a text takes."""
    return len(text.expandtabs(_TAB))
