"""What reranking a film costs with BLIP-base's shape, compared with the arithmetic of its pairs.

    $ OMP_NUM_THREADS=2 python tests/benchmarks/rerank_cost.py

A film of 250 clips and 100 snippets, all pairs, with random weights. All clips cost the same, so a few are
computed: the operations of one are counted, others are timed. What a pair must cost is written down by hand:
12 layers over its own words without padding; keys and values of the picture once a clip. The picture's own
network is not part of it.
"""

import argparse
import time

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import BlipConfig, BlipForImageTextRetrieval

from mmtool.encoders.rerankers.blip import BlipReranker
from mmtool.encoders.rerankers.contract import ReadClips, ReadTexts

CLIPS, SNIPPETS, TOKENS = 250, 100, 577  # 384 pixels in patches of 16, and the first token
LAYERS, WIDTH, INNER = 12, 768, 3072
WORDS = 14.0  # mean number of word pieces of a snippet, special ones included


def needed(lengths: np.ndarray, clips: int) -> tuple[float, float]:
    """FLOP of all pairs, and of the keys and values of all clips."""
    pairs = 0.0
    for words in lengths:
        products = 2 * words * WIDTH * WIDTH * (4 + 2) + 2 * 2 * words * WIDTH * INNER
        attention = 2 * 2 * words * words * WIDTH + 2 * 2 * words * TOKENS * WIDTH
        pairs += LAYERS * (products + attention)
    return clips * pairs, clips * keys_and_values()


def keys_and_values() -> float:
    """FLOP of a picture's keys and values."""
    return LAYERS * 2 * TOKENS * 2 * WIDTH * WIDTH


class Shape(BlipReranker):
    """A BLIP without files, with random weights."""

    def __init__(self, batch_size: int) -> None:
        self._device, self._batch_size, self._enc = torch.device("cpu"), batch_size, None
        self._network = BlipForImageTextRetrieval(BlipConfig()).eval()
        self._tokens = type("Tokens", (), {"pad": 0})()

    def film(self, rows: list[list[int]], clips: int) -> None:
        """Judge all pairs of some clips with all texts."""
        read = ReadClips([torch.randn(TOKENS, WIDTH) for _ in range(clips)], [1] * clips, None)
        texts = ReadTexts(rows, unknown=np.zeros(len(rows), np.float32), truncated=0, embed=None)
        pairs = np.array([[clip, text] for clip in range(clips) for text in range(len(rows))])
        self.logits(read, texts, pairs)


def attention_flop(queries: tuple, keys: tuple, *_: object, **__: object) -> int:
    """FLOP of attention of queries (b, H, L, d) to keys (b, H, V, d)."""
    batch, heads, length, width = queries
    return 2 * 2 * batch * heads * length * keys[2] * width


def counted(shape: Shape, rows: list[list[int]]) -> int:
    """FLOP of one clip with all texts, operation by operation; torch does not count the CPU's attention."""
    attention = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    with FlopCounterMode(display=False, custom_mapping={attention: attention_flop}) as counter:
        shape.film(rows, 1)
    return counter.get_total_flops()


def peak() -> float:
    """FLOP a second of a large product of fp32 on this machine now."""
    left, right = torch.randn(2048, 2048), torch.randn(2048, 2048)
    best = 0.0
    for _ in range(5):
        began = time.perf_counter()
        left @ right
        best = max(best, 2 * 2048**3 / (time.perf_counter() - began))
    return best


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--clips", type=int, default=2, help="clips that are timed")
    given = parser.parse_args()
    lengths = np.random.default_rng(0).poisson(WORDS - 4, SNIPPETS) + 4
    rows = [[1] * int(length) for length in lengths]
    pairs, keys = needed(lengths, CLIPS)
    again = CLIPS * SNIPPETS * keys_and_values()
    shape = Shape(given.batch_size)
    found = CLIPS * counted(shape, rows)
    fastest, began = peak(), time.perf_counter()
    shape.film(rows, given.clips)
    seconds = (time.perf_counter() - began) / given.clips
    rate = found / CLIPS / seconds
    count = f"{CLIPS * SNIPPETS:,} pairs"
    print(f"{CLIPS} clips, {SNIPPETS} snippets of {lengths.mean():.1f} word pieces: {count}")
    print(f"  needed: {(pairs + keys) / 1e12:.1f} TFLOP, of which keys and values {keys / 1e12:.1f}")
    print(f"  counted: {found / 1e12:.1f} TFLOP, {found / (pairs + keys):.3f} times what is needed")
    print(f"  with keys and values again for every pair: {(pairs + again) / 1e12:.0f} TFLOP")
    print(f"  a clip: {seconds:.1f} s with {torch.get_num_threads()} threads, {rate / 1e9:.0f} GFLOP/s,")
    print(f"  {100 * rate / fastest:.0f} % of a large product's {fastest / 1e9:.0f} GFLOP/s")


if __name__ == "__main__":
    main()
