"""What aligning a long narrated film takes, beside its transcript and pins: prints seconds and MiB.

    python tests/benchmarks/long_film.py [--hours 2] [--pins 0] [--without-transcript] [--random-cuts]

The film is made up: sentences in words with frequencies as in languages, read with pauses, and cuts at most
of their starts. Of the words, 7 % are not heard and 10 % of the others are misheard. Seconds are those of the
processor.
"""

import argparse
import resource
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from screenplay import words

from mmtool.formats.clips import write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.snippets import write_snippets
from mmtool.records import Clip, Snippet, SpokenWord
from mmtool.stages.align import align
from mmtool.transcripts.json_lines import write_lines

SPOKEN, MISHEARD = 0.93, 0.1  # shares of the words
WORD, LETTER, BETWEEN = 0.08, 0.065, 0.03  # seconds


def main() -> None:
    """Make a film up and align it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--pins", type=int, default=0)
    parser.add_argument("--without-transcript", action="store_true")
    parser.add_argument("--random-cuts", action="store_true")
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    vocabulary = words(rng)
    frequency = 1 / np.arange(1, len(vocabulary) + 1)
    frequency /= frequency.sum()
    at, cuts = 20.0, [0.0]
    snippets: list[Snippet] = []
    starts: list[float] = []
    heard: list[SpokenWord] = []
    while at < 3600 * arguments.hours - 50:
        text = rng.choice(vocabulary, rng.integers(5, 16), p=frequency).tolist()
        snippets.append(Snippet(" ".join(text).capitalize() + "."))
        starts.append(at)
        cuts.append(at - float(rng.uniform(0, 0.3)))
        for word in text:
            end = at + WORD + LETTER * len(word)
            if rng.random() < SPOKEN:
                other = rng.random() < MISHEARD
                said = str(rng.choice(vocabulary, p=frequency)) if other else word
                heard.append(SpokenWord(said, max(at + float(rng.normal(0, 0.1)), 0.0), end))
            at = end + BETWEEN
        if rng.random() < 0.3:
            cuts.append(at - 1.0)
        at += float(rng.exponential(0.5)) + (float(rng.uniform(2, 12)) if rng.random() < 0.05 else 0.0)
    if arguments.random_cuts:
        cuts = [0.0, *rng.uniform(1, at, len(cuts)).tolist()]
    cuts = sorted({round(cut, 3) for cut in cuts} | {round(at + 30.0, 3)})
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus(Path(folder))
        write_clips(corpus.clips("a"), [Clip(start, end) for start, end in pairwise(cuts)])
        write_snippets(corpus.snippets("a"), snippets)
        if not arguments.without_transcript:
            write_lines(corpus.transcript("a"), {"language": "en"}, [[word] for word in heard])
        if arguments.pins:
            chosen = np.linspace(0, len(snippets) - 1, arguments.pins).astype(int).tolist()
            lines = [f"{starts[n]:.2f}\t\t{snippets[n].text}\n" for n in chosen]
            corpus.pins("a").parent.mkdir(parents=True)
            corpus.pins("a").write_text("".join(lines), encoding="utf-8")
        begun = time.process_time()
        report = align(corpus.root, language="en")
        seconds = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{at / 60:.0f} minutes, {len(cuts) - 1:,} clips, {len(snippets):,} snippets, {len(heard):,} words: "
        f"{seconds:.0f} s, {peak:.0f} MiB"
    )
    for note in report.notes:
        print(note)


if __name__ == "__main__":
    main()
