"""CLIP-type models of transformers, which map images and texts into one space."""

from dataclasses import dataclass
from math import isqrt
from typing import Any

from mmtool.choices import Modality
from mmtool.encoders.hub_models import (
    config_of,
    fetch,
    hub,
    model_remedy,
    quiet,
    require_choice,
    require_tensors,
    require_vocabulary,
    untrained,
)
from mmtool.encoders.tokens.vocabulary import HashedTokens, Tokens, VocabularyTokens
from mmtool.encoders.weights import RANDOM, weights_digest
from mmtool.errors import InputError

PUBLISHED = "openai/clip-vit-base-patch32"
SIGLIP = "siglip"  # and siglip2: trained on texts padded to the full length, which they need


@dataclass(frozen=True, slots=True)
class DualModel:
    """A network in evaluation mode, what prepares its images and texts, and its identity.

    ``space`` is the digest of all its weights: features of images and texts can be compared if it is the
    same.
    """

    network: Any  # transformers' PreTrainedModel with get_image_features and get_text_features
    weights: str
    space: str
    images: Any  # transformers' image processor
    tokens: Tokens

    @property
    def architecture(self) -> str:
        """The same for a model of the hub and its local copy."""
        config = self.network.config
        image, text = (f"{part.num_hidden_layers}x{part.hidden_size}" for part in _towers(config))
        return f"{config.model_type}-{image}-{text}"

    @property
    def full_length(self) -> bool:
        """Whether texts must be padded to the full length."""
        return bool(self.network.config.model_type.startswith(SIGLIP))

    @property
    def image_size(self) -> int:
        """Side of the square that the network sees, in pixels; NaFlex sees as many in any shape."""
        vision = self.network.config.vision_config
        if hasattr(vision, "image_size"):
            return int(vision.image_size)
        return isqrt(vision.num_patches) * int(vision.patch_size)


def load_dual_model(name: str | None, *, modality: Modality, weights: str | None, seed: int) -> DualModel:
    """Load a model by hub name or local folder; None is :data:`PUBLISHED`.

    With ``weights="random"``, a folder needs only ``config.json`` and the published architecture needs no
    files; images are prepared as CLIP's, and tokens are hashed words. The same model, weights and seed have
    the same space. Raises InputError, whose remedy names the settings of ``modality``.
    """
    remedy = model_remedy(modality)
    require_choice(weights, encoder="CLIP", remedy=remedy)
    with quiet():
        if weights == RANDOM:
            return _random(name, f"{modality}_model", seed)
        return _trained(name or PUBLISHED, remedy)


def _random(name: str | None, setting: str, seed: int) -> DualModel:
    config = config_of(name, hub.CLIPConfig, published=PUBLISHED, setting=setting)
    _require_dual(name or PUBLISHED, config, f"leave out `{setting}`")
    text, side = config.text_config, config.vision_config.image_size
    text.eos_token_id = text.vocab_size - 1  # hashed tokens end with it; CLIP pools there
    network = untrained(lambda: hub.AutoModel.from_config(config), seed)
    square = {"height": side, "width": side}
    return DualModel(
        network,
        weights=f"{RANDOM}:{seed}",
        space=weights_digest(network.state_dict()),
        images=hub.CLIPImageProcessor(size={"shortest_edge": side}, crop_size=square),
        tokens=HashedTokens(
            vocabulary=text.vocab_size, pad=text.pad_token_id or 0, positions=text.max_position_embeddings
        ),
    )


def _trained(name: str, remedy: str) -> DualModel:
    def load(local: bool) -> tuple[Any, Any, Any, Any]:
        """Network, loading report, image processor, tokenizer."""
        config = hub.AutoConfig.from_pretrained(name, local_files_only=local)
        _require_dual(name, config, remedy)
        network, report = hub.AutoModel.from_pretrained(
            name, local_files_only=local, output_loading_info=True
        )
        images = hub.AutoImageProcessor.from_pretrained(name, local_files_only=local)
        return network, report, images, hub.AutoTokenizer.from_pretrained(name, local_files_only=local)

    network, report, images, tokenizer = fetch(name, load, remedy=remedy)
    require_tensors(name, report, unused=(), remedy=remedy)
    require_vocabulary(name, tokenizer, remedy=remedy)
    network = network.float().eval()
    digest = weights_digest(network.state_dict())
    tokens = VocabularyTokens(tokenizer, positions=network.config.text_config.max_position_embeddings)
    return DualModel(network, digest, digest, images, tokens)


def _towers(config: Any) -> tuple[Any, Any]:
    return config.vision_config, config.text_config


def _require_dual(name: str, config: Any, remedy: str) -> None:
    """Raise InputError for a model without one side for images and one for texts."""
    towers = [getattr(config, part, None) for part in ("vision_config", "text_config")]
    has_pictures = hasattr(towers[0], "image_size") or hasattr(towers[0], "num_patches")
    if not has_pictures or not all(hasattr(tower, "num_hidden_layers") for tower in towers):
        problem = f"is a model of type {config.model_type}, not a CLIP or SigLIP model"
        raise InputError(name, problem, remedy)
