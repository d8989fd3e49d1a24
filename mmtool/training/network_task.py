"""The training of the alignment network: teacher forcing on the gold actions of samples."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from mmtool.alignment.network.batch import NO_ACTION
from mmtool.alignment.network.model import AlignmentNetwork
from mmtool.settings.train import TrainSettings
from mmtool.training.diagnostics import Diagnosis, Diagnostics
from mmtool.training.epochs import NetworkEpoch
from mmtool.training.loop import TrainingState, fit
from mmtool.training.probing import TRAIN, VALIDATION, few_of
from mmtool.training.processes import ALONE, Processes
from mmtool.training.samples import Batch, Sample, epoch_batches
from mmtool.training.task import Part, Place, mean

Measure = Callable[[AlignmentNetwork], tuple[float, float]]  # → video accuracy, text IoU
ACTIONS = "actions"


class NetworkTask:
    """The alignment network, its samples, and functions that measure it.

    The loss of ``held_out``, samples of the validation videos, is measured beside that of as many training
    videos.
    """

    def __init__(
        self,
        network: AlignmentNetwork,
        samples: Sequence[Sample],
        settings: TrainSettings,
        *,
        held_out: Sequence[Sample] = (),
        validate: Measure | None = None,
        measure_training: Measure | None = None,
    ) -> None:
        self.network = network
        self._samples, self._held_out, self._settings = samples, held_out, settings
        self._validate, self._measure_training = validate, measure_training

    def batches(self, epoch: int, processes: Processes) -> Iterator[Batch]:
        return epoch_batches(
            self._samples,
            batch_size=self._settings.batch_size,
            seed=self._settings.seed,
            epoch=epoch,
            processes=processes,
        )

    def steps(self, _: int) -> int:
        return -(-len(self._samples) // self._settings.batch_size)

    def parts(self, batch: Batch, _: Place) -> dict[str, Part]:
        """The cross-entropy of all real actions; the sums also count the right ones."""
        device = next(self.network.parameters()).device
        traces = batch.traces.to(device)
        logits = self.network(batch.clips.to(device), batch.snippets.to(device), traces)
        logits = logits.float().flatten(0, 1)
        gold = traces.actions.flatten()
        count = (gold != NO_ACTION).sum()
        loss = logits.sum() * 0.0  # this process has no part of the batch
        if count:
            with torch.autocast(device.type, enabled=False):
                loss = nn.functional.cross_entropy(
                    logits, gold, ignore_index=NO_ACTION, label_smoothing=self._settings.label_smoothing
                )
        right = (logits.argmax(dim=-1) == gold).sum()
        return {ACTIONS: Part(loss, torch.stack([loss.detach() * count, right, count]))}

    def films(self, batch: Batch) -> str:
        return ", ".join(dict.fromkeys(batch.ids))

    def observer(self, processes: Processes) -> Diagnostics:
        return Diagnostics(self.network, processes)

    def probes(self) -> "dict[str, NetworkTask]":
        if not self._held_out:
            return {}
        count = len({sample.id for sample in self._held_out})
        films = few_of(list(dict.fromkeys(sample.id for sample in self._samples)), count)
        some = [sample for sample in self._samples if sample.id in films]
        return {
            TRAIN: NetworkTask(self.network, some, self._settings),
            VALIDATION: NetworkTask(self.network, self._held_out, self._settings),
        }

    def validated(self) -> dict[str, float] | None:
        return _measures(self._validate, self.network, "")

    def remeasured(self) -> dict[str, float] | None:
        return _measures(self._measure_training, self.network, "train_")

    def record(
        self,
        totals: Mapping[str, list[float]],
        measured: Mapping[str, Any],
        *,
        epoch: int,
        learning_rate: float,
        seconds: float,
        diagnostics: Diagnosis,
    ) -> NetworkEpoch:
        actions = totals[ACTIONS]
        return NetworkEpoch(
            epoch=epoch,
            loss=mean(actions),
            learning_rate=learning_rate,
            seconds=seconds,
            diagnostics=diagnostics,
            action_accuracy=actions[1] / actions[-1],
            **measured,
        )


def _measures(measure: Measure | None, network: AlignmentNetwork, prefix: str) -> dict[str, float] | None:
    if measure is None:
        return None
    video_accuracy, text_iou = measure(network)
    return {f"{prefix}video_accuracy": video_accuracy, f"{prefix}text_iou": text_iou}


def fit_network(
    network: AlignmentNetwork,
    samples: Sequence[Sample],
    settings: TrainSettings,
    *,
    state: TrainingState,
    held_out: Sequence[Sample] = (),
    validate: Measure | None = None,
    measure_training: Measure | None = None,
    processes: Processes = ALONE,
) -> Iterator[NetworkEpoch]:
    """Continue the training of an alignment network; see :func:`mmtool.training.loop.fit`.

    Args:
        network: The network, on its device.
        samples: All training samples.
        settings: The settings of the training.
        state: Where training stands; a new state starts it.
        held_out: Samples of the validation videos, whose loss is measured.
        validate: Returns video accuracy and text IoU (0..1) of the validation videos.
        measure_training: Returns the same for the training videos.
        processes: The processes that train together.
    """
    task = NetworkTask(
        network,
        samples,
        settings,
        held_out=held_out,
        validate=validate,
        measure_training=measure_training,
    )
    return fit(task, settings, state=state, processes=processes)
