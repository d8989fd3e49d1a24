"""Training samples: windows of a video's gold actions, and batches of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from mmtool.alignment.network.actions import POPS_CLIP, POPS_SNIPPET, ActionSet
from mmtool.alignment.network.batch import NO_ACTION, Sequences, Traces
from mmtool.alignment.network.trace import Trace, trace
from mmtool.training.processes import ALONE, Processes


@dataclass(frozen=True, slots=True)
class Sample:
    """One training sequence: features of N clips and M snippets, and the states of its gold actions."""

    id: str
    clips: NDArray[np.float32]  # (N, D)
    snippets: NDArray[np.float32]  # (M, D)
    trace: Trace


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples padded to the same length."""

    ids: tuple[str, ...]
    clips: Sequences
    snippets: Sequences
    traces: Traces


def cut_samples(
    id: str,
    clips: NDArray[np.float32],
    snippets: NDArray[np.float32],
    gold: NDArray[np.int64],
    *,
    action_set: ActionSet,
    max_actions: int,
    pairs: NDArray[np.float32] | None = None,
) -> list[Sample]:
    """Cut one video with gold actions (T,) into windows of at most ``max_actions`` actions.

    A window holds the clips and snippets that are on top before its actions; what stays on top at a border
    belongs to both windows. ``pairs`` (N, M, E) are features of the clip and the snippet on top. They are
    those of the whole video, whereas the positional features are relative to the window.
    """
    samples = []
    clip_at = np.append(0, np.cumsum(action_set.table(POPS_CLIP)[gold]))
    snippet_at = np.append(0, np.cumsum(action_set.table(POPS_SNIPPET)[gold]))
    for start in range(0, len(gold), max_actions):
        end = min(start + max_actions, len(gold))
        first_clip, last_clip = clip_at[start], clip_at[end - 1] + 1
        first_snippet, last_snippet = snippet_at[start], snippet_at[end - 1] + 1
        window = trace(
            gold[start:end],
            last_clip - first_clip,
            last_snippet - first_snippet,
            action_set,
            None if pairs is None else pairs[first_clip:last_clip, first_snippet:last_snippet],
        )
        samples.append(Sample(id, clips[first_clip:last_clip], snippets[first_snippet:last_snippet], window))
    return samples


def make_batch(samples: Sequence[Sample]) -> Batch:
    """Pad samples to one batch."""
    return Batch(
        tuple(sample.id for sample in samples),
        Sequences.pad([sample.clips for sample in samples]),
        Sequences.pad([sample.snippets for sample in samples]),
        Traces.pad([sample.trace for sample in samples]),
    )


def _all_padding(batch: Batch) -> Batch:
    """The same tensors marked as padding, for a process that only takes part in the sums."""
    clips, snippets, traces = batch.clips, batch.snippets, batch.traces
    return Batch(
        (),
        Sequences(clips.features, torch.zeros_like(clips.lengths)),
        Sequences(snippets.features, torch.zeros_like(snippets.lengths)),
        replace(traces, actions=torch.full_like(traces.actions, NO_ACTION)),
    )


def epoch_batches(
    samples: Sequence[Sample], *, batch_size: int, seed: int, epoch: int, processes: Processes = ALONE
) -> Iterator[Batch]:
    """This process's part of each batch; the order of the samples depends on ``seed`` and ``epoch`` only."""
    order = np.random.default_rng([seed, epoch]).permutation(len(samples))
    for start in range(0, len(order), batch_size):
        batch = [samples[index] for index in order[start : start + batch_size]]
        part = processes.share(batch)
        yield make_batch(part) if part else _all_padding(make_batch(batch[:1]))
