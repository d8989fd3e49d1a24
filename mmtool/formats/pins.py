"""``pins/<id>.tsv``: start, end, text and occurrence, separated by tabs, without a header.

Start or end may be empty; a start of ``not in the film`` says that the film does not show the text. The
occurrence may be left out: the first line with a text is then its first occurrence, the second its second.
Lines that begin with ``#`` are comments.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.atomic import write_text
from mmtool.formats.csv_rows import read_utf8
from mmtool.formats.cut_lists import seconds_of
from mmtool.records import Pin

ABSENT = "not in the film"
REMEDY = (
    "write one pin per line as `start<TAB>end<TAB>text`, with times in seconds, of which one may be empty, "
    f"or `{ABSENT}` in place of the start"
)


def read_pins(path: Path) -> list[Pin]:
    """Read the pins of one video; an empty file has none.

    Raises:
        InputError: The file is missing, or a line is malformed.
    """
    pins: list[Pin] = []
    seen: Counter[str] = Counter()
    for number, line in enumerate(read_utf8(path, REMEDY).splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if number == 1 and [cell.lower() for cell in cells[:3]] == ["start", "end", "text"]:
            continue
        pin = _pin(path, number, cells)
        seen[pin.text] += 1
        pins.append(pin if pin.occurrence else _numbered(pin, seen[pin.text]))
    return pins


def write_pins(path: Path, pins: Sequence[Pin]) -> None:
    """Write the pins of one video."""
    write_text(path, pins_text(pins))


def pins_text(pins: Sequence[Pin]) -> str:
    """What a file with these pins contains."""
    return "".join(_line(pin) for pin in pins)


def _line(pin: Pin) -> str:
    start = ABSENT if pin.absent else _written(pin.start)
    cells = [start, _written(pin.end), " ".join(pin.text.split()), str(pin.occurrence)]
    return "\t".join(cells) + "\n"


def _written(time: float | None) -> str:
    return "" if time is None else f"{time:.6f}".rstrip("0").rstrip(".")


def _pin(path: Path, number: int, cells: Sequence[str]) -> Pin:
    """The pin of a line; its occurrence is 0 where the line does not say."""
    if not 3 <= len(cells) <= 4 or not cells[2]:
        raise InputError(path, f"line {number} does not consist of start, end and text", REMEDY)
    occurrence = 0
    if len(cells) == 4 and cells[3]:
        if not cells[3].isascii() or not cells[3].isdecimal() or int(cells[3]) < 1:
            raise InputError(
                path, f"line {number}: the occurrence {cells[3]!r} is not a number from 1 on", "correct it"
            )
        occurrence = int(cells[3])
    if " ".join(cells[0].lower().split()) == ABSENT:
        if cells[1]:
            raise InputError(path, f"line {number}: a text that is not in the film has no end", "remove it")
        return Pin(cells[2], None, None, occurrence, absent=True, line=number)
    start, end = (_time(path, number, cell) for cell in cells[:2])
    if start is None and end is None:
        raise InputError(path, f"line {number} has neither a start nor an end", REMEDY)
    if start is not None and end is not None and end <= start:
        raise InputError(
            path, f"line {number}: the end {end:g} s is not after the start {start:g} s", "correct it"
        )
    return Pin(cells[2], start, end, occurrence, line=number)


def _time(path: Path, number: int, cell: str) -> float | None:
    """Seconds, or a clock time such as ``1:02:03.5``."""
    if not cell:
        return None
    try:
        return seconds_of(cell)
    except ValueError:
        raise InputError(path, f"line {number}: {cell!r} is not a time", REMEDY) from None


def _numbered(pin: Pin, occurrence: int) -> Pin:
    return Pin(pin.text, pin.start, pin.end, occurrence, pin.absent, pin.line)
