"""A checkpoint of the published program, and the corpus's features → a run that aligns."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from mmtool.alignment.network.actions import ONE_TO_MANY, ActionSet
from mmtool.alignment.network.model import AlignmentNetwork, NetworkShape
from mmtool.choices import Action, Inputs, Modality, Split
from mmtool.errors import CallError, InputError
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
from mmtool.records import StageReport
from mmtool.stages.shared.network_inputs import open_for_training


def import_checkpoint(
    file: Path,
    root: Path,
    *,
    run: str,
    video: str = "",
    text: str = "",
    actions: Sequence[Action] = (),
    force: bool = False,
) -> StageReport:
    """Write ``runs/<run>`` with the network of ``file``.

    The file holds neither projection nor normalisation: they are those of the corpus's features,
    ``<name>.rp.h5``, or for full features the statistics of the training split. ``actions`` are
    those of the classes, in order; for three classes the published order is the default.
    """
    corpus, report = Corpus.open(root), StageReport("import checkpoint")
    folder = corpus.run(run)
    try:
        checkpoint = _read(corpus, file, {Modality.VIDEO: video, Modality.TEXT: text}, tuple(actions))
        origin = Origin(file.name, digest_file(file))
        config = RunConfig(checkpoint.settings, _digest(checkpoint.inputs), imported=origin)
        if not force and _is_done(folder, config):
            report.unchanged.append(run)
            return report
    except InputError as error:
        raise CallError(str(error)) from error
    if force and folder.exists():
        shutil.rmtree(folder)
    write_run(folder / "config.json", config)
    write_checkpoint(folder / "last.pt", checkpoint)
    report.done.append(run)
    report.written.append(str(folder))
    report.facts |= {name: checkpoint.settings[name] for name in ("inputs", "normalisation")}
    report.facts["epoch"] = checkpoint.epoch
    report.notes.append(
        f"{file}: holds no projection and no normalisation; those of {checkpoint.settings['video']} and "
        f"{checkpoint.settings['text']} here stand in for them"
    )
    return report


def _read(
    corpus: Corpus, file: Path, features: dict[Modality, str], actions: tuple[Action, ...]
) -> Checkpoint:
    """The checkpoint to write; raises InputError for a file, or a corpus, that cannot give it."""
    published = read_neumatch_checkpoint(file)
    found = read_shape(file, published.tensors)
    action_set = _action_set(file, found.actions, actions)
    shape, pairs = NetworkShape(**asdict(found)), names(found.inputs, found.normalisation)
    with torch.device("meta"):  # shapes alone
        ours = AlignmentNetwork(shape).state_dict()
    require_shapes(file, published.tensors, {theirs: ours[name] for theirs, name in pairs.items()})
    inputs = _read_inputs(corpus, found, features)
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
    chosen = actions or (ONE_TO_MANY if classes == len(ONE_TO_MANY) else ())
    if len(chosen) != classes:
        given = f", not {len(chosen)}" if chosen else ""
        raise InputError(
            file, f"tells {classes} actions apart{given}", "name them in class order with --action"
        )
    try:
        return ActionSet(chosen)
    except ValueError as error:
        raise CallError(f"--action: {error}") from error


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
                    f"name others with --{modality}"
                    if full
                    else f"make it with `mmtool project --dim {wanted} --force`",
                )
            inputs[modality] = features.for_checkpoint()
    return inputs


def _digest(inputs: dict[Modality, CheckpointInput]) -> str:
    """Of everything that the corpus gave the run."""
    return digest_json(
        [
            [asdict(source) for source in given.sources]
            + [[name, array.numpy().tobytes().hex()] for name, array in sorted(given.transform.items())]
            for _, given in sorted(inputs.items())
        ]
    )


def _is_done(folder: Path, config: RunConfig) -> bool:
    """Whether this very import was made; raises CallError where the folder holds another run."""
    path, last = folder / "config.json", folder / "last.pt"
    if path.exists() and read_run(path) == config:
        return last.exists()
    if path.exists() or last.exists():
        raise CallError(f"{folder}: is another run; name another with --run, or replace it with --force")
    return False
