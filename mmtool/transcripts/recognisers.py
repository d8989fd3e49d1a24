"""JSON of recognisers: Whisper, faster-whisper, whisper.cpp, whisperX; YouTube's json3; lists of captions."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mmtool.errors import InputError
from mmtool.text.encoding import read_decoded
from mmtool.transcripts.utterances import Contents, Heard, Utterance, share_or_none, time_or_none, words_in

REMEDY = "give the JSON of Whisper, whisperX or YouTube (json3), with segments or events"
_LONGEST_CODE = 3  # letters; some programs write "english"
_MILLISECONDS = 1000.0


def read_json(path: Path) -> Contents:
    """Read a file of JSON, whose keys tell which program wrote it; raises InputError for any other."""
    text, _ = read_decoded(path)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(path, "is not JSON", REMEDY) from error
    if isinstance(content, list):
        return Contents(list(segments(content)))
    if isinstance(content, dict):
        if isinstance(events := content.get("events"), list):
            return Contents(list(_events(events)))
        if isinstance(parts := content.get("transcription"), list):
            return Contents(list(_offsets(parts)), language_in(content.get("result")))
        for key in ("segments", "chunks"):
            if isinstance(parts := content.get(key), list):
                return Contents(_segments_or_words(content, parts), language_in(content))
    raise InputError(path, "is not a transcript", REMEDY)


def language_in(content: object) -> str:
    """The code of the language that an object names; empty if it names none."""
    code = content.get("language") if isinstance(content, Mapping) else None
    is_code = isinstance(code, str) and code.isascii() and code.isalpha() and 2 <= len(code) <= _LONGEST_CODE
    return str(code).lower() if is_code else ""


def _segments_or_words(content: Mapping[str, Any], parts: list[object]) -> list[Utterance]:
    """The segments; or the words that OpenAI's service lists beside them, if only those have times."""
    found = list(segments(parts))
    has_times = any(word.start is not None for each in found for word in each.words)
    for key in ("words", "word_segments"):
        words = content.get(key)
        if not has_times and isinstance(words, list) and (heard := tuple(_words(words))):
            return [Utterance(heard)]
    return found


def segments(parts: Iterable[object]) -> Iterator[Utterance]:
    """Yield each segment: ``{"start", "end", "text", "words": [{"word", "start", "end", "probability"}]}``.

    ``duration`` may stand for the end, ``timestamp: [start, end]`` for both.
    """
    for part in parts:
        if not isinstance(part, Mapping):
            continue
        start, end = time_or_none(part.get("start")), time_or_none(part.get("end"))
        lasting = time_or_none(part.get("duration"))
        if end is None and start is not None and lasting is not None:
            end = start + lasting
        if isinstance(pair := part.get("timestamp"), list) and len(pair) == 2:
            start, end = map(time_or_none, pair)
        words = tuple(_words(part["words"])) if isinstance(part.get("words"), list) else ()
        text = part.get("text", part.get("word"))
        if not words and isinstance(text, str):
            words = words_in(text)
        if words:
            yield Utterance(words, start, end)


def _words(words: Iterable[object]) -> Iterator[Heard]:
    for word in words:
        if not isinstance(word, Mapping):
            continue
        text = word.get("word", word.get("text"))
        if not isinstance(text, str) or not text.strip():
            continue
        start, end = time_or_none(word.get("start")), time_or_none(word.get("end"))
        if start is None:
            end = None
        probability = share_or_none(word.get("probability", word.get("score")))
        yield Heard("".join(text.split()), start, end, probability)


def _offsets(parts: Iterable[object]) -> Iterator[Utterance]:
    """The segments of whisper.cpp, in milliseconds."""
    for part in parts:
        offsets = part.get("offsets") if isinstance(part, Mapping) else None
        if isinstance(part, Mapping) and isinstance(offsets, Mapping) and isinstance(part.get("text"), str):
            start = time_or_none(offsets.get("from"), _MILLISECONDS)
            end = time_or_none(offsets.get("to"), _MILLISECONDS)
            yield Utterance(words_in(part["text"]), start, end)


def _events(events: Iterable[object]) -> Iterator[Utterance]:
    """The events of YouTube's json3, in milliseconds; those that only scroll the window say nothing."""
    for event in events:
        if not isinstance(event, Mapping) or not isinstance(pieces := event.get("segs"), list):
            continue
        start = time_or_none(event.get("tStartMs"), _MILLISECONDS)
        lasting = time_or_none(event.get("dDurationMs", 0), _MILLISECONDS)
        is_timed = any(isinstance(piece, Mapping) and "tOffsetMs" in piece for piece in pieces)
        words: list[Heard] = []
        for piece in pieces:
            text = piece.get("utf8") if isinstance(piece, Mapping) else None
            if not isinstance(text, str):
                continue
            offset = time_or_none(piece.get("tOffsetMs", 0), _MILLISECONDS)
            is_known = is_timed and start is not None and offset is not None
            begin = start + offset if is_known else None  # type: ignore[operator]
            confidence = piece.get("acAsrConf")
            certainty = share_or_none(confidence / 255) if isinstance(confidence, int) else None
            for index, word in enumerate(text.split()):
                words.append(Heard(word, None if index else begin, None, certainty or None))
        if words:
            yield Utterance(tuple(words), start, None if None in (start, lasting) else start + lasting)  # type: ignore[operator]
