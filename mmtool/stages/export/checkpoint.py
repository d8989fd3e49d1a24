"""A run's checkpoint → a file that the published program loads."""

from pathlib import Path

import torch

from mmtool.choices import CheckpointChoice, Inputs, Normalisation
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
from mmtool.records import StageReport


def export_checkpoint(
    root: Path, file: Path, *, run: str, checkpoint: CheckpointChoice, force: bool = False
) -> StageReport:
    """Write the network of ``runs/<run>`` under the authors' names."""
    corpus, report = Corpus.open(root), StageReport("export checkpoint")
    try:
        path = choose_checkpoint(corpus.run(run), checkpoint)
        chosen = read_checkpoint(path)
        if chosen.shape.get("time_features") or chosen.shape.get("posterior"):
            raise CallError(
                f"{path}: its network reads time (--time-features, --timing-prior), for which the published "
                "format has no place; export a run without"
            )
        pairs = names(Inputs(str(chosen.shape["inputs"])), Normalisation(str(chosen.shape["normalisation"])))
        require_names(path, chosen.network, pairs.values(), "train the run again")
    except InputError as error:
        raise CallError(str(error)) from error
    published = NeumatchCheckpoint(
        renamed(chosen.network, {ours: theirs for theirs, ours in pairs.items()}), chosen.epoch
    )
    if file.exists() and not force:
        if not _holds(file, published):
            raise CallError(f"{file}: is there already; name another with --output, or use --force")
        report.unchanged.append(run)
        return report
    write_neumatch_checkpoint(file, published)
    report.done.append(run)
    report.written.append(str(file))
    report.facts |= {"file": file, "epoch": chosen.epoch}
    report.notes.append(f"{file}: holds the network alone; projection and normalisation stay in {path}")
    return report


def _holds(file: Path, published: NeumatchCheckpoint) -> bool:
    try:
        earlier = read_neumatch_checkpoint(file)
    except InputError:
        return False
    return (
        earlier.epoch == published.epoch
        and earlier.tensors.keys() == published.tensors.keys()
        and all(torch.equal(earlier.tensors[name], tensor) for name, tensor in published.tensors.items())
    )
