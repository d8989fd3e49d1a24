"""Frames → the input of the last layer of torchvision's classifiers."""

import re
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.models import get_model, get_model_weights, list_models

from mmtool.encoders.batched import BatchedEncoder
from mmtool.encoders.contract import EncoderIdentity, EncoderOptions, Frame, FrameEncoder
from mmtool.encoders.kernels.convolutions import optimised
from mmtool.encoders.kernels.uploads import upload
from mmtool.encoders.precision import precision_settings
from mmtool.encoders.untrained import calibration, random_pictures
from mmtool.encoders.weights import (
    RANDOM,
    WEIGHTS_SETTING,
    published_file,
    read_tensors,
    weights_digest,
    weights_remedy,
)
from mmtool.errors import InputError

AS_PUBLISHED: dict[str, dict[str, Any]] = {  # arguments with which the published weights were trained
    name: {"transform_input": True, "aux_logits": False, "init_weights": True}
    for name in ("googlenet", "inception_v3")
}
AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")  # classifiers that are used only in training
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")  # names in published files


class ClassifierEncoder(BatchedEncoder[Frame], FrameEncoder):
    """The pooled features of a frame: the input of the classifier's last layer.

    Frames are prepared as for the model's published weights: for most models, scaled and cropped to the
    central square.
    """

    reads = frozenset({"weights"})

    def __init__(self, options: EncoderOptions) -> None:
        """Load the classifier ``options.name``; see :func:`load_classifier` for weights and errors."""
        super().__init__(options)
        name = options.name
        model, dimension, weights_identity = load_classifier(name, weights=options.weights, seed=options.seed)
        self._model = optimised(model.to(self._device, self._dtype))
        self._prepare = get_model_weights(name).DEFAULT.transforms()
        self.identity = EncoderIdentity(
            name=name,
            model=name,
            weights=weights_identity,
            dimension=dimension,
            settings={
                "resize": self._prepare.resize_size[0],
                "crop": self._prepare.crop_size[0],
                **precision_settings(options.precision),
            },
        )

    def _features(self, batch: Sequence[Frame]) -> Tensor:
        if len({frame.shape for frame in batch}) == 1:
            prepared = self._prepare(self._channels_first(np.stack(batch)))
        else:
            prepared = torch.cat([self._prepare(self._channels_first(frame[None])) for frame in batch])
        pixels = prepared.to(self._dtype, memory_format=torch.channels_last)  # (b, 3, S, S)
        features: Tensor = self._model(pixels)
        return features

    def _channels_first(self, frames: NDArray[np.uint8]) -> Tensor:
        """(b, H, W, 3) to (b, 3, H, W)."""
        return upload(frames, self._device).permute(0, 3, 1, 2)


def load_classifier(
    name: str, *, weights: str | None, seed: int, sample: Callable[[int], Tensor] = random_pictures
) -> tuple[nn.Module, int, str]:
    """Load a classifier and remove its last layer.

    Args:
        name: One of :func:`classifier_names` or :func:`video_network_names`.
        weights: None for the published ones, ``"random"`` (under ``seed``) or the path of a file, which may
            have any classes.
        seed: Seed of random weights.
        sample: Makes what random weights are calibrated with, from the side of a picture in pixels.

    Returns:
        The model in evaluation mode, the number of features (D), and the identity of the weights.

    Raises:
        InputError: The weights cannot be loaded, or belong to another model.
    """
    published = get_model_weights(name).DEFAULT
    options = dict(AS_PUBLISHED.get(name, {}))
    if name.startswith("vit_"):
        options["image_size"] = published.meta["min_size"][0]
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about initialisations that may change
        torch.default_generator.manual_seed(seed)
        model = get_model(name, weights=None, **options).eval()
        last, dimension = remove_last_layer(model)
        if weights == RANDOM:
            with calibration(model):
                model(sample(published.transforms().crop_size[0]))
            return model, dimension, f"{RANDOM}:{seed}"
    path = (
        published_file(published.url, name=name, setting=WEIGHTS_SETTING)
        if weights is None
        else Path(weights)
    )
    _load(model, path, unused=(f"{last}.", *AUXILIARY), name=name)
    return model, dimension, weights_digest(model.state_dict())


def classifier_names() -> list[str]:
    """The names of the classifiers of ``torchvision.models``."""
    names: list[str] = list_models(module=torchvision.models)
    return names


def video_network_names() -> list[str]:
    """The names of the classifiers of ``torchvision.models.video``."""
    names: list[str] = list_models(module=torchvision.models.video)
    return names


def remove_last_layer(model: nn.Module) -> tuple[str, int]:
    """Replace a classifier's last layer by the identity; return that layer's name and its input width.

    The last layer is the last linear one or, in a network without linear layers such as SqueezeNet, the last
    convolution, whose output is pooled.
    """
    layers = list(model.named_modules())
    linear = [(path, layer) for path, layer in layers if isinstance(layer, nn.Linear)]
    convolutions = [(path, layer) for path, layer in layers if isinstance(layer, nn.Conv2d | nn.Conv3d)]
    path, layer = (linear or convolutions)[-1]
    parent, _, attribute = path.rpartition(".")
    setattr(model.get_submodule(parent), attribute, nn.Identity())
    return path, layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels


def _load(model: nn.Module, path: Path, *, unused: tuple[str, ...], name: str) -> None:
    """Load all tensors of a file except unused ones; raises InputError naming the first that does not fit.

    torchvision's own modules translate names in their older files.
    """
    remedy = weights_remedy(f"torchvision's {name}")
    tensors = read_tensors(path, remedy=remedy)
    for key in list(tensors):
        value = tensors.pop(key)  # in place: the file's version is an attribute of the dict
        if not key.startswith(unused):
            tensors[_OLD_DENSENET.sub(r"\1\2.", key)] = value
    try:
        found = model.load_state_dict(tensors, strict=False)
    except (RuntimeError, ValueError) as error:
        problem = str(error).strip().splitlines()[-1].strip().rstrip(".")
        raise InputError(path, f"does not fit {name}: {problem}", remedy) from error
    missing = [key for key in found.missing_keys if not key.endswith("num_batches_tracked")]
    if missing:
        raise InputError(path, f"has no tensor {missing[0]}", remedy)
    if found.unexpected_keys:
        raise InputError(path, f"tensor {found.unexpected_keys[0]} does not belong to the model", remedy)
