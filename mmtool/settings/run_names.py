"""Names of runs, and of alignments without one."""

from mmtool.decoders import works_without_run
from mmtool.errors import SettingError

TIMING = "semi-markov"  # the preset, and the name of alignments without a run
TIMING_RUN = "timing"  # the preset's run


def check_run_name(run: str) -> None:
    """Raise SettingError for the name of alignments without a run, which a run's would overwrite."""
    if run and works_without_run(run):
        raise SettingError("run", f"must not be {run}: alignments by that decoder have this name")
