"""JSON of services that recognise speech: AssemblyAI, Deepgram, Google, Amazon, Azure, ElevenLabs, Rev.

What they write differs in where the words are and in which unit their times have; the keys of words are those
of :mod:`mmtool.transcripts.timed_words`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mmtool.transcripts.timed_words import MILLISECONDS, language_in, seconds_in, timed_words
from mmtool.transcripts.utterances import Contents, Utterance, words_in

_TICKS = 1e7  # a second, in units of 100 nanoseconds


def of_service(content: Mapping[str, Any]) -> Contents | None:
    """What a service heard; None for JSON of another kind."""
    for read in _READERS:
        if (found := read(content)) is not None:
            return found
    return None


def _list_of_words(content: Mapping[str, Any]) -> Contents | None:
    """AssemblyAI (in milliseconds), ElevenLabs, OpenAI with times of words only: ``{"words": […]}``; Vosk."""
    words = content.get("words", content.get("result"))
    return Contents(timed_words(words), language_in(content)) if isinstance(words, list) else None


def _deepgram(content: Mapping[str, Any]) -> Contents | None:
    """``{"results": {"channels": [{"alternatives": [{"words": […]}]}]}}``.

    All channels hear the same film: the one with the most words counts.
    """
    channels = _objects(_object(content, "results").get("channels"))
    heard = [
        Contents(timed_words(_list(_best(channel), "words")), language_in(channel)) for channel in channels
    ]
    return max(heard, key=lambda one: sum(len(each.words) for each in one.utterances), default=None)


def _google(content: Mapping[str, Any]) -> Contents | None:
    """``{"results": [{"alternatives": [{"transcript": "…", "words": […]}], "resultEndTime": "9.5s"}]}``.

    Who speaks is told by a last result without a transcript, which repeats all words.
    """
    results = _objects(content.get("results", _object(content, "response").get("results")))
    if not any("alternatives" in result and "type" not in result for result in results):
        return None
    if any("transcript" in _best(result) for result in results):
        results = [result for result in results if "transcript" in _best(result)]
    language = next((code for result in results if (code := language_in(result))), "")
    return Contents(list(_google_results(results)), language)


def _google_results(results: list[Mapping[str, Any]]) -> Iterator[Utterance]:
    before: float | None = 0.0
    for result in results:
        best = _best(result)
        end = seconds_in(result.get("resultEndTime", result.get("resultEndOffset")))
        if words := timed_words(_list(best, "words")):
            yield from words
        elif isinstance(text := best.get("transcript"), str):
            yield Utterance(words_in(text), before, end)
        before = end


def _items(content: Mapping[str, Any]) -> Contents | None:
    """Amazon: ``{"results": {"items": […]}}``, Speechmatics: ``{"results": […]}``; also with punctuation."""
    results = content.get("results")
    items = _objects(results.get("items") if isinstance(results, Mapping) else results)
    if not any("type" in item and "alternatives" in item for item in items):
        return None
    about = results if isinstance(results, Mapping) else next((_best(item) for item in items), {})
    return Contents(timed_words(items), language_in(about))


def _azure(content: Mapping[str, Any]) -> Contents | None:
    """``{"recognizedPhrases": [{"offsetInTicks": …, "nBest": [{"display": "…", "words": […]}]}]}``.

    The newer kind has ``phrases`` in milliseconds.
    """
    found: list[Utterance] = []
    phrases = _objects(content.get("recognizedPhrases", content.get("phrases")))
    for phrase in phrases:
        best = next(iter(_objects(phrase.get("nBest"))), phrase)
        words = [
            {**word, "start": start, "end": end}
            for word in _objects(best.get("words"))
            for start, end in [_lasting(word)]
        ]
        text = best.get("display", best.get("text"))
        if heard := timed_words(words, 1.0):
            found += heard
        elif isinstance(text, str):
            found.append(Utterance(words_in(text), *_lasting(phrase)))
    return Contents(found, language_in(content)) if phrases else None


def _lasting(content: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """The start and the end that Azure tells as an offset and a duration."""
    for unit, per_second in (("InTicks", _TICKS), ("Milliseconds", MILLISECONDS)):
        start = seconds_in(content.get(f"offset{unit}"), per_second)
        duration = seconds_in(content.get(f"duration{unit}"), per_second)
        if start is not None and duration is not None:
            return start, start + duration
    return None, None


def _rev(content: Mapping[str, Any]) -> Contents | None:
    """``{"monologues": [{"elements": [{"type": "text", "value": "…", "ts": …, "end_ts": …}]}]}``."""
    monologues = _objects(content.get("monologues"))
    found = [one for monologue in monologues for one in timed_words(_list(monologue, "elements"), 1.0)]
    return Contents(found, language_in(content)) if monologues else None


_READERS: tuple[Callable[[Mapping[str, Any]], Contents | None], ...] = (
    _list_of_words,
    _deepgram,
    _google,
    _items,
    _azure,
    _rev,
)


def _object(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = content.get(key)
    return inner if isinstance(inner, Mapping) else {}


def _list(content: Mapping[str, Any], key: str) -> list[object]:
    inner = content.get(key)
    return inner if isinstance(inner, list) else []


def _objects(content: object) -> list[Mapping[str, Any]]:
    """The objects of a list; none of anything else."""
    return [one for one in content if isinstance(one, Mapping)] if isinstance(content, list) else []


def _best(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first of several alternatives, which is the best one."""
    return next(iter(_objects(content.get("alternatives"))), {})
