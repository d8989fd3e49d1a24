"""JSON of recognisers: Whisper, faster-whisper, whisper.cpp, whisperX; YouTube's json3; lists of captions.

What services on the network write is read in :mod:`mmtool.transcripts.services`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mmtool.errors import InputError
from mmtool.text.encoding import read_decoded
from mmtool.transcripts.services import of_service
from mmtool.transcripts.timed_words import MILLISECONDS, language_in, timed_words
from mmtool.transcripts.utterances import Contents, Heard, Utterance, share_or_none, time_or_none, words_in

REMEDY = "give the JSON of Whisper, whisperX, YouTube (json3) or another recogniser, with the times of words"
_NAMED, _LONGEST_KEY = 5, 30  # keys that a message names, and their characters


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
            return Contents(list(_whisper_cpp(parts)), language_in(content.get("result")))
        for key in ("segments", "chunks"):
            if isinstance(parts := content.get(key), list):
                return Contents(_segments_or_words(content, parts), language_in(content))
        if (found := of_service(content)) is not None:
            return found
        keys = ", ".join(json.dumps(key[:_LONGEST_KEY]) for key in list(content)[:_NAMED]) or "none"
        raise InputError(path, f"is not a transcript of a known kind (its keys: {keys})", REMEDY)
    raise InputError(path, "is not a transcript", REMEDY)


def _segments_or_words(content: Mapping[str, Any], parts: list[object]) -> list[Utterance]:
    """The segments; or the words that OpenAI's service lists beside them, if only those have times."""
    found = list(segments(parts))
    has_times = any(word.start is not None for each in found for word in each.words)
    for key in ("words", "word_segments"):
        words = content.get(key)
        if not has_times and isinstance(words, list) and (heard := timed_words(words)):
            return heard
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
        own = part.get("words", part.get("result"))  # "result": Vosk
        if isinstance(own, list) and (
            heard := [word for each in timed_words(own, 1.0) for word in each.words]
        ):
            yield Utterance(tuple(heard), start, end)
            continue
        text = part.get("text", part.get("word"))
        if isinstance(text, str) and (words := words_in(text)):
            yield Utterance(words, start, end)


def _whisper_cpp(parts: Iterable[object]) -> Iterator[Utterance]:
    """The segments of whisper.cpp, in milliseconds, with words made of its tokens if it wrote these."""
    for part in parts:
        offsets = part.get("offsets") if isinstance(part, Mapping) else None
        if isinstance(part, Mapping) and isinstance(offsets, Mapping) and isinstance(part.get("text"), str):
            start, end = _from_to(offsets)
            words = words_in(part["text"])
            tokens = tuple(_of_tokens(part["tokens"])) if isinstance(part.get("tokens"), list) else ()
            is_same = [word.text for word in tokens] == [word.text for word in words]
            yield Utterance(tokens if is_same else words, start, end)


def _of_tokens(tokens: Iterable[object]) -> Iterator[Heard]:
    """The words that tokens form, which begin with a space; each as likely as its least likely token."""
    word: Heard | None = None
    for token in tokens:
        text = token.get("text") if isinstance(token, Mapping) else None
        offsets = token.get("offsets") if isinstance(token, Mapping) else None
        if not isinstance(token, Mapping) or not isinstance(text, str) or not isinstance(offsets, Mapping):
            return
        if not text.strip() or text.startswith(("[_", "<|")):
            continue
        start, end = _from_to(offsets)
        share = share_or_none(token.get("p"))
        if word is None or text[0].isspace():
            if word is not None:
                yield word
            word = Heard(text.strip(), start, end, share)
        else:
            likely = share if word.probability is None or share is None else min(share, word.probability)
            word = Heard(word.text + text.strip(), word.start, end, likely)
    if word is not None:
        yield word


def _from_to(offsets: Mapping[str, Any]) -> tuple[float | None, float | None]:
    return time_or_none(offsets.get("from"), MILLISECONDS), time_or_none(offsets.get("to"), MILLISECONDS)


def _events(events: Iterable[object]) -> Iterator[Utterance]:
    """The events of YouTube's json3, in milliseconds; those that only scroll the window say nothing."""
    for event in events:
        if not isinstance(event, Mapping) or not isinstance(pieces := event.get("segs"), list):
            continue
        start = time_or_none(event.get("tStartMs"), MILLISECONDS)
        lasting = time_or_none(event.get("dDurationMs", 0), MILLISECONDS)
        is_timed = any(isinstance(piece, Mapping) and "tOffsetMs" in piece for piece in pieces)
        words: list[Heard] = []
        for piece in pieces:
            text = piece.get("utf8") if isinstance(piece, Mapping) else None
            if not isinstance(text, str):
                continue
            offset = time_or_none(piece.get("tOffsetMs", 0), MILLISECONDS)
            is_known = is_timed and start is not None and offset is not None
            begin = start + offset if is_known else None  # type: ignore[operator]
            confidence = piece.get("acAsrConf")
            certainty = share_or_none(confidence / 255) if isinstance(confidence, int) else None
            for index, word in enumerate(text.split()):
                words.append(Heard(word, None if index else begin, None, certainty or None))
        if words:
            yield Utterance(tuple(words), start, None if None in (start, lasting) else start + lasting)  # type: ignore[operator]
