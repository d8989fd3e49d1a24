"""The training of the alignment network: teacher forcing on the gold actions of samples."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from mmtool.alignment.network.batch import NO_ACTION
from mmtool.alignment.network.branches import FusedNetwork
from mmtool.alignment.network.model import AlignmentNetwork
from mmtool.fusion_choices import JOINT
from mmtool.settings.train import TrainSettings
from mmtool.training.diagnostics import Diagnosis, Diagnostics
from mmtool.training.epochs import NetworkEpoch
from mmtool.training.loop import TrainingState, Weighing, fit
from mmtool.training.probing import TRAIN, VALIDATION, few_of
from mmtool.training.processes import ALONE, Processes
from mmtool.training.samples import Batch, Sample, epoch_batches
from mmtool.training.task import Part, Place, mean

Measure = Callable[[AlignmentNetwork], tuple[float, float]]  # → video accuracy, text IoU
ACTIONS = "actions"


def _part_of(branch: str) -> str:
    """The name of a branch's term of the loss."""
    return ACTIONS if branch == JOINT else f"{ACTIONS} of {branch}"


class NetworkTask:
    """The alignment network, its samples, and functions that measure it.

    The loss of ``held_out``, samples of the validation videos, is measured beside that of as many training
    videos. A network with a head for each of ``modalities`` has as many branches and a joint one, whose
    losses have ``weights``.
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
        modalities: Sequence[str] = (),
        only: str = "",
    ) -> None:
        self.network = network
        self.branches = (*modalities, JOINT) if network.shape.heads else (JOINT,)
        self.weights = dict.fromkeys(self.branches, 1.0)
        self._only = only  # the branch to compute, if not all
        self._samples, self._held_out, self._settings = samples, held_out, settings
        self._all = samples
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
        """The cross-entropy of all real actions by each branch; the sums also count the right ones."""
        device = next(self.network.parameters()).device
        traces = batch.traces.to(device)
        clips, snippets = batch.clips.to(device), batch.snippets.to(device)
        if not isinstance(self.network, FusedNetwork) or len(self.branches) == 1:
            return {ACTIONS: self._part(self.network(clips, snippets, traces), traces.actions, JOINT)}
        wanted = [self._only] if self._only else self.branches
        numbers = [self.branches.index(branch) for branch in wanted]
        logits = self.network.by_branch(clips, snippets, traces, numbers)
        return {
            _part_of(branch): self._part(of_branch, traces.actions, branch)
            for branch, of_branch in zip(wanted, logits, strict=True)
        }

    def _part(self, logits: Tensor, actions: Tensor, branch: str) -> Part:
        """The loss of logits (B, T, K) and the gold actions (B, T)."""
        logits = logits.float().flatten(0, 1)
        gold = actions.flatten()
        count = (gold != NO_ACTION).sum()
        loss = logits.sum() * 0.0  # this process has no part of the batch
        if count:
            with torch.autocast(logits.device.type, enabled=False):
                loss = nn.functional.cross_entropy(
                    logits, gold, ignore_index=NO_ACTION, label_smoothing=self._settings.label_smoothing
                )
        right = (logits.argmax(dim=-1) == gold).sum()
        sums = torch.stack([loss.detach() * count, right, count])
        return Part(loss, sums, self.weights[branch], branch)

    def leave_out(self, modalities: Collection[str]) -> None:
        if isinstance(self.network, FusedNetwork):
            self.network.leave_out([self.branches.index(name) for name in modalities])

    @property
    def film_ids(self) -> list[str]:
        return list(dict.fromkeys(sample.id for sample in self._samples))

    def of_films(self, films: Iterable[str]) -> "NetworkTask":
        return self._with(self._samples_of(films), self.network)

    def alone(self, branch: str, films: Iterable[str]) -> "NetworkTask":
        return self._with(self._samples_of(films), deepcopy(self.network), only=branch)

    def comparable(self, films: Sequence[str], others: Sequence[str]) -> Sequence[str]:
        """All of them: the mean loss of actions does not depend on how many there are."""
        del others
        return films

    def _samples_of(self, films: Iterable[str]) -> list[Sample]:
        wanted = set(films)
        return [sample for sample in self._all if sample.id in wanted]

    def _with(self, samples: Sequence[Sample], network: AlignmentNetwork, *, only: str = "") -> "NetworkTask":
        """The same branches, with other samples."""
        task = NetworkTask(
            network, samples, self._settings, modalities=self.branches[:-1], only=only or self._only
        )
        task._all = self._all
        return task

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
            TRAIN: self._with(some, self.network),
            VALIDATION: self._with(self._held_out, self.network),
        }

    def shares_of_updates(self) -> dict[nn.Parameter, float]:
        """The sum of the weights of the branches that reach a parameter."""
        if not isinstance(self.network, FusedNetwork) or len(self.branches) == 1 or self._only:
            return {}
        shares = {
            parameter: sum(self.weights[self.branches[number]] for number in numbers)
            for parameter, numbers in self.network.reached_by().items()
        }
        return {parameter: share for parameter, share in shares.items() if share < 1 - 1e-9}

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
    modalities: Sequence[str] = (),
    weighing_of: Callable[[NetworkTask], Weighing] | None = None,
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
        modalities: The names of the sources, where the network has a head for each.
        weighing_of: Makes what weighs the branches of the loss.
    """
    task = NetworkTask(
        network,
        samples,
        settings,
        held_out=held_out,
        validate=validate,
        measure_training=measure_training,
        modalities=modalities,
    )
    weighing = weighing_of(task) if weighing_of else None
    return fit(task, settings, state=state, processes=processes, weighing=weighing)
