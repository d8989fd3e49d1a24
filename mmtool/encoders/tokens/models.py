"""BERT-family models of transformers: from the hub, from a local folder, or with random weights."""

from dataclasses import dataclass
from typing import Any

from mmtool.choices import Modality
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
from mmtool.errors import InputError

PUBLISHED = "bert-base-uncased"
REMEDY = model_remedy(Modality.TEXT)
_PACKABLE = {"bert", "camembert", "distilbert", "electra", "roberta", "xlm-roberta"}
_COUNT_FROM_PADDING = {"camembert", "mpnet", "roberta", "xlm-roberta"}  # first position: padding id + 1
_POOLER = "pooler."  # a head of BERT that is not used here and that many published models lack


@dataclass(frozen=True, slots=True)
class TextModel:
    """A network in evaluation mode, its tokens, and the identity of its weights."""

    network: Any  # transformers' PreTrainedModel
    tokens: Tokens
    weights: str

    @property
    def architecture(self) -> str:
        """The same for a model of the hub and its local copy."""
        config = self.network.config
        return f"{config.model_type}-{config.num_hidden_layers}x{config.hidden_size}"

    @property
    def first_position(self) -> int:
        """The position of a row's first token."""
        return _first_position(self.network.config)

    @property
    def can_be_packed(self) -> bool:
        """Whether the network takes positions, and passes further arguments on to its attention."""
        return self.network.config.model_type in _PACKABLE


def load_text_model(name: str | None, *, weights: str | None, seed: int) -> TextModel:
    """Load a model by hub name or local folder; None is :data:`PUBLISHED`.

    With ``weights="random"``, a folder needs only ``config.json``, the published architecture needs no
    files, and tokens are hashed words. Raises InputError.
    """
    require_choice(weights, encoder="text", remedy=REMEDY)
    with quiet():
        return _random(name, seed) if weights == RANDOM else _trained(name or PUBLISHED)


def _random(name: str | None, seed: int) -> TextModel:
    config = config_of(name, hub.BertConfig, published=PUBLISHED, setting="text_model")
    network = untrained(lambda: hub.AutoModel.from_config(config), seed)
    pad = config.pad_token_id or 0
    tokens = HashedTokens(vocabulary=config.vocab_size, pad=pad, positions=_positions(config))
    return TextModel(network, tokens, f"{RANDOM}:{seed}")


def _trained(name: str) -> TextModel:
    network, tokenizer = fetch_network(
        name,
        lambda local: hub.AutoTokenizer.from_pretrained(name, local_files_only=local),
        unused=(_POOLER,),
        remedy=REMEDY,
    )
    if tokenizer.cls_token_id is None or tokenizer.pad_token_id is None:
        raise InputError(name, "is not a BERT-family model: its tokens lack [CLS] or padding", REMEDY)
    require_vocabulary(name, tokenizer, remedy=REMEDY)
    tensors = {key: value for key, value in network.state_dict().items() if not key.startswith(_POOLER)}
    tokens = VocabularyTokens(tokenizer, positions=_positions(network.config))
    return TextModel(network, tokens, weights_digest(tensors))


def _first_position(config: Any) -> int:
    return config.pad_token_id + 1 if config.model_type in _COUNT_FROM_PADDING else 0


def _positions(config: Any) -> int:
    positions: int = config.max_position_embeddings
    return positions - _first_position(config)
