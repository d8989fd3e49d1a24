"""Names of runs, and of alignments without one."""

from mmtool.choices import Decoder
from mmtool.settings.checks import require

TIMING = str(Decoder.SEMI_MARKOV)  # the preset, and the name of alignments without a run
TIMING_RUN = "timing"  # the preset's run
BY_SIMILARITY = frozenset({Decoder.DTW, Decoder.OTAM, Decoder.MONOTONE})
WITHOUT_RUN = BY_SIMILARITY | {Decoder.SEMI_MARKOV}  # their alignments have the decoder's name


def check_run_name(run: str) -> None:
    """Raise CallError for the name of alignments without a run, which a run's would overwrite."""
    require(run not in WITHOUT_RUN, "run", "another name than that of alignments without a run", run)
