"""Lists of words with times, under the keys that recognisers use."""

import re
from collections.abc import Iterable, Mapping
from statistics import median

from mmtool.transcripts.utterances import Heard, Utterance, share_or_none, time_or_none

MILLISECONDS = 1000.0
_TEXT = ("punctuated_word", "word", "text", "value", "content")
_START = ("start", "start_time", "startTime", "startOffset", "ts")
_END = ("end", "end_time", "endTime", "endOffset", "end_ts")
_SHARE = ("probability", "score", "confidence", "conf")
_LANGUAGE = ("language", "language_code", "languageCode", "detected_language")
_OTHER_KINDS = ("spacing", "punct", "punctuation", "audio_event")  # than words
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s?", re.ASCII)
_LONGEST_CODE = 3  # letters; some programs write "english"
_NO_WORD = 10.0  # no word lasts so many seconds, on the median; milliseconds do
_PAUSE = 1.0  # seconds; words on either side of a longer one are said apart


def language_in(content: object) -> str:
    """The code of the language that an object names; empty if it names none."""
    for key in _LANGUAGE if isinstance(content, Mapping) else ():
        code = re.split("[-_]", str(content.get(key, "")))[0]  # type: ignore[attr-defined]
        if code.isascii() and code.isalpha() and 2 <= len(code) <= _LONGEST_CODE:
            return code.lower()
    return ""


def timed_words(words: Iterable[object], per_second: float | None = None) -> list[Utterance]:
    """The words of a list, in utterances between which are pauses.

    ``per_second`` is the unit of times; by default it is told by how long words last.
    """
    found = [word for each in words if (word := _word(each)) is not None]
    if per_second is None:
        per_second = _unit_of(found)
    if per_second != 1.0:
        found = [
            word._replace(start=_divided(word.start, per_second), end=_divided(word.end, per_second))
            for word in found
        ]
    groups: list[list[Heard]] = []
    latest: float | None = None
    for word in found:
        if not groups or (word.start is not None and latest is not None and word.start > latest + _PAUSE):
            groups.append([])
        groups[-1].append(word)
        latest = word.end if word.end is not None else latest
    return [Utterance(tuple(group)) for group in groups]


def seconds_in(value: object, per_second: float = 1.0) -> float | None:
    """A time of JSON in seconds: a number, or one in a string, as in ``"1.300s"``; None for anything else."""
    if isinstance(value, str) and (found := _SECONDS.fullmatch(value)):
        value = float(found[1])
    return time_or_none(value, per_second)


def _word(content: object) -> Heard | None:
    """A word; None for anything else, such as punctuation."""
    if not isinstance(content, Mapping) or content.get("type") in _OTHER_KINDS:
        return None
    inner = content.get("alternatives")  # where the best one has the text, and all of them the time
    best = inner[0] if isinstance(inner, list) and inner and isinstance(inner[0], Mapping) else content
    text = next((best[key] for key in _TEXT if isinstance(best.get(key), str)), "")
    if not text.strip():
        return None
    start = next((found for key in _START if (found := seconds_in(content.get(key))) is not None), None)
    end = next((found for key in _END if (found := seconds_in(content.get(key))) is not None), None)
    share = next((found for key in _SHARE if (found := _share(best.get(key))) is not None), None)
    return Heard("".join(text.split()), start, None if start is None else end, share)


def _unit_of(words: Iterable[Heard]) -> float:
    """How many units a second has: 1000 where whole numbers would let words last too long, 1 otherwise."""
    times = [(word.start, word.end) for word in words if word.start is not None and word.end is not None]
    are_whole = all(start.is_integer() and end.is_integer() for start, end in times)
    lasting = [end - start for start, end in times]
    return MILLISECONDS if lasting and are_whole and median(lasting) >= _NO_WORD else 1.0


def _share(value: object) -> float | None:
    return share_or_none(seconds_in(value) if isinstance(value, str) else value)


def _divided(seconds: float | None, by: float) -> float | None:
    return None if seconds is None else seconds / by
