"""A film with a narration whose words are heard: clips, texts, a transcript and the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from mmtool.records import Interval, SpokenWord, Transcript

_WORDS = """
bridge mayor river harbour winter cinema rabbit railway chestnut podium lantern orchard captain violin market
bicycle station thunder carpenter village morning shadow window garden silver mountain letter brother island
copper feather hammer kitchen lemon meadow needle orange pepper quarrel ribbon saddle
"""


@dataclass(frozen=True)
class HeardFilm:
    """Texts that are told from ``truth[j].start`` to ``truth[j].end``, with cuts there and elsewhere."""

    clips: list[Interval]
    texts: list[str]
    truth: list[Interval]
    transcript: Transcript

    def matches(self) -> list[int | None]:
        """The snippet that is told at the middle of each clip."""
        middles = [(clip.start + clip.end) / 2 for clip in self.clips]
        return [
            next((j for j, told in enumerate(self.truth) if told.start <= middle < told.end), None)
            for middle in middles
        ]


def heard_film(
    *, snippets: int = 12, pauses: Sequence[float] = (), lag: float = 0.0, seed: int = 0, head: float = 20.0
) -> HeardFilm:
    """A narration with cuts at its snippets, and ``pauses`` (seconds) after the first snippets.

    Every word takes a third of a second; ``lag`` makes the transcript early.
    """
    rng = np.random.default_rng(seed)
    words_known = _WORDS.split()
    texts, truth, spoken, time = [], [], [], head
    for number in range(snippets):
        words = rng.choice(words_known, int(rng.integers(7, 14)), replace=False).tolist()
        texts.append(" ".join(words).capitalize() + ".")
        start = time
        for word in words:
            spoken.append(SpokenWord(word, time - lag, time - lag + 0.3))
            time += 1 / 3
        truth.append(Interval(start, time))
        time += pauses[number] if number < len(pauses) else 0.0
    cuts = {0.0, time + 15.0, *(t for told in truth for t in told)}
    cuts |= set(rng.uniform(0, time + 15.0, snippets).tolist())
    bounds = sorted(cuts)
    clips = [Interval(a, b) for a, b in pairwise(bounds) if b - a > 1e-6]
    return HeardFilm(clips, texts, truth, Transcript(tuple(spoken), source="film.jsonl"))


def write_transcript(path: Path, transcript: Transcript) -> None:
    """Write a transcript as a table of milliseconds."""
    rows = (f"{round(1000 * w.start)}\t{round(1000 * w.end)}\t{w.text}" for w in transcript.words)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("start\tend\ttext", *rows)) + "\n", encoding="utf-8")
