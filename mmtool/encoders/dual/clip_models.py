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

SIGLIP = "siglip"  # and siglip2: trained on texts padded to the full length, which they need


@dataclass(frozen=True, slots=True)
class Family:
    """Models that one pair of encoders reads.

    Attributes:
        title: What they are, for messages.
        published: The default model.
        config: The class of its configuration, for random weights.
        images: The class that prepares the images of random weights.
        sequences: Whether their visual side reads sequences of frames instead of single ones.
    """

    title: str
    published: str
    config: str
    images: str
    sequences: bool = False

    def fits(self, config: Any) -> bool:
        """Whether a configuration has a side for images or sequences, and one for texts."""
        vision, text = (getattr(config, part, None) for part in ("vision_config", "text_config"))
        sees = hasattr(vision, "image_size") or hasattr(vision, "num_patches")
        layers = all(hasattr(tower, "num_hidden_layers") for tower in (vision, text))
        return sees and layers and hasattr(vision, SEQUENCE) == self.sequences


SEQUENCE = "mit_hidden_size"  # of the layers by which X-CLIP's frames of a sequence see each other
CLIP_FAMILY = Family(
    title="a CLIP or SigLIP model",
    published="openai/clip-vit-base-patch32",
    config="CLIPConfig",
    images="CLIPImageProcessor",
)


@dataclass(frozen=True, slots=True)
class DualModel:
    """A network in evaluation mode, what prepares its images and texts, and its identity.

    ``space`` is the digest of all its weights: features of images and texts can be compared if it is the
    same.
    """

    network: Any  # transformers' model with get_text_features, and get_image_features or get_video_features
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


def load_dual_model(
    name: str | None, *, modality: Modality, weights: str | None, seed: int, family: Family = CLIP_FAMILY
) -> DualModel:
    """Load a model of a family by hub name or local folder; None is the published one.

    With ``weights="random"``, a folder needs only ``config.json`` and the published architecture needs no
    files; images are prepared as by default, and tokens are hashed words. The same model, weights and seed
    have the same space. Raises InputError, whose remedy names the settings of ``modality``.
    """
    remedy = model_remedy(modality)
    require_choice(weights, encoder="CLIP", remedy=remedy)
    with quiet():
        if weights == RANDOM:
            return _random(name, f"{modality}_model", seed, family)
        return _trained(name or family.published, remedy, family)


def _random(name: str | None, setting: str, seed: int, family: Family) -> DualModel:
    config = config_of(name, getattr(hub, family.config), published=family.published, setting=setting)
    _require_dual(name or family.published, config, f"leave out `{setting}`", family)
    text, side = config.text_config, config.vision_config.image_size
    text.eos_token_id = text.vocab_size - 1  # hashed tokens end with it; CLIP pools there
    network = untrained(lambda: hub.AutoModel.from_config(config), seed)
    square = {"height": side, "width": side}
    return DualModel(
        network,
        weights=f"{RANDOM}:{seed}",
        space=weights_digest(network.state_dict()),
        images=getattr(hub, family.images)(size={"shortest_edge": side}, crop_size=square),
        tokens=HashedTokens(
            vocabulary=text.vocab_size, pad=text.pad_token_id or 0, positions=text.max_position_embeddings
        ),
    )


def _trained(name: str, remedy: str, family: Family) -> DualModel:
    def load(local: bool) -> tuple[Any, Any, Any, Any]:
        """Network, loading report, image processor, tokenizer."""
        config = hub.AutoConfig.from_pretrained(name, local_files_only=local)
        _require_dual(name, config, remedy, family)
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


def _require_dual(name: str, config: Any, remedy: str, family: Family) -> None:
    """Raise InputError for a model of another kind."""
    if not family.fits(config):
        problem = f"is a model of type {config.model_type}, not {family.title}"
        raise InputError(name, problem, remedy)
