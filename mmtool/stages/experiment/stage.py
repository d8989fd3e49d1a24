"""A plan → what its kind asks for: rows that are trained, or sets on which timing is measured."""

from pathlib import Path

from mmtool.errors import CallError, InputError, SettingError
from mmtool.formats.corpus import Corpus
from mmtool.formats.plans import find_plan, read_plan
from mmtool.records import Progress, silent
from mmtool.settings.experiment import ExperimentSettings
from mmtool.stages.experiment.rows import ExperimentReport, OnEpoch, train_rows
from mmtool.stages.experiment.sets import SetsReport, measure_sets

OF_ROWS = ("seeds", "epochs", "split", "runs", "video", "text", "init_from")


def experiment(
    root: Path | str,
    settings: ExperimentSettings | None = None,
    *,
    progress: Progress = silent,
    on_epoch: OnEpoch = lambda *_: None,
    **options: object,
) -> ExperimentReport | SetsReport:
    """Run a plan: train, align and evaluate its rows, or align and evaluate its sets by timing.

    Writes ``experiments/<plan>/results.json`` and ``results.csv`` after each row or set.

    Args:
        root: The corpus folder; for a plan of sets, the folder that holds their corpora.
        settings: All settings; or give them as keywords, the fields of :class:`ExperimentSettings`.
        progress: Hears how many rows and seeds, or sets, are done.
        on_epoch: Hears of each epoch of each training.

    Returns:
        A report with the table. A row, seed or set that cannot be done is left out with the reason.

    Raises:
        CallError: The settings or the plan are wrong.
    """
    settings = ExperimentSettings.chosen(settings, options)
    try:
        plan = read_plan(find_plan(settings.plan))
        if plan.sets:
            for name in OF_ROWS:
                if settings.given.get(name):
                    raise SettingError(name, f"has no effect with the plan {plan.name}, which trains no rows")
            return measure_sets(Path(root), plan, settings.table, progress)
        if settings.table is not None:
            raise SettingError("table", "is for plans of sets; experiments/PLAN/results.csv has that of rows")
        return train_rows(Corpus.open(Path(root)), plan, settings, progress, on_epoch)
    except InputError as error:
        raise CallError(str(error)) from error
