"""A run's checkpoint → a file that the published program loads."""

from pathlib import Path

import torch

from mmtool.choices import Inputs, Normalisation
from mmtool.errors import CallError, InputError
from mmtool.formats.checkpoints import choose_checkpoint, read_checkpoint
from mmtool.formats.corpus import Corpus
from mmtool.importers.neumatch_checkpoint import (
    NeumatchCheckpoint,
    names,
    read_neumatch_checkpoint,
    renamed,
    require_names,
    write_neumatch_checkpoint,
)
from mmtool.records import Progress, silent
from mmtool.settings.export import ExportCheckpointSettings
from mmtool.stages.export.report import ExportCheckpointReport


def export_checkpoint(
    root: Path | str,
    settings: ExportCheckpointSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> ExportCheckpointReport:
    """Write the network of ``runs/<run>`` under the authors' names.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of
            :class:`ExportCheckpointSettings`.
        progress: Hears when the checkpoint is written.

    Raises:
        CallError: The run has no such checkpoint, its network has no place in that format, or the file
            exists and holds something else.
    """
    settings = ExportCheckpointSettings.chosen(settings, options)
    corpus, file = Corpus.open(Path(root)), settings.file
    try:
        path = choose_checkpoint(corpus.run(settings.run), settings.checkpoint)
        published = _read(path)
    except InputError as error:
        raise CallError(str(error)) from error
    report = ExportCheckpointReport(file=file, epoch=published.epoch)
    if file.exists() and not settings.force:
        if not _holds(file, published):
            raise CallError(f"{file}: already exists; choose another `file`, or replace it with `force`")
        report.unchanged.append(settings.run)
        return report
    write_neumatch_checkpoint(file, published)
    progress("exporting", 1, 1, "checkpoints")
    report.done.append(settings.run)
    report.written.append(str(file))
    report.notes.append(f"{file}: holds only the network; projection and normalisation stay in {path}")
    return report


def _read(path: Path) -> NeumatchCheckpoint:
    """The checkpoint under the authors' names; raises CallError for a network that they do not have."""
    checkpoint = read_checkpoint(path)
    shape = checkpoint.shape
    if shape.get("time_features") or shape.get("posterior"):
        raise CallError(
            f"{path}: its network reads time (`time_features`, `timing_prior`), which the published format "
            "cannot hold; export a run that was trained without them"
        )
    pairs = names(Inputs(str(shape["inputs"])), Normalisation(str(shape["normalisation"])))
    require_names(path, checkpoint.network, pairs.values(), "train the run again")
    tensors = renamed(checkpoint.network, {ours: theirs for theirs, ours in pairs.items()})
    return NeumatchCheckpoint(tensors, checkpoint.epoch)


def _holds(file: Path, published: NeumatchCheckpoint) -> bool:
    """Whether a file is this very checkpoint."""
    try:
        earlier = read_neumatch_checkpoint(file)
    except InputError:
        return False
    return (
        earlier.epoch == published.epoch
        and earlier.tensors.keys() == published.tensors.keys()
        and all(torch.equal(earlier.tensors[name], tensor) for name, tensor in published.tensors.items())
    )
