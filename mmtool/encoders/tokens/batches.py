"""Rows of token ids → batches → features, for all text networks."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from mmtool.choices import Pooling
from mmtool.encoders.contract import Features
from mmtool.memory import lacks_gpu_memory

PADDING = 32  # padding tokens of a batch: on a CPU, more cost more than one batch fewer saves
PACKED = 512  # tokens of a batch without padding: enough for matrix products at full speed
ON_GPU = 64  # tokens for each row that a batch may have, padding included: long rows come in smaller batches
LEAST_ON_GPU = 4096  # tokens of a batch, however few rows it may have
AHEAD = 4  # batches per thread that wait to be encoded

Rows = Sequence[Sequence[int]]


def encode_in_batches(
    many: Iterable[Rows],
    encode: Callable[[Rows], Tensor],
    batches: Callable[[Rows], Iterator[list[int]]],
    *,
    dimension: int,
    device: torch.device,
) -> Iterator[Features]:
    """Yield the features (M, D) of each text's M rows of token ids; ``encode`` makes those of a batch (b, D).

    On a CPU, each thread encodes batches of its own, which are too small for several threads to share one
    without waiting for each other. Texts are read a little ahead so that all threads have work. A batch has
    rows of one text only, so features do not depend, to the last bit, on what is encoded before or after. A
    batch that is too large for the memory of a GPU is encoded in halves.
    """

    def encode_batch(rows: Rows, batch: list[int], features: Features) -> None:
        try:
            features[batch] = encode([rows[index] for index in batch]).float().cpu().numpy()
            return
        except RuntimeError as error:
            if len(batch) == 1 or not lacks_gpu_memory(error):
                raise
        half = len(batch) // 2  # outside the handler, which holds the tensors of the attempt
        for part in (batch[:half], batch[half:]):
            features[part] = encode([rows[index] for index in part]).float().cpu().numpy()

    before = torch.get_num_threads()
    threads = before if device.type == "cpu" else 1
    pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
    waiting: deque[tuple[Features, list[Future[None]]]] = deque()
    try:
        for rows in many:
            features = np.zeros((len(rows), dimension), dtype=np.float32)
            long_first = reversed(list(batches(rows)))  # so that threads finish at nearly the same time
            waiting.append(
                (features, [pool.submit(encode_batch, rows, each, features) for each in long_first])
            )
            while sum(len(futures) for _, futures in waiting) > AHEAD * threads:
                yield _finished(*waiting.popleft())
        while waiting:
            yield _finished(*waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)  # new threads start with the number that was set last


def _finished(features: Features, futures: list[Future[None]]) -> Features:
    for future in futures:
        future.result()
    return features


def padded(rows: Rows, *, pad: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
    """Tokens (b, L), and which of them are real (b, L) as 0 and 1, or None if all are."""
    length = max(map(len, rows))
    tokens = torch.tensor([[*row, *[pad] * (length - len(row))] for row in rows], device=device)
    if all(len(row) == length for row in rows):
        return tokens, None
    sizes = torch.tensor([len(row) for row in rows], device=device)
    return tokens, (torch.arange(length, device=device) < sizes[:, None]).long()


def padded_batches(rows: Rows, *, batch_size: int, device: torch.device) -> Iterator[list[int]]:
    """Yield the indices of rows that are padded together: little on a CPU, up to many tokens on a GPU."""
    lengths = [len(row) for row in rows]
    if device.type == "cpu":
        return batches_by_length(lengths, batch_size=batch_size, padding=PADDING)
    tokens = max(LEAST_ON_GPU, ON_GPU * batch_size)
    return batches_by_length(lengths, batch_size=batch_size, padding=None, tokens=tokens)


def batches_by_length(
    lengths: Sequence[int], *, batch_size: int, padding: int | None, tokens: int | None = None
) -> Iterator[list[int]]:
    """Yield indices by ascending length, one batch at a time.

    A batch has at most ``batch_size`` rows and at most ``padding`` padding tokens; with its padding, it has
    at most ``tokens``, unless it is a single row.
    """
    batch: list[int] = []
    needed = 0
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch:
            needed += len(batch) * (lengths[index] - lengths[batch[-1]])
            is_padded = padding is not None and needed > padding
            is_large = tokens is not None and (len(batch) + 1) * lengths[index] > tokens
            if len(batch) == batch_size or is_padded or is_large:
                yield batch
                batch, needed = [], 0
        batch.append(index)
    if batch:
        yield batch


def batches_by_tokens(
    lengths: Sequence[int], *, batch_size: int, tokens: int = PACKED
) -> Iterator[list[int]]:
    """Yield indices by ascending length, in batches of about equally many tokens.

    A batch has at most ``batch_size`` rows and ends with the row that fills its share. A share is an equal
    part of the remaining tokens, divided into as many parts as make it closest to ``tokens``.
    """
    left = sum(lengths)
    batch: list[int] = []
    filled, share = 0, 0.0
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not batch:
            left, filled = left - filled, 0
            share = left / max(1, round(left / tokens))
        batch.append(index)
        filled += lengths[index]
        if len(batch) == batch_size or filled >= share:
            yield batch
            batch = []


def pool(words: Tensor, real: Tensor | None, pooling: Pooling) -> Tensor:
    """Features (b, D) from word features (b, L, D), in fp32; ``real`` (b, L) as in :func:`padded`.

    ``cls`` takes the first token's feature, ``mean`` the mean over all tokens except padding. ``words`` also
    leaves out the first and the last token, which are special; a row of only those two is their mean. A row
    of padding only is 0.
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
