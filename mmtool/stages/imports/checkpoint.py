"""A checkpoint of the published program, and the features of the corpus → a run that aligns."""

import shutil
from dataclasses import asdict
from pathlib import Path

import torch

from mmtool.alignment.network.actions import ONE_TO_MANY, ActionSet
from mmtool.alignment.network.model import AlignmentNetwork, NetworkShape
from mmtool.choices import Action, Inputs, Modality, Normalisation, Split
from mmtool.errors import CallError, InputError, SettingError
from mmtool.features.joined import PROJECTED, only_features
from mmtool.formats.checkpoints import Checkpoint, CheckpointInput, write_checkpoint
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file, digest_json
from mmtool.formats.runs import Origin, RunConfig, read_run, write_run
from mmtool.importers.neumatch_checkpoint import (
    NeumatchShape,
    names,
    read_neumatch_checkpoint,
    read_shape,
    renamed,
    require_shapes,
)
from mmtool.records import Progress, silent
from mmtool.settings.imports import ImportCheckpointSettings
from mmtool.stages.imports.report import ImportCheckpointReport
from mmtool.stages.shared.network_inputs import open_for_training


def import_checkpoint(
    root: Path | str,
    settings: ImportCheckpointSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> ImportCheckpointReport:
    """Write ``runs/<run>`` with the network of a checkpoint.

    The file holds neither projection nor normalisation: they are those of the corpus's features,
    ``<name>.rp.h5``, or, for full features, the statistics of the training split.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of
            :class:`ImportCheckpointSettings`.
        progress: Hears when the run is written.

    Raises:
        CallError: The file is not such a checkpoint, the corpus lacks the features that it reads, or the
            run exists and is another one.
    """
    settings = ImportCheckpointSettings.chosen(settings, options)
    corpus, run = Corpus.open(Path(root)), settings.run
    folder = corpus.run(run)
    try:
        checkpoint = _read(corpus, settings)
        origin = Origin(settings.file.name, digest_file(settings.file))
        config = RunConfig(checkpoint.settings, _digest(checkpoint.inputs), imported=origin)
        done = not settings.force and _is_done(folder, config)
    except InputError as error:
        raise CallError(str(error)) from error
    report = ImportCheckpointReport(
        run=run,
        inputs=Inputs(str(checkpoint.settings["inputs"])),
        normalisation=Normalisation(str(checkpoint.settings["normalisation"])),
        epoch=checkpoint.epoch,
    )
    if done:
        report.unchanged.append(run)
        return report
    if settings.force and folder.exists():
        shutil.rmtree(folder)
    write_run(folder / "config.json", config)
    write_checkpoint(folder / "last.pt", checkpoint)
    progress("importing", 1, 1, "checkpoints")
    report.done.append(run)
    report.written.append(str(folder))
    video, text = (checkpoint.inputs[modality].name for modality in (Modality.VIDEO, Modality.TEXT))
    report.notes.append(
        f"{settings.file}: holds no projection and no normalisation; the run uses those of this corpus's "
        f"{video} and {text} features"
    )
    return report


def _read(corpus: Corpus, settings: ImportCheckpointSettings) -> Checkpoint:
    """The checkpoint to write; raises InputError where the file or the corpus cannot provide it."""
    file = settings.file
    published = read_neumatch_checkpoint(file)
    found = read_shape(file, published.tensors)
    action_set = _action_set(file, found.actions, settings.actions)
    shape, pairs = NetworkShape(**asdict(found)), names(found.inputs, found.normalisation)
    with torch.device("meta"):  # only the shapes are needed
        ours = AlignmentNetwork(shape).state_dict()
    require_shapes(file, published.tensors, {theirs: ours[name] for theirs, name in pairs.items()})
    inputs = _read_inputs(corpus, found, {Modality.VIDEO: settings.video, Modality.TEXT: settings.text})
    return Checkpoint(
        settings={
            **{str(modality): given.name for modality, given in inputs.items()},
            "inputs": str(found.inputs),
            "normalisation": str(found.normalisation),
            "actions": [str(action) for action in action_set.actions],
        },
        shape=asdict(shape),
        epoch=published.epoch,
        scores={},
        network=renamed(published.tensors, pairs),
        inputs=inputs,
        training={},
    )


def _action_set(file: Path, classes: int, actions: tuple[Action, ...]) -> ActionSet:
    """The actions of the network's classes: those that were named, or the published three."""
    chosen = actions or (ONE_TO_MANY if classes == len(ONE_TO_MANY) else ())
    if len(chosen) != classes:
        given = f", not {len(chosen)}" if chosen else ""
        raise InputError(
            file, f"distinguishes {classes} actions{given}", "name them in class order with `actions`"
        )
    try:
        return ActionSet(chosen)
    except ValueError as error:
        raise SettingError("actions", f"cannot be used: {error}") from error


def _read_inputs(
    corpus: Corpus, shape: NeumatchShape, given: dict[Modality, str]
) -> dict[Modality, CheckpointInput]:
    full = shape.inputs is Inputs.FULL
    train = corpus.split_ids(Split.TRAIN) if full else []
    inputs = {}
    for modality, wanted in (
        (Modality.VIDEO, shape.video_dimension),
        (Modality.TEXT, shape.text_dimension),
    ):
        name = given[modality] or only_features(corpus, modality)
        with open_for_training(corpus, modality, name, shape.inputs, train) as features:
            dimension = features.transform.output_dimension
            if dimension != wanted:
                raise InputError(
                    corpus.features(name if full else name + PROJECTED),
                    f"has {dimension} dimensions, but the checkpoint's network reads {wanted}",
                    f"name others with `{modality}`"
                    if full
                    else f"make it with `mmtool project --dim {wanted} --force`",
                )
            inputs[modality] = features.for_checkpoint()
    return inputs


def _digest(inputs: dict[Modality, CheckpointInput]) -> str:
    """The digest of everything that the run takes from the corpus."""
    return digest_json(
        [
            [asdict(source) for source in given.sources]
            + [[name, array.numpy().tobytes().hex()] for name, array in sorted(given.transform.items())]
            for _, given in sorted(inputs.items())
        ]
    )


def _is_done(folder: Path, config: RunConfig) -> bool:
    """Whether this very import was done before; raises CallError where the folder holds another run."""
    path, last = folder / "config.json", folder / "last.pt"
    if path.exists() and read_run(path) == config:
        return last.exists()
    if path.exists() or last.exists():
        raise CallError(f"{folder}: is another run; choose another `run` name, or replace it with `force`")
    return False
