"""How long alignment takes, how much memory, and how both grow with clips and snippets; prints tables.

    OMP_NUM_THREADS=1 python tests/benchmarks/align_speed.py [--only semi-markov]

Films are made up: clips of 3 s on average, texts that take the film's time to read, similarities at random.
Each row is a process of its own, so that peak memory, which includes Python and NumPy, is that row's.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from mmtool.alignment.similarity.dtw import dtw
from mmtool.alignment.similarity.monotone import monotone
from mmtool.alignment.similarity.otam import otam
from mmtool.alignment.timing.mixture import align_by_mixture
from mmtool.alignment.timing.parameters import default_parameters
from mmtool.alignment.timing.semi_markov import align_narration
from mmtool.features.similarity import standardised
from mmtool.records import Interval

SIZES = ((250, 100), (500, 250), (1000, 500), (2500, 1500))
WORDS = 18  # a text of so many short words takes about 5 s to read


def film(clips: int, snippets: int) -> tuple[list[Interval], list[str], np.ndarray]:
    """Clips, texts and similarities of a narrated film."""
    rng = np.random.default_rng(0)
    cuts = np.concatenate([[0.0], np.cumsum(rng.gamma(2.0, 1.5, clips))])
    words = rng.poisson(WORDS * 0.6 * clips / snippets, snippets) + 1
    texts = [" ".join(["word"] * int(count)) + "." for count in words]
    intervals = [Interval(a, b) for a, b in pairwise(cuts)]
    return intervals, texts, standardised(rng.normal(size=(snippets, clips)))


def decoders(clips: int, snippets: int) -> dict[str, Callable[[], object]]:
    """What each row times, by its name."""
    intervals, texts, similarity = film(clips, snippets)
    parameters = default_parameters()
    return {
        "mixture": lambda: align_by_mixture(intervals, texts, parameters, language="en"),
        "semi-markov": lambda: align_narration(intervals, texts, parameters),
        "semi-markov, viterbi": lambda: align_narration(
            intervals, texts, parameters, most_probable_path=True
        ),
        "semi-markov, similarity": lambda: align_narration(
            intervals, texts, parameters, emissions=similarity
        ),
        "monotone": lambda: monotone(similarity),
        "dtw": lambda: dtw(similarity),
        "otam": lambda: otam(similarity),
    }


def measure(name: str, clips: int, snippets: int) -> dict[str, float]:
    """Processor seconds, the better of two, and peak MiB of this process."""
    call = decoders(clips, snippets)[name]
    seconds = []
    for _ in range(2):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
        if seconds[0] > 5:
            break
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": min(seconds), "peak": peak}


def main() -> None:
    """Print a table a decoder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="decoders whose name starts so")
    parser.add_argument("--row", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.row:
        name, clips, snippets = arguments.row
        print(json.dumps(measure(name, int(clips), int(snippets))))
        return
    for name in decoders(2, 2):
        if not name.startswith(arguments.only):
            continue
        print(f"{name}\n  clips × snippets   seconds   MiB   time/(clips · snippets), first row = 1")
        first = 0.0
        for clips, snippets in SIZES:
            row = [sys.executable, __file__, "--row", name, str(clips), str(snippets)]
            measured = json.loads(subprocess.run(row, check=True, capture_output=True, text=True).stdout)
            each = measured["seconds"] / (clips * snippets)
            first = first or each
            figures = f"{measured['seconds']:9.3f} {measured['peak']:6.0f} {each / first:6.2f}"
            print(f"  {clips:5,} × {snippets:5,}   {figures}", flush=True)


if __name__ == "__main__":
    main()
