"""Names of runs, and of alignments without one."""

from pathlib import Path

from mmtool.decoders import works_without_run
from mmtool.errors import SettingError
from mmtool.portable_names import problem_of

TIMING = "semi-markov"  # the preset, and the name of alignments without a run
TIMING_RUN = "timing"  # the preset's run
MULTIWAY = "multiway"  # the preset of the matcher


def check_runs(*runs: str, setting: str = "run", parent: str = "runs") -> None:
    """Raise SettingError for a name that leads out of its folder, or that some system cannot store.

    An empty one is a default.
    """
    for run in runs:
        leads_away = run.startswith(".") or "/" in run or "\\" in run or Path(run).name != run
        if run and (leads_away or not run.isprintable()):
            raise SettingError(setting, f"must be the name of a folder in {parent}/, not {run!r}")
        if run and (problem := problem_of(run)):
            raise SettingError(setting, f"must be a name that every system can store: {problem}")


def check_run_name(run: str) -> None:
    """Raise SettingError for the name of alignments without a run, which a run's would overwrite.

    Also for a name that would lead out of its folder.
    """
    check_runs(run)
    if run and works_without_run(run):
        raise SettingError("run", f"must not be {run}: alignments by that decoder have this name")
