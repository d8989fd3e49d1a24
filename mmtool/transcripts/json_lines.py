"""``transcripts/<id>.jsonl``: a line about the file, then a segment a line, as Whisper's JSON has them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from mmtool.formats.atomic import write_text
from mmtool.records import SpokenWord
from mmtool.text.encoding import read_decoded
from mmtool.text.source import Source
from mmtool.text.tally import Tally
from mmtool.transcripts.recognisers import segments
from mmtool.transcripts.timed_words import language_in
from mmtool.transcripts.utterances import Contents, Utterance

FORMAT = "mmtool transcript"
VERSION = 1
_REMEDY = 'write one segment per line, {"start": 1.5, "end": 3.0, "text": "…"}, or one word'
_DECIMALS = 3  # of seconds and of probabilities


class Cue(Protocol):
    """Words that are said between two times, in seconds."""

    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def text(self) -> str: ...


def read_lines(path: Path) -> Contents:
    """Read a segment or a word a line, as Whisper has them; raises InputError if most lines are neither."""
    text, _ = read_decoded(path)
    source, language = Source(path, text), ""
    tally = Tally(source, "line", "lines", _REMEDY)
    found: list[Utterance] = []
    for number, (start, end) in enumerate(source.lines(), start=1):
        if not (line := text[start:end]).strip():
            continue
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            tally.drop_unreadable(f"line {number} is not JSON")
            continue
        if isinstance(content, Mapping) and content.get("format") == FORMAT:
            language = language_in(content)
            continue
        utterances = list(segments([content]))
        if utterances:
            tally.count()
            found += utterances
        elif isinstance(content, Mapping) and isinstance(content.get("text", content.get("word")), str):
            tally.drop_empty()
        else:
            tally.drop_unreadable(f"line {number} is not a segment with a text")
    tally.finish()
    return Contents(found, language, source.notes)


def write_lines(path: Path, about: Mapping[str, object], utterances: Iterable[Sequence[SpokenWord]]) -> None:
    """Write a transcript: what is known ``about`` it, then each utterance, which has at least one word."""
    lines = [{"format": FORMAT, "version": VERSION, **about}]
    lines += [_segment(words) for words in utterances]
    write_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def write_segments(path: Path, about: Mapping[str, object], cues: Iterable[Cue]) -> None:
    """Write cues, whose words have no times of their own."""
    lines = [{"format": FORMAT, "version": VERSION, **about}]
    lines += [
        {"start": _rounded(cue.start), "end": _rounded(cue.end), "text": " ".join(cue.text.split())}
        for cue in cues
    ]
    write_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def _segment(words: Sequence[SpokenWord]) -> dict[str, object]:
    return {
        "start": _rounded(words[0].start),
        "end": _rounded(words[-1].end),
        "text": " ".join(word.text for word in words),
        "words": [
            {"word": word.text, "start": _rounded(word.start), "end": _rounded(word.end)}
            | ({} if word.probability is None else {"probability": _rounded(word.probability)})
            for word in words
        ],
    }


def _rounded(value: float) -> float:
    return round(value, _DECIMALS)
