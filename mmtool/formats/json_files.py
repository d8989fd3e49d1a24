"""JSON files, read with true causes of failure."""

import json
from math import isfinite
from pathlib import Path
from typing import Any

from mmtool.errors import InputError

LATEST_TIME = 1e9  # seconds (about 30 years); later times are damage, and overflow what computes with them


def read_object(path: Path, what: str, remedy: str) -> dict[str, Any]:
    """Read a JSON object; ``what`` it should be and a ``remedy`` complete the messages.

    Raises:
        FileNotFoundError: There is no such file; callers know best what to say.
        InputError: The file cannot be read, is not JSON, or holds something other than an object.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(path, error) from error
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or nested too deeply
        raise InputError(path, f"is not {what}", remedy) from error
    if not isinstance(content, dict):
        raise InputError(path, f"is not {what}", remedy)
    return content


def unreadable(path: Path, error: OSError) -> InputError:
    """The error for a file that is there but that the system does not let us read."""
    return InputError(path, f"cannot be read ({error.strerror or error})", "make it readable and try again")


def number(value: object) -> float:
    """A finite JSON number as a float; raises TypeError or ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    if not isfinite(value):
        raise ValueError("a number that is not finite")
    return float(value)  # raises OverflowError for integers that no float holds


def seconds(value: object) -> float:
    """A time of a film; raises TypeError or ValueError for anything else."""
    if not 0 <= number(value) <= LATEST_TIME:
        raise ValueError(f"{value} is not a time")
    return number(value)


def text(value: object) -> str:
    """A JSON string that can be written as UTF-8; raises TypeError or ValueError for anything else."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")
    value.encode()  # raises for lone surrogates
    return value


def index(value: object, count: int) -> int:
    """A whole number from 0 to ``count`` − 1; raises TypeError or ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is not a whole number")
    if not 0 <= value < count:
        raise ValueError(f"{value} is not between 0 and {count - 1}")
    return value
