"""How the branches of a run are weighted, and what estimates have measured in earlier calls."""

from collections.abc import Callable, Sequence
from pathlib import Path

from mmtool.blends import BlendEstimate, BranchChange
from mmtool.formats.blends import BLEND, read_blend, write_blend
from mmtool.fusion_choices import Blend
from mmtool.records import Progress
from mmtool.settings.blending import BlendPlan
from mmtool.settings.matcher import MatcherSettings
from mmtool.settings.modalities import names_of
from mmtool.settings.train import TrainSettings
from mmtool.training.blending.estimating import BlendableTask, Blender, Memory
from mmtool.training.blending.folds import cost, film_folds
from mmtool.training.loop import Weighing
from mmtool.training.processes import Processes


def weighing_of(
    settings: TrainSettings | MatcherSettings,
    folder: Path,
    reached: int,
    processes: Processes,
    progress: Progress,
) -> Callable[[BlendableTask], Weighing] | None:
    """What makes the weighing of a task's branches; None where there is only the joint branch.

    Args:
        settings: The settings of the run.
        folder: The folder of the run, whose ``blend.json`` is read and written.
        reached: The last epoch that the run has finished.
        processes: The processes that train together.
        progress: Hears how many copies an estimate has trained.

    Raises:
        InputError: ``blend.json`` is damaged.
    """
    plan = settings.blend_plan
    if plan.kind is Blend.NONE:
        return None
    path = folder / BLEND
    known, _ = read_blend(path) if processes.leads else ([], [])
    changes = [change for change in known if change.epoch <= reached + 1]

    def remember(changes: Sequence[BranchChange], estimates: Sequence[BlendEstimate]) -> None:
        write_blend(path, changes, estimates)

    def weighing(task: BlendableTask) -> Weighing:
        memory = Memory(changes, remember)
        return Blender(task, settings, plan, memory=memory, processes=processes, progress=progress)

    return weighing


def check_films(settings: TrainSettings | MatcherSettings, films: Sequence[str]) -> None:
    """Raise SettingError where there are too few films to estimate weights."""
    if settings.blend_plan.kind in (Blend.OFFLINE, Blend.ONLINE):
        folds, fraction = settings.blend_folds, settings.blend_fraction
        film_folds(films, folds=folds, fraction=fraction, seed=settings.seed)


def cost_of(settings: TrainSettings | MatcherSettings, films: int) -> float | None:
    """The cost of a run in ordinary runs; None where nothing is estimated."""
    plan: BlendPlan = settings.blend_plan
    if plan.kind in (Blend.NONE, Blend.FIXED):
        return None
    return cost(
        branches=len(names_of(settings.modalities)) + 1,
        films=films,
        folds=settings.blend_folds,
        fraction=settings.blend_fraction,
        estimated=plan.estimated_epochs(settings.epochs),
        epochs=settings.epochs,
    )
