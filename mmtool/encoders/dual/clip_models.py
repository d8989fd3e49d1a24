"""CLIP-type models of transformers, which map images, videos or sounds, and texts into one space."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Any

from mmtool.choices import Modality
from mmtool.encoders.contract import EncoderOptions
from mmtool.encoders.hub_models import (
    config_of,
    fetch_network,
    hub,
    model_remedy,
    quiet,
    require_choice,
    require_vocabulary,
    untrained,
)
from mmtool.encoders.tokens.vocabulary import HashedTokens, Tokens, VocabularyTokens
from mmtool.encoders.weights import RANDOM, weights_digest
from mmtool.errors import CallError, InputError
from mmtool.extras import import_extra

SIGLIP = "siglip"  # and siglip2: trained on texts padded to the full length, which they need


def square(config: Any) -> dict[str, Any]:
    """How images are prepared for untrained models: scaled and cropped to the side that the model sees."""
    side = config.vision_config.image_size
    return {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}


@dataclass(frozen=True, slots=True)
class Family:
    """Models that one pair of encoders reads.

    Attributes:
        title: What they are, for messages.
        published: The default model.
        config: The class of its configuration, for random weights.
        images: The class that prepares the images of random weights.
        sequences: Whether their visual side reads sequences of frames instead of single ones.
        type: The type of model, where that alone says what belongs to the family.
        loads: The class that loads what prepares images.
        arguments: Those of ``images``, by the configuration.
        unused: How the names of tensors begin that files may lack.
        needs: The module of an extra without which transformers cannot build the network.
        since: The oldest version of transformers that computes as the model was trained.
        mend: Sets what transformers loses where it reads a configuration.
        begin: Draws random weights again that would not distinguish inputs.
    """

    title: str
    published: str
    config: str
    images: str
    sequences: bool = False
    type: str = ""
    loads: str = "AutoImageProcessor"
    arguments: Callable[[Any], Mapping[str, Any]] = square
    unused: tuple[str, ...] = ()
    needs: str = ""
    since: tuple[int, ...] = ()
    mend: Callable[[Any], None] = lambda _: None
    begin: Callable[[Any], None] = lambda _: None

    def fits(self, config: Any) -> bool:
        """Whether a configuration has a side for images or sequences, and one for texts."""
        if self.type:
            return bool(config.model_type == self.type)
        vision, text = (getattr(config, part, None) for part in ("vision_config", "text_config"))
        sees = hasattr(vision, "image_size") or hasattr(vision, "num_patches")
        layers = all(hasattr(tower, "num_hidden_layers") for tower in (vision, text))
        return sees and layers and hasattr(vision, SEQUENCE) == self.sequences


SEEN = ("audio_video_config", "audio_config", "vision_config")  # of a side other than that of texts
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

    network: Any  # transformers' model with get_text_features, and get_image_features or the like
    weights: str
    space: str
    images: Any  # transformers' image processor, or what prepares sequences or sounds
    tokens: Tokens

    @property
    def architecture(self) -> str:
        """The same for a model of the hub and its local copy."""
        config = self.network.config
        seen, text = (f"{_layers(part)}x{part.hidden_size}" for part in _towers(config))
        return f"{config.model_type}-{seen}-{text}"

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


def load_dual_model(options: EncoderOptions, modality: Modality, family: Family = CLIP_FAMILY) -> DualModel:
    """Load the model of the options, of a family, by hub name or local folder; None is the published one.

    With ``weights="random"``, a folder needs only ``config.json`` and the published architecture needs no
    files; images are prepared as by default, and tokens are hashed words. The same model, weights and seed
    have the same space. Raises InputError, whose remedy names the settings of ``modality``, and CallError
    where a library that only the family needs is not installed, or transformers is too old for it.
    """
    remedy = model_remedy(modality)
    require_choice(options.weights, encoder="CLIP", remedy=remedy)
    if family.needs:
        import_extra(family.needs)
    version = tuple(int(part) for part in hub.__version__.split(".")[:2])
    if version < family.since or not hasattr(hub, family.config):
        found = f"transformers {hub.__version__}"
        raise CallError(f"{found} cannot load {family.title}; pip install --upgrade transformers")
    with quiet():
        if options.weights == RANDOM:
            return _random(options.model, f"{modality}_model", options.seed, family)
        return _trained(options.model or family.published, remedy, family)


def _random(name: str | None, setting: str, seed: int, family: Family) -> DualModel:
    config = config_of(name, getattr(hub, family.config), published=family.published, setting=setting)
    _require_dual(name or family.published, config, f"leave out `{setting}`", family)
    family.mend(config)
    text = config.text_config
    text.eos_token_id = text.vocab_size - 1  # hashed tokens end with it; CLIP pools there

    def build() -> Any:
        network = hub.AutoModel.from_config(config)
        family.begin(network)
        return network

    network = untrained(build, seed)
    return DualModel(
        network,
        weights=f"{RANDOM}:{seed}",
        space=weights_digest(network.state_dict()),
        images=getattr(hub, family.images)(**family.arguments(config)),
        tokens=HashedTokens(
            vocabulary=text.vocab_size, pad=text.pad_token_id or 0, positions=_positions(text)
        ),
    )


def _trained(name: str, remedy: str, family: Family) -> DualModel:
    def check(config: Any) -> None:
        _require_dual(name, config, remedy, family)
        family.mend(config)

    def rest(local: bool) -> tuple[Any, Any]:
        images = getattr(hub, family.loads).from_pretrained(name, local_files_only=local)
        return images, hub.AutoTokenizer.from_pretrained(name, local_files_only=local)

    network, (images, tokenizer) = fetch_network(name, rest, unused=family.unused, remedy=remedy, check=check)
    require_vocabulary(name, tokenizer, remedy=remedy)
    digest = weights_digest(network.state_dict())
    tokens = VocabularyTokens(tokenizer, positions=_positions(network.config.text_config))
    return DualModel(network, digest, digest, images, tokens)


def _towers(config: Any) -> tuple[Any, Any]:
    seen = next(getattr(config, part) for part in SEEN if hasattr(config, part))
    return seen, config.text_config


def _positions(text: Any) -> int:
    """Tokens that the text side reads; CLAP counts from its padding token and loses some."""
    lost = text.pad_token_id + 1 if text.model_type == "clap_text_model" else 0
    return int(text.max_position_embeddings) - lost


def _layers(tower: Any) -> int:
    """Layers of a side; those of VideoPrism see places first, then times."""
    if hasattr(tower, "num_spatial_layers"):
        return int(tower.num_spatial_layers + tower.num_temporal_layers)
    return int(tower.num_hidden_layers)


def _require_dual(name: str, config: Any, remedy: str, family: Family) -> None:
    """Raise InputError for a model of another kind."""
    if not family.fits(config):
        problem = f"is a model of type {config.model_type}, not {family.title}"
        raise InputError(name, problem, remedy)
