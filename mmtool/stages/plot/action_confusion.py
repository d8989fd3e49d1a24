"""Which actions a network mistakes for which, each given the right ones before it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from mmtool.alignment.network.actions import ActionSet
from mmtool.alignment.network.batch import Sequences, Traces
from mmtool.alignment.network.model import AlignmentNetwork
from mmtool.alignment.network.trace import trace
from mmtool.choices import Action, CheckpointChoice, Modality
from mmtool.errors import InputError
from mmtool.formats.checkpoints import choose_checkpoint, read_checkpoint
from mmtool.formats.corpus import Corpus
from mmtool.records import Failure, Progress
from mmtool.stages.shared.annotated_videos import AnnotatedVideo, read_annotated_video
from mmtool.stages.shared.clip_sources import open_clips_for_checkpoint
from mmtool.stages.shared.devices import set_threads
from mmtool.stages.shared.network_inputs import open_for_checkpoint
from mmtool.stages.shared.network_timing import timing_for_checkpoint
from mmtool.stages.shared.trained_network import load_network, settings_of_run

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ActionCounts:
    """How often each gold action (K rows) has each action (K columns) as the most probable one.

    ``failures`` are the videos that could not be read.
    """

    actions: tuple[Action, ...]
    counts: Counts
    failures: list[Failure] = field(default_factory=list)


def count_actions(corpus: Corpus, run: str, ids: Sequence[str], progress: Progress) -> ActionCounts:
    """Count the decisions of a run's network against the gold actions.

    Each whole video is one sequence, and each action follows the gold ones before it (teacher forcing):
    single decisions are counted, not what follows from a wrong one.
    """
    set_threads(0)
    path = choose_checkpoint(corpus.run(run), CheckpointChoice.AUTO)
    checkpoint = read_checkpoint(path)
    network = load_network(checkpoint, path)
    actions = ActionSet(settings_of_run(checkpoint, path).actions)
    timing, weight = timing_for_checkpoint(corpus, checkpoint, path, None)
    counted = ActionCounts(actions.actions, np.zeros((len(actions), len(actions)), dtype=np.int64))
    with (
        open_clips_for_checkpoint(corpus, checkpoint, "") as clips,
        open_for_checkpoint(corpus, Modality.TEXT, checkpoint.inputs[Modality.TEXT], "") as snippets,
    ):
        for number, id in enumerate(ids, start=1):
            try:
                video = read_annotated_video(corpus, id, clips, snippets, actions, timing)
            except InputError as error:
                counted.failures.append(Failure(id, str(error)))
                continue
            if len(video.gold):
                np.add.at(counted.counts, (video.gold, _most_probable(network, video, actions, weight)), 1)
            progress(run, number, len(ids), "videos")
    return counted


@torch.inference_mode()
def _most_probable(
    network: AlignmentNetwork, video: AnnotatedVideo, actions: ActionSet, weight: float
) -> Counts:
    """(T,): the action taken at each step, with the timing prior where the run has one."""
    timing = video.timing
    gold = trace(
        video.gold,
        len(video.clips),
        len(video.snippets),
        actions,
        None if timing is None else timing.inputs,
    )
    logits = network(Sequences.pad([video.clips]), Sequences.pad([video.snippets]), Traces.pad([gold]))
    scores = logits[0].double().numpy()  # (T, K)
    if timing is not None and timing.prior is not None:
        scores += weight * timing.prior[gold.clip_top, gold.snippet_top]
    chosen: Counts = scores.argmax(axis=1)
    return chosen
