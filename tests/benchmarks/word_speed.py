"""How long matching of words takes, and how much memory; prints a table.

    python tests/benchmarks/word_speed.py

Texts are made up: words with frequencies as in languages, half of which are heard, four of five correctly.
Each row is a process of its own.
"""

import argparse
import resource
import subprocess
import sys
import time

import numpy as np

from mmtool.alignment.words.ordered import ordered_matches

SIZES = ((2_500, 5_000), (5_000, 10_000), (10_000, 20_000))
VOCABULARY = 8_000


def measure(spoken: int, written: int) -> str:
    """Seconds, peak MiB, and the share of right matches."""
    rng = np.random.default_rng(0)
    words = np.array(
        ["".join(map(chr, rng.integers(97, 123, rng.integers(2, 10)))) for _ in range(VOCABULARY)]
    )
    frequency = 1 / np.arange(1, VOCABULARY + 1)
    text = rng.choice(words, written, p=frequency / frequency.sum())
    first = (written - spoken) // 2
    heard = np.where(rng.random(spoken) < 0.8, text[first : first + spoken], rng.choice(words, spoken))
    start = time.process_time()
    matches = ordered_matches(text.tolist(), heard.tolist())
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    right = sum(match.written - first == match.spoken for match in matches) / len(matches)
    return f"{spoken:6,} × {written:6,}   {seconds:7.2f}   {peak:4.0f}   {100 * right:5.1f} %"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--row", nargs=2, type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.row:
        print(measure(*arguments.row))
        return
    print("heard × written   seconds   MiB   right matches", flush=True)
    for spoken, written in SIZES:
        subprocess.run([sys.executable, __file__, "--row", str(spoken), str(written)], check=True)


if __name__ == "__main__":
    main()
