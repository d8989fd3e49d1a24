"""Seconds a query and memory of the exact search over 1,000,000 memory-mapped embeddings of 256 dimensions.

    $ OMP_NUM_THREADS=2 python tests/benchmarks/retrieval_speed.py

The embeddings are random unit vectors in a file of 1 GB, in a temporary folder. Memory is the largest of the
process, pages of the mapped file included. Processor time says what a query costs on a busy machine.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from mmtool.retrieval.search import search


def unit(rng: np.random.Generator, count: int, width: int) -> np.ndarray:
    values = rng.standard_normal((count, width), dtype=np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=1_000_000)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--k", type=int, default=32)
    parser.add_argument("--queries", type=int, default=20)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clips.npy"
        written = open_memmap(path, mode="w+", dtype=np.float32, shape=(given.clips, given.width))
        for start in range(0, given.clips, 50_000):
            stop = min(start + 50_000, given.clips)
            written[start:stop] = unit(rng, stop - start, given.width)
        del written
        queries = unit(rng, given.queries, given.width)
        embeddings = np.load(path, mmap_mode="r")
        seconds, processor, found = [], [], []
        for query in queries:
            began, busy = time.perf_counter(), time.process_time()
            found.append(search(embeddings, query[None], given.k).rows[0])
            seconds.append(time.perf_counter() - began)
            processor.append(time.process_time() - busy)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        began = time.perf_counter()
        together = search(embeddings, queries, given.k)
        batch = (time.perf_counter() - began) / len(queries)
        exact = all(
            np.array_equal(own, np.argsort(-(embeddings @ query), kind="stable")[: given.k])
            for own, query in zip(found[:3], queries[:3], strict=True)
        )
    print(f"{given.clips:,} clips x {given.width}, k {given.k}, one query at a time:")
    print(f"  median {np.median(seconds):.3f} s, slowest {max(seconds):.3f} s, memory {peak:.2f} GiB")
    print(f"  processor time, median {np.median(processor):.3f} s, all cores together")
    print(f"  {given.queries} queries together: {batch:.3f} s a query")
    print(f"  same as sorting everything: {exact}; same together: {np.array_equal(found, together.rows)}")


if __name__ == "__main__":
    main()
