"""What the readers of all formats yield: stretches of speech, whose words may have times of their own."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from mmtool.text.times import is_time


class Heard(NamedTuple):
    """A word as a file has it: times and probability are None where the file does not tell them."""

    text: str
    start: float | None = None
    end: float | None = None
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words that are said together, such as those of a cue; its times are None if they cannot be used."""

    words: tuple[Heard, ...]
    start: float | None = None
    end: float | None = None


@dataclass(slots=True)
class Contents:
    """What a reader found in a file: utterances, the language if the file says, and notes for the user."""

    utterances: Iterable[Utterance]
    language: str = ""
    notes: list[str] = field(default_factory=list)


def words_in(text: str) -> tuple[Heard, ...]:
    """The words of a text, without times."""
    return tuple(Heard(word) for word in text.split())


def time_or_none(value: object, per_second: float = 1.0) -> float | None:
    """A number of JSON as seconds; None for anything that is not a time of a film."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value) / per_second
    except OverflowError:
        return None
    return seconds if is_time(seconds) else None


def share_or_none(value: object) -> float | None:
    """A number of JSON between 0 and 1; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)
