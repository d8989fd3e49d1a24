"""LXMERT without its cross-modality layers: published, from a local folder, or with random weights."""

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

PUBLISHED = "unc-nlp/lxmert-base-uncased"
_POOLER = "pooler."  # a head over both modalities


@dataclass(frozen=True, slots=True)
class LxmertSide:
    """One side of LXMERT in evaluation mode; only one layer of the other side is left.

    ``weights`` identifies the weights of both sides, so it is the same for both.
    """

    network: Any  # transformers' LxmertModel
    weights: str
    tokens: Tokens

    @property
    def architecture(self) -> str:
        """The numbers of language and vision layers, and their width."""
        config = self.network.config
        return f"lxmert-{config.l_layers}+{config.r_layers}x{config.hidden_size}"


def load_lxmert(name: str | None, *, modality: Modality, weights: str | None, seed: int) -> LxmertSide:
    """Load one side by hub name or local folder; None is :data:`PUBLISHED`.

    With ``weights="random"``, a folder needs only ``config.json``, the published architecture needs no
    files, and tokens are hashed words. Raises InputError.
    """
    remedy = model_remedy(modality)
    require_choice(weights, encoder="LXMERT", remedy=remedy)
    with quiet():
        if weights == RANDOM:
            side = _random(name, f"{modality}_model", seed)
        else:
            side = _trained(name or PUBLISHED, remedy)
    encoder = side.network.encoder
    del (encoder.layer if modality is Modality.VIDEO else encoder.r_layers)[
        1:
    ]  # the network reads the output of the last one
    return side


def _random(name: str | None, setting: str, seed: int) -> LxmertSide:
    config = config_of(name, hub.LxmertConfig, published=PUBLISHED, setting=setting)
    _require_lxmert(name or PUBLISHED, config, f"leave out `{setting}`")
    config.x_layers = 0
    network = untrained(lambda: hub.LxmertModel(config), seed)
    tokens = HashedTokens(
        vocabulary=config.vocab_size, pad=config.pad_token_id or 0, positions=config.max_position_embeddings
    )
    return LxmertSide(network, f"{RANDOM}:{seed}", tokens)


def _trained(name: str, remedy: str) -> LxmertSide:
    def check(config: Any) -> None:
        _require_lxmert(name, config, remedy)
        config.x_layers = 0

    network, tokenizer = fetch_network(
        name,
        lambda local: hub.AutoTokenizer.from_pretrained(name, local_files_only=local),
        unused=(_POOLER,),
        remedy=remedy,
        check=check,
        class_name="LxmertModel",
    )
    require_vocabulary(name, tokenizer, remedy=remedy)
    used = {key: value for key, value in network.state_dict().items() if not key.startswith(_POOLER)}
    tokens = VocabularyTokens(tokenizer, positions=network.config.max_position_embeddings)
    return LxmertSide(network, weights_digest(used), tokens)


def _require_lxmert(name: str, config: Any, remedy: str) -> None:
    if config.model_type != "lxmert":
        raise InputError(name, f"is a model of type {config.model_type}, not LXMERT", remedy)
