"""Which of a run's checkpoints speaks for it; not a stage of its own."""

from pathlib import Path

from mmtool.choices import CheckpointChoice
from mmtool.errors import CallError
from mmtool.formats.checkpoints import read_checkpoint


def choose_checkpoint(run: Path, choice: CheckpointChoice) -> Path:
    """The checkpoint to use; a run's own choice is the best where it stopped early, else the last."""
    if not (run / "last.pt").exists():
        raise CallError(
            f"{run}: no such run, or not an epoch of it; train it with `mmtool train --run {run.name}`"
        )
    if choice is CheckpointChoice.AUTO:
        stops_early = read_checkpoint(run / "last.pt").settings.get("early_stopping")
        choice = CheckpointChoice.BEST if stops_early else CheckpointChoice.LAST
    return run / f"{choice}.pt"
