"""``best.pt`` and ``last.pt`` of a matcher's run: self-describing, like those of the network."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from mmtool.errors import InputError
from mmtool.formats import tensors as stored
from mmtool.formats.checkpoints import (
    MATCHER_FORMAT,
    REMEDY,
    VERSION,
    damage_of,
    read_epoch,
    read_plain,
    read_training,
    save,
)
from mmtool.formats.identities import parse_identities
from mmtool.formats.json_files import number, text
from mmtool.formats.tensors import named
from mmtool.records import EncoderIdentity

SEEN = "seen"  # the entry of a network that is not a parameter: the modalities that the joint branch sees


@dataclass(frozen=True, slots=True)
class MatcherCheckpoint:
    """A matcher, with everything needed to apply it to new films and to continue its training.

    Attributes:
        settings: The settings of the training.
        shape: The shape of the network.
        epoch: The epoch that it was written after.
        scores: What was measured on the validation films.
        network: The weights.
        video: The name of the features that it reads of clips.
        sources: Their encoders.
        mean: (D,): what is subtracted from features of tokens.
        deviation: (D,): what they are then divided by.
        vocabulary: The words of a vocabulary of the corpus; empty with word pieces of a model.
        pieces: The digest of a model's word pieces; empty with a vocabulary of the corpus.
        training: Optimiser and learning rates; empty in best.pt.
    """

    settings: dict[str, object]
    shape: dict[str, object]
    epoch: int
    scores: dict[str, float]
    network: dict[str, torch.Tensor]
    video: str
    sources: tuple[EncoderIdentity, ...]
    mean: torch.Tensor
    deviation: torch.Tensor
    vocabulary: tuple[str, ...]
    pieces: str
    training: dict[str, Any]


def write_matcher_checkpoint(path: Path, checkpoint: MatcherCheckpoint) -> None:
    """Write atomically: an earlier checkpoint stays intact until the new one is complete."""
    save(
        path,
        {
            "format": MATCHER_FORMAT,
            "version": VERSION,
            "settings": json.dumps(checkpoint.settings, sort_keys=True),
            "shape": json.dumps(checkpoint.shape, sort_keys=True),
            "epoch": checkpoint.epoch,
            "scores": dict(checkpoint.scores),
            "network": checkpoint.network,
            "video": checkpoint.video,
            "sources": json.dumps([asdict(source) for source in checkpoint.sources], sort_keys=True),
            "mean": checkpoint.mean,
            "deviation": checkpoint.deviation,
            "vocabulary": json.dumps(checkpoint.vocabulary),
            "pieces": checkpoint.pieces,
            "training": checkpoint.training,
        },
    )


def read_matcher_checkpoint(path: Path) -> MatcherCheckpoint:
    """Read tensors and plain values only; raises InputError for a missing, corrupt or foreign file."""
    if not path.exists():
        raise InputError(path, "no such checkpoint", REMEDY)
    content = read_plain(path, damage_of(path))
    if not isinstance(content, dict) or content.get("format") != MATCHER_FORMAT:
        raise InputError(path, "is not a checkpoint of a matcher", "train one with `preset=multiway`")
    if type(content.get("version")) is not int or content["version"] != VERSION:
        problem = f"has checkpoint version {content.get('version')}, this program reads {VERSION}"
        raise InputError(path, problem, REMEDY)
    try:
        shape = named(json.loads(content["shape"]))
        scaling = stored.weights({"mean": content["mean"], "deviation": content["deviation"]})
        if any(tensor.shape != (shape["clip_dimension"],) for tensor in scaling.values()):
            raise ValueError("a scaling of another width than the matcher reads")
        if not (scaling["deviation"] > 0).all():
            raise ValueError("a deviation of zero")
        return MatcherCheckpoint(
            settings=named(json.loads(content["settings"])),
            shape=shape,
            epoch=read_epoch(content["epoch"]),
            scores={str(name): number(score) for name, score in named(content["scores"]).items()},
            network=stored.weights(content["network"]),
            video=text(content["video"]),
            sources=parse_identities(content["sources"]),
            mean=scaling["mean"],
            deviation=scaling["deviation"],
            vocabulary=tuple(text(word) for word in json.loads(content["vocabulary"])),
            pieces=text(content["pieces"]),
            training=read_training(content["training"]),
        )
    except (LookupError, AttributeError, TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise damage_of(path) from error
