"""Token rows → batches of nearly equal lengths → features; what all text networks have in common."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from mmtool.choices import Pooling
from mmtool.encoders.contract import Features

PADDING = 32  # tokens of a batch: on a CPU more costs more than one batch fewer saves

Encode = Callable[[Tensor, Tensor | None], Tensor]


def encode_rows(
    rows: Sequence[Sequence[int]],
    encode: Encode,
    *,
    dimension: int,
    pad: int,
    batch_size: int,
    device: torch.device,
) -> Features:
    """The features (M, D) of M rows of token ids, each batch by ``encode``.

    ``encode`` turns tokens (b, L) into features (b, D); it also gets which tokens are real (b, L), as
    0 and 1, or None where all are. On a CPU it is called by several threads at a time. Batches are made
    of these rows alone, so what comes out does not depend, to the last bit, on what is encoded before or
    after.
    """
    features = np.zeros((len(rows), dimension), dtype=np.float32)
    padding = PADDING if device.type == "cpu" else None

    def encode_batch(batch: list[int]) -> None:
        chosen = [rows[index] for index in batch]
        length = max(map(len, chosen))
        tokens = torch.tensor([[*row, *[pad] * (length - len(row))] for row in chosen], device=device)
        real = None
        if any(len(row) < length for row in chosen):
            sizes = torch.tensor([len(row) for row in chosen], device=device)
            real = (torch.arange(length, device=device) < sizes[:, None]).long()  # (b, L)
        features[batch] = encode(tokens, real).float().cpu().numpy()

    batches = batches_by_length([len(row) for row in rows], batch_size=batch_size, padding=padding)
    threads = torch.get_num_threads() if device.type == "cpu" else 1
    if threads == 1:
        for batch in batches:
            encode_batch(batch)
    else:
        _in_threads(encode_batch, reversed(list(batches)), threads)  # long ones first: all end together
    return features


def _in_threads(work: Callable[[list[int]], None], batches: Iterable[list[int]], threads: int) -> None:
    """A batch a thread: batches are too small for several to share one without waiting for each other."""
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for _ in pool.map(work, batches):
                pass
    finally:
        torch.set_num_threads(threads)  # threads that come later begin with what was set last


def batches_by_length(lengths: Sequence[int], *, batch_size: int, padding: int | None) -> Iterator[list[int]]:
    """Indices in the order of their lengths, a batch at a time.

    A batch has at most ``batch_size`` rows, and needs at most ``padding`` tokens to fill them up.
    """
    batch: list[int] = []
    needed = 0
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch:
            needed += len(batch) * (lengths[index] - lengths[batch[-1]])
            if len(batch) == batch_size or (padding is not None and needed > padding):
                yield batch
                batch, needed = [], 0
        batch.append(index)
    if batch:
        yield batch


def pool(words: Tensor, real: Tensor | None, pooling: Pooling) -> Tensor:
    """Features (b, D) from word features (b, L, D), in fp32; ``real`` (b, L) as in :func:`encode_rows`.

    ``cls`` is the first token's, ``mean`` is over all tokens but padding, ``words`` also leaves out the
    first and the last, which are no words; a row of those two alone is their mean. A row
    of padding alone is 0.
    """
    if pooling is Pooling.CLS:
        return words[:, 0]
    if pooling is Pooling.MEAN and real is None:
        return words.float().mean(dim=1)
    counted = torch.ones(words.shape[:2], device=words.device) if real is None else real.float()
    if pooling is Pooling.WORDS:
        last = counted.sum(dim=1).long() - 1  # (b,)
        has_words = (last > 1).float()[:, None]
        ends = torch.zeros_like(counted)
        ends[:, 0] = 1
        ends[torch.arange(len(words), device=words.device), last] = 1
        counted = counted - ends * has_words
    return (words.float() * counted[..., None]).sum(dim=1) / counted.sum(dim=1, keepdim=True).clamp(min=1)
