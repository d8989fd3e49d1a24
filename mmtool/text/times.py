"""Reading times as people and programs write them."""

import math
import re

LATEST = 1e9  # seconds; no film lasts as long, and numbers beyond are not times
_CLOCK = re.compile(
    r"(?:(?P<hours>\d{1,4}):)?(?P<minutes>\d{1,2}):(?P<seconds>\d{1,2})"
    r"(?:[.,](?P<fraction>\d{1,9})(?:[.,](?P<rest>\d{1,20}))?|:(?P<milliseconds>\d{3}))?",
    re.ASCII,
)
_SECONDS = re.compile(r"(\d{1,9})(?:[.,](\d{1,18}))?", re.ASCII)
_WIDE = str.maketrans("：．。，", ":..,")  # as Chinese and Japanese keyboards write them
_SPACES = re.compile(r"(?<=[\d:.,])\s+(?=[\d:.,])")  # which machine translation puts into times


def read_time(text: str) -> float | None:
    """Read seconds, M:SS.mmm or H:MM:SS.mmm, with a point or a comma; None for what is not a time."""
    text = _SPACES.sub("", text.strip().translate(_WIDE))
    if clock := _CLOCK.fullmatch(text):
        minutes, seconds = int(clock["minutes"]), int(clock["seconds"])
        fraction = clock["fraction"] or clock["milliseconds"]
        if clock["rest"]:  # "01,249.0999999": milliseconds with a fraction
            fraction = fraction.rjust(3, "0") + clock["rest"]
        if minutes > 59 or seconds > 59:
            return None
        whole = int(clock["hours"] or 0) * 3600 + minutes * 60 + seconds
    elif plain := _SECONDS.fullmatch(text):
        whole, fraction = int(plain[1]), plain[2]
    else:
        return None
    return float(f"{whole}.{fraction or 0}")  # one rounding, so that equal times compare equal


def is_time(value: float) -> bool:
    """Whether a number of seconds can be a time of a film."""
    return math.isfinite(value) and 0 <= value <= LATEST
