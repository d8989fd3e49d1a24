"""How well screenplays are aligned with subtitles, on films that are made up: prints a table.

    python tests/benchmarks/screenplay.py [--films 5] [--scenes 40] [--cut 0.2] [--reworded 0.1] [--keep DIR]

A screenplay has scenes with headings, action, names, parentheticals and dialogue, in words with frequencies
as in languages. In the film, a share of the lines is cut, and others are spoken with a part of their words
replaced; a share of the scenes may be told elsewhere. The subtitles are what is spoken.

A line is placed if its first clip begins within a second of it, or holds its beginning. What is not spoken is
misplaced if, at the middle of one of its clips, a line is spoken.
"""

import argparse
import resource
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmtool.choices import TextSplit
from mmtool.formats.alignments import read_alignment
from mmtool.formats.clips import write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.snippets import write_snippets
from mmtool.records import Alignment, Clip
from mmtool.stages.align import align
from mmtool.text.readers import read_text

VOCABULARY = 6_000
SYLLABLES = ("ba", "den", "fi", "gor", "hu", "ka", "lem", "mi", "nor", "pa", "rus", "sel", "ta", "ven", "zo")
NAMES = ("ANNA", "BRUNO", "CLARA", "DIETER", "EMIL", "FRIDA", "GUSTAV", "HELENE")
WITHIN = 1.0  # seconds


@dataclass
class Film:
    """A screenplay, the film's cuts, its subtitles, and when each line is spoken (None: it is not)."""

    screenplay: list[str] = field(default_factory=list)
    cues: list[tuple[float, float, str]] = field(default_factory=list)
    lines: list[tuple[str, float | None, float | None]] = field(default_factory=list)  # as they are written
    seconds: float = 0.0
    cuts: list[float] = field(default_factory=list)


@dataclass
class Line:
    """A line of dialogue, and what is said of it in the film; nothing if it is cut."""

    text: str
    said: str
    pause: float
    start: float | None = None
    end: float | None = None


def words(rng: np.random.Generator) -> list[str]:
    """A vocabulary, the most frequent words first and short."""
    made: dict[str, None] = {}
    while len(made) < VOCABULARY:
        made[
            "".join(rng.choice(SYLLABLES, 1 + int(np.log10(len(made) + 1)))) + rng.choice(["", "n", "s"])
        ] = None
    return list(made)


def made_up(seed: int, scenes: int, *, cut: float, reworded: float, replaced: float, moved: float) -> Film:
    """A film of so many scenes of about ten lines each."""
    rng = np.random.default_rng(seed)
    vocabulary = words(rng)
    frequency = 1 / np.arange(1, len(vocabulary) + 1)
    frequency /= frequency.sum()

    def sentence(least: int, most: int) -> list[str]:
        return rng.choice(vocabulary, rng.integers(least, most), p=frequency).tolist()

    film, told = Film(), []
    for number in range(scenes):
        film.screenplay += [f"INT. {' '.join(sentence(1, 3)).upper()} {number} - DAY", ""]
        lines: list[Line] = []
        for _ in range(int(rng.integers(4, 16))):
            pause = 0.1
            if rng.random() < 0.35 or not lines:
                film.screenplay += [" ".join(sentence(6, 40)).capitalize() + ".", ""]
                pause = float(rng.uniform(1.0, 12.0))
            text = sentence(2, 20)
            film.screenplay += [str(rng.choice(NAMES))]
            if rng.random() < 0.15:
                film.screenplay += [f"({' '.join(sentence(1, 4))})"]
            film.screenplay += [" ".join(text).capitalize() + ".", ""]
            spoken = list(text)
            if rng.random() < reworded:
                other = sentence(len(text), len(text) + 1)
                spoken = [b if rng.random() < replaced else a for a, b in zip(text, other, strict=True)]
            said = "" if rng.random() < cut else " ".join(spoken).capitalize() + "."
            lines.append(Line(" ".join(text).capitalize() + ".", said, pause + float(rng.exponential(0.4))))
        told.append(lines)
    order = list(range(scenes))
    for scene in rng.permutation(scenes)[: round(moved * scenes)]:
        order.remove(scene)
        order.insert(int(rng.integers(len(order) + 1)), int(scene))
    at = 20.0
    film.cuts = [0.0, 6.0, 12.0]
    for scene in order:
        film.cuts.append(at)
        at += float(rng.uniform(1.0, 4.0))
        for line in told[scene]:
            at += line.pause
            if line.said:
                line.start, line.end = at, at + 0.3 + 0.065 * len(line.said)
                if rng.random() < 0.7:
                    film.cuts.append(at - float(rng.uniform(0.0, 0.3)))
                film.cues.append((line.start, line.end, line.said))
                at = line.end
    film.seconds = at + 30.0
    film.cuts = sorted({round(cut, 3) for cut in film.cuts})
    film.lines = [(line.text, line.start, line.end) for lines in told for line in lines]
    return film


def stamp(seconds: float) -> str:
    """A time in SubRip."""
    whole = round(1000 * seconds)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02},{whole % 1000:03}"


def write(root: Path, film: Film) -> int:
    """Write the film as a corpus with the id ``a``; return the number of snippets."""
    for folder in ("texts", "transcripts"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    text, corpus = root / "texts" / "a.fountain", Corpus(root)
    text.write_text("\n".join(film.screenplay) + "\n", encoding="utf-8")
    cues = [
        f"{n}\n{stamp(start)} --> {stamp(end)}\n{said}\n" for n, (start, end, said) in enumerate(film.cues, 1)
    ]
    (root / "transcripts" / "a.srt").write_text("\n".join(cues), encoding="utf-8")
    snippets = read_text(text, split=TextSplit.NONE, language="en").snippets
    write_snippets(corpus.snippets("a"), snippets)
    ends = [*film.cuts[1:], film.seconds]
    write_clips(corpus.clips("a"), [Clip(a, b) for a, b in zip(film.cuts, ends, strict=True) if b > a])
    return len(snippets)


@dataclass
class Score:
    """What came out: counts of lines."""

    spoken: int = 0
    placed: int = 0  # of those, where they begin
    unspoken: int = 0
    misplaced: int = 0  # of those, on what is spoken


def score(film: Film, alignment: Alignment) -> Score:
    """Compare an alignment with what is known of the film."""
    result = Score()
    lines = iter(film.lines)
    speech = [(start, end) for _, start, end in film.lines if start is not None and end is not None]
    for number, snippet in enumerate(alignment.snippets):
        start = None
        if snippet.kind == "dialogue":
            text, start, _ = next(lines)
            if text != snippet.text:
                raise ValueError(f"{snippet.text} is not {text}")
        if start is not None:
            result.spoken += 1
            first = min(clips_of(alignment, number), default=None)
            if first is not None:
                clip = alignment.clips[first]
                result.placed += abs(clip.start - start) <= WITHIN or clip.start <= start < clip.end
            continue
        result.unspoken += 1
        middles = [
            (c.start + c.end) / 2 for c in map(alignment.clips.__getitem__, clips_of(alignment, number))
        ]
        result.misplaced += any(a <= middle < b for middle in middles for a, b in speech)
    return result


def clips_of(alignment: Alignment, snippet: int) -> list[int]:
    """The clips of a snippet."""
    return [clip for clip, own in alignment.matches if own == snippet]


def main() -> None:
    """Print a line for each film."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--films", type=int, default=5)
    parser.add_argument("--scenes", type=int, default=40)
    parser.add_argument("--cut", type=float, default=0.2, help="share of the lines")
    parser.add_argument("--reworded", type=float, default=0.1, help="share of the lines")
    parser.add_argument("--replaced", type=float, default=0.5, help="share of the words of a reworded line")
    parser.add_argument("--moved", type=float, default=0.0, help="share of the scenes")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("film   minutes  snippets  spoken within 1 s  unspoken on speech  seconds   MiB")
    for seed in range(arguments.seed, arguments.seed + arguments.films):
        film = made_up(
            seed,
            arguments.scenes,
            cut=arguments.cut,
            reworded=arguments.reworded,
            replaced=arguments.replaced,
            moved=arguments.moved,
        )
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            count, begun = write(root, film), time.perf_counter()
            report = align(root, language="en")
            seconds = time.perf_counter() - begun
            found = score(film, read_alignment(Corpus(root).alignment("semi-markov", "a"))[0])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{seed:4}   {film.seconds / 60:7.0f}  {count:8,}  {found.placed:5}/{found.spoken:<5} "
            f"{100 * found.placed / found.spoken:5.1f} %  {found.misplaced:8}/{found.unspoken:<5}    "
            f"{seconds:7.1f}  {peak:4.0f}",
            flush=True,
        )
        for note in report.notes:
            print(f"       {note}")


if __name__ == "__main__":
    main()
