"""Learns how much heard words count from annotated films with transcripts, and prints it as JSON.

    python tests/benchmarks/word_weights.py CORPUS [--split train] > mmtool/alignment/timing/words.json

CORPUS has clips/, snippets/, annotations/ and transcripts/. Says on the standard error by how many nats
words make a boundary of films that were left out, in ten folds, likelier than the lengths of clips alone do:
with these words, and with the words of each film at random times.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from word_evidence import read

from mmtool.alignment.timing.pace import seconds_of
from mmtool.alignment.timing.word_fit import HeardNarration, boundaries_of, fit_word_weights, gain_on_others
from mmtool.alignment.timing.word_weights import default_word_weights
from mmtool.alignment.words.heard import heard_words
from mmtool.choices import Split
from mmtool.formats.corpus import Corpus
from mmtool.stages.shared.transcripts import transcript_of


def narrations_of(corpus: Corpus, ids: list[str], language: str) -> list[HeardNarration]:
    """The annotated films that have a transcript which belongs to them."""
    found = []
    for id in ids:
        if not corpus.annotations(id).exists():
            continue
        clips, snippets, truth = read(corpus, id)
        transcript = transcript_of(corpus, id, clips)
        texts = [snippet.text for snippet in snippets]
        if transcript is None or not (heard := heard_words(texts, transcript, language)).tells:
            continue
        bounds = np.unique(np.array([clip.interval for clip in clips]).round(6))
        reading = seconds_of(texts, language)
        found.append(HeardNarration(heard=heard, reading=reading, bounds=bounds, truth=truth))
    return found


def at_random(narration: HeardNarration, rng: np.random.Generator) -> HeardNarration:
    """The same words at other times of the film, in order."""
    heard, end = narration.heard, float(narration.bounds[-1])
    start = np.sort(rng.uniform(0, end, len(heard.start)))
    return replace(narration, heard=replace(heard, start=start, end=np.append(start[1:], end)))


def main() -> None:
    """Print the weights."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--split", choices=[str(split) for split in Split], default="train")
    parser.add_argument("--language", default="en")
    arguments = parser.parse_args()
    corpus, base = Corpus.open(arguments.corpus), default_word_weights()
    narrations = narrations_of(corpus, corpus.split_ids(Split(arguments.split)), arguments.language)
    rng = np.random.default_rng(0)
    for name, films in (
        ("words as they were heard", narrations),
        ("words at random", [at_random(one, rng) for one in narrations]),
    ):
        boundaries = boundaries_of(films, base)
        weights = fit_word_weights(films, base)
        print(
            f"{name}: {len(films)} films, {len(boundaries.chosen)} boundaries, "
            f"{gain_on_others(boundaries, base):+.3f} nats each; "
            f"weights {weights.start:.3f}, {weights.end:.3f}",
            file=sys.stderr,
        )
        if films is narrations:
            print(weights.as_json(), end="")


if __name__ == "__main__":
    main()
