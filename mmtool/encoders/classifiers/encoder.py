"""Frames → what torchvision's classifiers compute before their last layer."""

import re
import warnings
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision
from torch import Tensor, nn
from torchvision.models import get_model, get_model_weights, list_models

from mmtool.choices import EncoderPrecision, VideoEncoderName
from mmtool.encoders.contract import EncodedFrames, EncoderIdentity, Frame
from mmtool.encoders.kernels.linear import optimised
from mmtool.encoders.precision import DTYPES, precision_settings
from mmtool.encoders.untrained import calibration, random_pictures
from mmtool.encoders.weights import RANDOM, published_file, read_tensors, weights_digest
from mmtool.errors import CallError, InputError

OPTION = "--video-weights"
AS_PUBLISHED: dict[str, dict[str, Any]] = {  # what the published weights of these were trained with
    name: {"transform_input": True, "aux_logits": False, "init_weights": True}
    for name in ("googlenet", "inception_v3")
}
AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")  # classifiers that help in training only
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")  # names in its published files


class ClassifierEncoder:
    """The pooled features of a frame: the input of the classifier's last layer.

    Frames are prepared as those that the model's published weights were trained on: for most, scaled,
    and cropped to the central square.
    """

    def __init__(
        self,
        *,
        name: str,
        weights: str | None,
        seed: int,
        batch_size: int,
        precision: EncoderPrecision,
        device: str,
    ) -> None:
        """Load a model; see :func:`load_classifier` for weights and errors."""
        self._device, self._dtype = torch.device(device), DTYPES[precision]
        model, dimension, weights_identity = load_classifier(name, weights=weights, seed=seed)
        self._model = optimised(model.to(self._device, self._dtype))
        self._prepare = get_model_weights(name).DEFAULT.transforms()
        self._batch_size = batch_size
        self.identity = EncoderIdentity(
            name=name,
            model=name,
            weights=weights_identity,
            dimension=dimension,
            settings={
                "resize": self._prepare.resize_size[0],
                "crop": self._prepare.crop_size[0],
                **precision_settings(precision),
            },
        )

    def encode(self, frames: Sequence[Frame]) -> EncodedFrames:
        """Encode ``B`` RGB frames (H, W, 3), uint8, of any sizes, to features (B, D)."""
        features = np.zeros((len(frames), self.identity.dimension), dtype=np.float32)
        for start in range(0, len(frames), self._batch_size):
            batch = frames[start : start + self._batch_size]
            features[start : start + len(batch)] = self._features(batch).float().cpu().numpy()
        return EncodedFrames(features)

    @torch.inference_mode()
    def _features(self, frames: Sequence[Frame]) -> Tensor:
        prepared = [
            self._prepare(torch.tensor(frame, device=self._device).permute(2, 0, 1)) for frame in frames
        ]
        pixels = torch.stack(prepared).to(self._dtype, memory_format=torch.channels_last)  # (b, 3, S, S)
        features: Tensor = self._model(pixels)
        return features


def load_classifier(name: str, *, weights: str | None, seed: int) -> tuple[nn.Module, int, str]:
    """Return a classifier without its last layer, what it computes before it (D), and its weights' identity.

    ``weights`` is None for the published ones, ``"random"`` (under ``seed``) or a file's path, whose
    classes may be any. Raises CallError for a name that torchvision does not know, InputError where the
    weights cannot be had or are another model's.
    """
    require_classifier(name)
    published = get_model_weights(name).DEFAULT
    options = dict(AS_PUBLISHED.get(name, {}))
    if name.startswith("vit_"):
        options["image_size"] = published.meta["min_size"][0]
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of initialisations that may change
        torch.default_generator.manual_seed(seed)
        model = get_model(name, weights=None, **options).eval()
        last, dimension = remove_last_layer(model)
        if weights == RANDOM:
            with calibration(model):
                model(random_pictures(published.transforms().crop_size[0]))
            return model, dimension, f"{RANDOM}:{seed}"
    path = published_file(published.url, name=name, option=OPTION) if weights is None else Path(weights)
    _load(model, path, unused=(f"{last}.", *AUXILIARY), name=name)
    return model, dimension, weights_digest(model.state_dict())


def require_classifier(name: str) -> None:
    """Raise CallError for a name that is no classifier's of torchvision, with one that is close to it."""
    known = list_models(module=torchvision.models)
    if name not in known:
        close = get_close_matches(name.lower(), [*VideoEncoderName, *known], n=1)
        hint = f"did you mean {close[0]}?" if close else "see `mmtool extract --help`"
        raise CallError(f"--video-encoder {name}: there is no such encoder; {hint}")


def remove_last_layer(model: nn.Module) -> tuple[str, int]:
    """Let a classifier pass the last layer's input through; return the layer's name and that input's width.

    The last layer is the last linear one, or, in a network without any, as SqueezeNet, the last
    convolution, whose output is pooled.
    """
    layers = list(model.named_modules())
    linear = [(path, layer) for path, layer in layers if isinstance(layer, nn.Linear)]
    convolutions = [(path, layer) for path, layer in layers if isinstance(layer, nn.Conv2d)]
    path, layer = (linear or convolutions)[-1]
    parent, _, attribute = path.rpartition(".")
    setattr(model.get_submodule(parent), attribute, nn.Identity())
    return path, layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels


def _load(model: nn.Module, path: Path, *, unused: tuple[str, ...], name: str) -> None:
    """Load all tensors of a file but the unused ones; raises InputError naming the first that does not fit.

    torchvision's own modules translate the names in older files of theirs.
    """
    remedy = f"give {OPTION} a state dict of torchvision's {name}, or {RANDOM}"
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
        raise InputError(path, f"tensor {found.unexpected_keys[0]} is none of the model's", remedy)
