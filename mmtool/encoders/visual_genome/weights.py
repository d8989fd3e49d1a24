"""The Visual Genome detector's weights: published, local or random, under torchvision's names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import huggingface_hub.utils
import torch
from huggingface_hub.constants import ENDPOINT
from torch import Tensor, nn

from mmtool.encoders.contract import RegionNames
from mmtool.encoders.untrained import calibration, random_boxes, random_pictures
from mmtool.encoders.visual_genome.config import DetectorSettings, read_settings
from mmtool.encoders.visual_genome.network import CaffeBottleneck, NetworkForm, VisualGenomeNetwork
from mmtool.encoders.visual_genome.proposals import cell_anchors
from mmtool.encoders.weights import (
    BATCH_COUNTER,
    RANDOM,
    WEIGHTS_SETTING,
    check_tensors,
    read_tensors,
    weights_digest,
)
from mmtool.errors import InputError
from mmtool.reachable import reachable

hub: Any = huggingface_hub.utils  # does not declare all of its names
NAME = "faster-rcnn-vg"
PUBLISHED = "unc-nlp/frcnn-vg-finetuned"
CONFIG, TENSORS = "config.yaml", ("pytorch_model.bin", "model.safetensors")
CLASSES, ATTRIBUTES = "objects_vocab.txt", "attributes_vocab.txt"
ANCHORS = "proposal_generator.anchor_generator.cell_anchors.0"
REMEDY = f"set `{WEIGHTS_SETTING}` to a local copy of {PUBLISHED} ({CONFIG} and {TENSORS[0]}), or to {RANDOM}"

_RENAMED = (  # from torchvision's ResNet to the published names
    (r"^conv1\.", "backbone.stem.conv1."),
    (r"^bn1\.", "backbone.stem.conv1.norm."),
    (r"^layer1\.", "backbone.res2."),
    (r"^layer2\.", "backbone.res3."),
    (r"^layer3\.", "backbone.res4."),
    (r"^layer4\.", "roi_heads.res5."),
    (r"\.bn(\d)\.", r".conv\1.norm."),
    (r"\.downsample\.0\.", ".shortcut."),
    (r"\.downsample\.1\.", ".shortcut.norm."),
    (r"^rpn_head\.", "proposal_generator.rpn_head."),
    (r"^cell_anchors$", ANCHORS),
    (r"^box_predictor\.", "roi_heads.box_predictor."),
)


@dataclass(frozen=True, slots=True)
class TrainedDetector:
    """A network in evaluation mode, its settings and names, and the identity of its weights."""

    network: VisualGenomeNetwork
    settings: DetectorSettings
    names: RegionNames | None
    weights: str


def load_visual_genome(weights: str | None, *, seed: int) -> TrainedDetector:
    """Load the published weights, local ones, or ``"random"`` ones under ``seed``.

    None and :data:`PUBLISHED` stand for the weights on the hub, everything else is a folder or file. A folder
    holds ``pytorch_model.bin`` or ``model.safetensors`` and optionally ``config.yaml`` and the names of
    classes and attributes, one per line; a single file is read with the published settings. Raises
    InputError if the weights cannot be loaded or belong to another model.
    """
    if weights == RANDOM:
        settings = DetectorSettings()
        return TrainedDetector(
            random_network(NetworkForm(), settings, seed), settings, None, f"{RANDOM}:{seed}"
        )
    if weights is None or (weights == PUBLISHED and not Path(weights).exists()):
        path = _published_folder()
    else:
        path = Path(weights)
    if not path.is_dir():
        return _from_files(path, DetectorSettings(), None)
    config = path / CONFIG
    settings = read_settings(config, remedy=REMEDY) if config.is_file() else DetectorSettings()
    files = [path / name for name in TENSORS if (path / name).is_file()]
    if not files:
        raise InputError(path, f"contains neither {' nor '.join(TENSORS)}", REMEDY)
    return _from_files(files[0], settings, path)


def published_name(name: str) -> str:
    """The name of a network's tensor in the published file: ``layer3.0.bn1.bias`` → ``backbone.res4.0…``."""
    for pattern, replacement in _RENAMED:
        name = re.sub(pattern, replacement, name)
    return name


def random_network(form: NetworkForm, settings: DetectorSettings, seed: int) -> VisualGenomeNetwork:
    """An untrained network in which frames differ in every layer and boxes move by some of their size."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = VisualGenomeNetwork(form, cell_anchors(settings)).eval()
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if isinstance(module, CaffeBottleneck):
                nn.init.constant_(module.bn3.weight, 0.3)  # otherwise the sums over 33 blocks explode
        nn.init.normal_(network.rpn_head.anchor_deltas.weight, std=0.1 / form.rpn**0.5)
        with calibration(network):
            picture = torch.cat(list(60 * random_pictures()[:2]), dim=2)[None]  # (1, 3, SIDE, 2 · SIDE)
            features = network.region_features(network.maps(picture), random_boxes(8), settings.pooled_side)
            score = network.box_predictor.cls_score  # so that what all regions share does not decide
            score.bias.sub_(score(features).mean(dim=0))
    return network


def _from_files(path: Path, settings: DetectorSettings, folder: Path | None) -> TrainedDetector:
    """Load the tensors of ``path``; ``folder`` is searched for the names of classes and attributes."""
    tensors, anchors = read_tensors(path, remedy=REMEDY), cell_anchors(settings)
    with torch.device("meta"):  # no memory, no random numbers: everything comes from the file
        network = VisualGenomeNetwork(_form(tensors, path), anchors).eval()
    wanted = {published_name(name): value for name, value in network.state_dict().items()}
    check_tensors(tensors, wanted, path=path, remedy=REMEDY)
    if not torch.allclose(tensors[ANCHORS].float(), anchors, rtol=0, atol=0.01):  # of a pixel
        raise InputError(path, f"tensor {ANCHORS} differs from the anchors that the settings ask for", REMEDY)
    names = (name for name in network.state_dict() if not name.endswith(BATCH_COUNTER))
    state = {name: tensors[published_name(name)] for name in names} | {"cell_anchors": anchors}
    network.to_empty(device="cpu").load_state_dict(state, strict=False)
    region_names = None if folder is None else _names(folder, network.form)
    return TrainedDetector(network, settings, region_names, weights_digest(network.state_dict()))


def _form(tensors: Mapping[str, Tensor], path: Path) -> NetworkForm:
    """Widths, depths and numbers of classes, read off the shapes."""

    def size(name: str, axis: int = 0) -> int:
        if name not in tensors:
            raise InputError(path, f"has no tensor {name}", REMEDY)
        if tensors[name].ndim <= axis:
            raise InputError(path, f"tensor {name} has shape {tuple(tensors[name].shape)}", REMEDY)
        return tensors[name].shape[axis]

    def blocks(stage: str) -> int:
        numbers = (re.match(rf"{re.escape(stage)}\.(\d+)\.", name) for name in tensors)
        return 1 + max((int(number[1]) for number in numbers if number), default=0)

    stages = ("backbone.res2", "backbone.res3", "backbone.res4", "roi_heads.res5")
    predictor = "roi_heads.box_predictor."
    return NetworkForm(
        stem=size("backbone.stem.conv1.weight"),
        blocks=tuple(blocks(stage) for stage in stages),
        widths=tuple(size(f"{stage}.0.conv1.weight") for stage in stages),
        rpn=size("proposal_generator.rpn_head.conv.weight"),
        classes=size(f"{predictor}cls_score.weight") - 1,
        embedding=size(f"{predictor}cls_embedding.weight", axis=1),
        hidden=size(f"{predictor}fc_attr.weight"),
        attributes=size(f"{predictor}attr_score.weight") - 1,
    )


def _names(folder: Path, form: NetworkForm) -> RegionNames | None:
    classes = _first_synonyms(folder / CLASSES, form.classes)
    attributes = _first_synonyms(folder / ATTRIBUTES, form.attributes)
    return RegionNames(classes, attributes) if classes or attributes else None


def _first_synonyms(path: Path, count: int) -> tuple[str, ...]:
    """The first word of each line, ``man`` of ``man,men``; empty if the file does not exist."""
    if not path.is_file():
        return ()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(path, "is not UTF-8 text", f"give it {count} lines, or remove it") from error
    if len(lines) != count:
        problem = f"has {len(lines)} lines, but the weights are for {count}"
        raise InputError(path, problem, f"give it {count} lines, or remove it")
    return tuple(line.split(",")[0].strip() for line in lines)


def _published_folder() -> Path:
    """From the hub's cache, or downloaded; gives up quickly without a network."""
    silent = hub.are_progress_bars_disabled()
    hub.disable_progress_bars()
    try:
        try:
            return _hub_folder(local=True)
        except OSError:
            if not reachable(ENDPOINT):
                raise
            return _hub_folder(local=False)
    except Exception as error:  # whatever the hub's client raises
        problem = "published weights are not on this machine, and the download failed"
        raise InputError(NAME, problem, REMEDY) from error
    finally:
        if not silent:
            hub.enable_progress_bars()


def _hub_folder(*, local: bool) -> Path:
    names = (CONFIG, TENSORS[0])
    paths = [Path(huggingface_hub.hf_hub_download(PUBLISHED, name, local_files_only=local)) for name in names]
    return paths[0].parent
