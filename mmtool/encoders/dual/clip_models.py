"""CLIP-type models of transformers, which put pictures and texts into one space."""

from dataclasses import dataclass
from typing import Any

from mmtool.choices import Modality
from mmtool.encoders.hub_models import (
    config_of,
    fetch,
    hub,
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
SIGLIP = "siglip"  # and siglip2: trained on texts filled up to their full length, so they need that


@dataclass(frozen=True, slots=True)
class DualModel:
    """A network in evaluation mode, what prepares its pictures or its texts, and its identity.

    ``space`` is the digest of all its weights: features of pictures and of texts can be compared where
    it is the same.
    """

    network: Any  # transformers' PreTrainedModel with get_image_features and get_text_features
    weights: str
    space: str
    pictures: Any  # transformers' image processor
    tokens: Tokens

    @property
    def architecture(self) -> str:
        """The same for a hub's model and its local copy."""
        config = self.network.config
        picture, text = (f"{part.num_hidden_layers}x{part.hidden_size}" for part in _towers(config))
        return f"{config.model_type}-{picture}-{text}"

    @property
    def full_length(self) -> bool:
        """Whether texts must be filled up to the full length."""
        return bool(self.network.config.model_type.startswith(SIGLIP))

    @property
    def picture_size(self) -> int:
        """Of the square that the network sees, in pixels."""
        return int(self.network.config.vision_config.image_size)


def load_dual_model(name: str | None, *, modality: Modality, weights: str | None, seed: int) -> DualModel:
    """Load a model by hub name or local folder; None is :data:`PUBLISHED`.

    With ``weights="random"`` the folder need hold no more than ``config.json``, the published
    architecture needs nothing at all, pictures are prepared as CLIP's and tokens are hashed words. The
    same model, weights and seed have the same space. Raises InputError, whose remedy names the options of
    ``modality``.
    """
    remedy = f"give a local folder with --{modality}-model PATH, or --{modality}-weights {RANDOM}"
    require_choice(weights, encoder="CLIP", remedy=remedy)
    with quiet():
        if weights == RANDOM:
            return _random(name, f"--{modality}-model", seed)
        return _trained(name or PUBLISHED, remedy)


def _random(name: str | None, option: str, seed: int) -> DualModel:
    config = config_of(name, hub.CLIPConfig, published=PUBLISHED, option=option)
    _require_dual(name or PUBLISHED, config, f"leave out {option}")
    text, side = config.text_config, config.vision_config.image_size
    text.eos_token_id = text.vocab_size - 1  # with which hashed tokens end; CLIP pools there
    network = untrained(lambda: hub.AutoModel.from_config(config), seed)
    square = {"height": side, "width": side}
    return DualModel(
        network,
        weights=f"{RANDOM}:{seed}",
        space=weights_digest(network.state_dict()),
        pictures=hub.CLIPImageProcessor(size={"shortest_edge": side}, crop_size=square),
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
        pictures = hub.AutoImageProcessor.from_pretrained(name, local_files_only=local)
        return network, report, pictures, hub.AutoTokenizer.from_pretrained(name, local_files_only=local)

    network, report, pictures, tokenizer = fetch(name, load, remedy=remedy)
    require_tensors(name, report, unused=(), remedy=remedy)
    require_vocabulary(name, tokenizer, remedy=remedy)
    network = network.float().eval()
    digest = weights_digest(network.state_dict())
    tokens = VocabularyTokens(tokenizer, positions=network.config.text_config.max_position_embeddings)
    return DualModel(network, digest, digest, pictures, tokens)


def _towers(config: Any) -> tuple[Any, Any]:
    return config.vision_config, config.text_config


def _require_dual(name: str, config: Any, remedy: str) -> None:
    """Raise InputError for a model that has not one side for pictures and one for texts."""
    towers = [getattr(config, part, None) for part in ("vision_config", "text_config")]
    if not all(hasattr(tower, "num_hidden_layers") for tower in towers) or not hasattr(
        towers[0], "image_size"
    ):
        problem = f"is a model of type {config.model_type}, not one of CLIP's or SigLIP's kind"
        raise InputError(name, problem, remedy)
