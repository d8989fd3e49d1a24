"""Estimates the weights of branches before the epochs that need them (the paper's Algorithms 1 to 3)."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mmtool.blends import BlendEstimate, BranchChange, BranchWeight
from mmtool.errors import CallError
from mmtool.fusion_choices import JOINT, Blend
from mmtool.records import Progress, silent
from mmtool.settings.blending import BlendPlan
from mmtool.settings.matcher import MatcherSettings
from mmtool.settings.train import TrainSettings
from mmtool.training.blending.folds import Fold, film_folds
from mmtool.training.blending.weights import estimate, to_leave_out
from mmtool.training.loop import train_epoch
from mmtool.training.probing import mean_losses
from mmtool.training.processes import ALONE, Processes
from mmtool.training.rates import make_optimizer, make_rates
from mmtool.training.task import Task, Unobserved

START = 1  # the epoch before which the first estimate is made


class BlendableTask(Task[Any, Any], Protocol):
    """A task with a branch for each modality, and one for all."""

    weights: dict[str, float]

    @property
    def branches(self) -> Sequence[str]:
        """The names of the branches; the last one is the joint branch."""
        ...

    @property
    def film_ids(self) -> list[str]:
        """The training films."""
        ...

    def alone(self, branch: str, films: Iterable[str]) -> "BlendableTask":
        """The same task with a copy of the network, of which only one branch learns, from some films."""
        ...

    def of_films(self, films: Iterable[str]) -> "BlendableTask":
        """The same task and network with some films only."""
        ...

    def leave_out(self, modalities: Collection[str]) -> None:
        """Let the joint branch of the network see all modalities but these."""
        ...

    def comparable(self, films: Sequence[str], others: Sequence[str]) -> Sequence[str]:
        """Those of the films whose mean loss can be compared with that of the others."""
        ...


@dataclass(frozen=True, slots=True)
class Memory:
    """What earlier calls have measured, and who is to remember more of it.

    ``remember`` hears all changes and estimates so far after each new one, in the leading process.
    """

    changes: Sequence[BranchChange]
    remember: Callable[[Sequence[BranchChange], Sequence[BlendEstimate]], None]


class Blender:
    """Sets the weights of a task's branches before each epoch.

    An estimate copies the network as it is, and trains a copy for each branch and each fold of films. If the
    joint branch shall not see some modalities, it is measured again without them. What is measured depends on
    the weights before it, the seed and the films only. It is remembered copy by copy, so that an interrupted
    estimate continues with the next copy and ends with the same weights.

    Args:
        task: The task.
        settings: The settings of the training.
        plan: How branches are weighted.
        memory: What is known already.
        processes: The processes that train together.
        progress: Hears how many copies were trained.

    Raises:
        SettingError: There are too few films to estimate anything.
    """

    def __init__(
        self,
        task: BlendableTask,
        settings: TrainSettings | MatcherSettings,
        plan: BlendPlan,
        *,
        memory: Memory,
        processes: Processes = ALONE,
        progress: Progress = silent,
    ) -> None:
        self.task, self._settings, self._plan = task, settings, plan
        self._processes, self._progress, self._memory = processes, progress, memory
        self._changes = {(c.epoch, c.fold, c.branch, c.left_out): c for c in memory.changes}
        self.current = {branch: BranchWeight(weight) for branch, weight in plan.weights.items()}
        self._folds: list[Fold] = []
        self._holds_from = 0  # the epoch before which the current weights were estimated
        if plan.kind is not Blend.FIXED:
            self._folds = film_folds(
                task.film_ids,
                folds=settings.blend_folds,
                fraction=settings.blend_fraction,
                seed=settings.seed,
            )

    def before(self, epoch: int, rate: float) -> None:
        """Set the weights of an epoch, from 1, before which the learning rate was ``rate``."""
        if self._plan.kind is not Blend.FIXED:
            first = self._plan.first_epoch(epoch, self._settings.epochs)
            if first != self._holds_from:
                self.current = dict(self._estimate(first, epoch, rate).branches)
                self._holds_from = first
        self.task.weights = {branch: found.weight for branch, found in self.current.items()}

    def _estimate(self, first: int, epoch: int, rate: float) -> BlendEstimate:
        epochs = self._plan.epochs_of_estimate(self._settings.epochs)
        found, total = list[BranchChange](), len(self._folds) * len(self.task.branches)

        def measure(number: int, branch: str, left_out: tuple[str, ...]) -> None:
            self._progress("estimating weights", len(found), total, "copies")
            found.append(self._change(first, epoch, epochs, number, branch, left_out, rate))

        known = () if first == START else self._left_out()
        self.task.leave_out(known)
        for number in range(len(self._folds)):
            for branch in self.task.branches:
                measure(number, branch, known if branch == JOINT else ())
        left_out = to_leave_out(found) if first == START else ()
        if left_out:
            self.task.leave_out(left_out)
            total += len(self._folds)
            for number in range(len(self._folds)):
                measure(number, JOINT, left_out)
        return estimate(found)

    def _change(
        self,
        first: int,
        epoch: int,
        epochs: int,
        number: int,
        branch: str,
        left_out: tuple[str, ...],
        rate: float,
    ) -> BranchChange:
        """What one branch learns in one fold, as it is remembered or measured now."""
        key = first, number, branch, left_out
        known = self._changes.get(key)
        if known and known.epochs != epochs and first == epoch:
            known = None  # of a call with another number of epochs, which was interrupted
        told = {} if known is None else {"gain": known.gain, "overfitting": known.overfitting}
        if known is not None:
            told |= {"held_out": known.held_out, "epochs": known.epochs}
        told = self._processes.agree_on(told)
        if not told:
            if first != epoch:
                raise CallError(
                    f"blend.json: does not hold the weights that were estimated before epoch {first}; "
                    "start the run again with `force`"
                )
            told = self._measured(epoch, epochs, self._folds[number], branch, rate)
        change = BranchChange(
            epoch=first,
            epochs=int(told["epochs"]),
            fold=number,
            folds=len(self._folds),
            branch=branch,
            gain=told["gain"],
            overfitting=told["overfitting"],
            held_out=told["held_out"],
            left_out=left_out,
        )
        if self._changes.get(key) != change:
            self._changes[key] = change
            if self._processes.leads:
                self._memory.remember([*self._changes.values()], self._finished())
        return change

    def _finished(self) -> list[BlendEstimate]:
        """The estimates of which all copies were trained."""
        by_epoch: dict[tuple[int, int], list[BranchChange]] = {}
        for change in self._changes.values():
            by_epoch.setdefault((change.epoch, change.epochs), []).append(change)
        return [estimate(changes) for changes in by_epoch.values() if self._is_whole(changes)]

    def _is_whole(self, changes: Sequence[BranchChange]) -> bool:
        """Whether all copies of an estimate were trained."""
        copies = len(self._folds) * len(self.task.branches)
        if changes[0].epoch != START:
            return len(changes) == copies
        first = [change for change in changes if not change.left_out]
        again = len(self._folds) if len(first) == copies and to_leave_out(first) else 0
        return len(changes) == copies + again

    def _left_out(self) -> tuple[str, ...]:
        """What the first estimate has left out.

        Later ones leave out nothing more: a modality that gains nothing from then on may have learned what it
        can tell, and the joint branch needs it.
        """
        return next((found.left_out for found in self._finished() if found.epoch == START), ())

    def _measured(self, epoch: int, epochs: int, fold: Fold, branch: str, rate: float) -> dict[str, float]:
        """Train a copy, and measure both losses before and after it."""
        learner = self.task.alone(branch, fold.learned)
        learned = learner.of_films(learner.comparable(fold.learned, fold.held_out))
        held_out = learner.of_films(fold.held_out)
        before = self._losses(learned, held_out, branch)
        optimizer = make_optimizer(learner.network, self._settings)
        rates = make_rates(optimizer, self._settings)
        for group in optimizer.param_groups:
            group["lr"] = rate
        for number in range(epoch, epoch + epochs):
            rates.begin(number)
            _, loss = train_epoch(
                learner, self._settings, optimizer, rates, number, Unobserved(), self._processes
            )
            rates.end(number, loss)
        after = self._losses(learned, held_out, branch)
        gain = before["held_out"] - after["held_out"]
        overfitting = (before["learned"] - after["learned"]) - gain
        return {
            "gain": gain,
            "overfitting": overfitting,
            "held_out": before["held_out"],
            "epochs": float(epochs),
        }

    def _losses(self, learned: BlendableTask, held_out: BlendableTask, branch: str) -> dict[str, float]:
        """The losses of both kinds of films in evaluation mode, measured by the leading process."""
        found: dict[str, float] = {}
        if self._processes.leads:
            precision = self._settings.precision
            found["learned"] = mean_losses(learned, precision)[branch]
            found["held_out"] = mean_losses(held_out, precision)[branch]
        return self._processes.agree_on(found)
