"""Models of transformers that judge pairs: from the hub or from a local folder."""

from dataclasses import dataclass
from typing import Any

from mmtool.encoders.hub_models import fetch, fetch_network, hub, quiet, require_vocabulary
from mmtool.encoders.tokens.vocabulary import VocabularyTokens
from mmtool.encoders.weights import weights_digest
from mmtool.errors import InputError


def remedy_for(setting: str) -> str:
    """What to do about a model that cannot be loaded."""
    return f"set `{setting}` to a local folder of such a model"


@dataclass(frozen=True, slots=True)
class Published:
    """A kind of model: the type in its configuration, its class, and the model that is loaded by default."""

    model_type: str
    class_name: str
    default: str
    title: str
    unused: tuple[str, ...] = ()  # beginnings of names of tensors that files may lack


@dataclass(frozen=True, slots=True)
class PairModel:
    """A network in evaluation mode, what prepares its pictures and texts, and what identifies it."""

    network: Any  # transformers' PreTrainedModel
    weights: str
    images: Any  # transformers' image processor
    tokens: VocabularyTokens
    tokenizer: Any

    @property
    def architecture(self) -> str:
        """The same for a model of the hub and its local copy."""
        config = self.network.config
        text = "qformer_config" if hasattr(config, "qformer_config") else "text_config"
        parts = [getattr(config, part, None) for part in ("vision_config", text)]
        shapes = [f"{part.num_hidden_layers}x{part.hidden_size}" for part in parts if part is not None]
        if not shapes:
            shapes = [f"{config.num_hidden_layers}x{config.hidden_size}"]
        return "-".join([config.model_type, *shapes])


def load_pair_model(name: str | None, published: Published, *, setting: str) -> PairModel:
    """Load a model of one kind by hub name or local folder; raises InputError."""
    name, remedy = name or published.default, remedy_for(setting)

    def rest(local: bool) -> tuple[Any, Any]:
        images = hub.AutoImageProcessor.from_pretrained(name, local_files_only=local)
        return images, hub.AutoTokenizer.from_pretrained(name, local_files_only=local)

    with quiet():
        network, (images, tokenizer) = fetch_network(
            name,
            rest,
            unused=published.unused,
            remedy=remedy,
            check=lambda config: _require_kind(name, config, published),
            class_name=published.class_name,
        )
    require_vocabulary(name, tokenizer, remedy=remedy)
    return PairModel(
        network,
        weights_digest(network.state_dict()),
        images,
        VocabularyTokens(tokenizer, positions=_positions(network.config)),
        tokenizer,
    )


def model_type(name: str, *, setting: str) -> str:
    """The type that the configuration of a model states; raises InputError if there is none."""
    with quiet():
        config = fetch(
            name,
            lambda local: hub.AutoConfig.from_pretrained(name, local_files_only=local),
            remedy=remedy_for(setting),
        )
    return str(config.model_type)


def _require_kind(name: str, config: Any, published: Published) -> None:
    if config.model_type != published.model_type:
        problem = f"is a model of type {config.model_type}, not {published.title}"
        raise InputError(name, problem, f"name a model such as {published.default}")


def _positions(config: Any) -> int:
    """The most tokens of a text, special ones included."""
    own = getattr(config, "qformer_config", None) or getattr(config, "text_config", None) or config
    positions = int(own.max_position_embeddings)
    is_roberta = config.model_type == "bridgetower"  # positions begin after the padding id
    return positions - int(own.pad_token_id) - 1 if is_roberta else positions
