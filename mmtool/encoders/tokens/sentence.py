"""Snippets → features of models of sentence-transformers: ModernBERT, Qwen3-Embedding, E5, BGE, …"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers.utils.hub import cached_file

from mmtool.choices import Modality
from mmtool.encoders.contract import EncoderIdentity, EncoderOptions
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
from mmtool.encoders.precision import DTYPES, exact_fp32, precision_settings
from mmtool.encoders.tokens.batches import Rows, padded
from mmtool.encoders.tokens.sentence_modules import SentenceModules, describe, read_modules
from mmtool.encoders.tokens.token_encoder import TokenEncoder
from mmtool.encoders.tokens.vocabulary import HashedTokens, Tokens, VocabularyTokens
from mmtool.encoders.weights import RANDOM, weights_digest

PUBLISHED = "sentence-transformers/all-MiniLM-L6-v2"
REMEDY = model_remedy(Modality.TEXT)
UNUSED = ("pooler.", "lm_head.", "head.", "decoder.")  # heads that are not part of the network here


class SentenceEncoder(TokenEncoder):
    """Pools the last layer as the model's own ``modules.json`` says, after the prompt that belongs to it.

    Snippets are compared with each other or with speech, so E5 models get the prefix ``query:``, which their
    authors name for that; models whose files hold prompts use their default one.
    """

    reads = frozenset({"weights", "model", "prompt"})
    runs_on_mps = True

    def __init__(self, options: EncoderOptions) -> None:
        """Load the model; raises InputError if that fails."""
        require_choice(options.weights, encoder="text", remedy=REMEDY)
        name = options.model or PUBLISHED
        with quiet():
            network, tokens, self._modules, weights = (
                _random(options.model, options.seed) if options.weights == RANDOM else _trained(name)
            )
        super().__init__(options, tokens)
        self._dtype = DTYPES[options.precision]
        self._network = network.to(self._device, self._dtype)
        for layer in self._modules.dense:
            layer.linear.to(self._device)
        self._prompt = self._modules.prompt(options.prompt, name)
        self._uncounted = 0 if self._modules.counts_prompt else _length(tokens, self._prompt)
        config = network.config
        self.identity = EncoderIdentity(
            name="sentence",
            model=f"{config.model_type}-{config.num_hidden_layers}x{config.hidden_size}",
            weights=weights,
            dimension=self._features(self._rows_of([""])).shape[1],
            settings={
                "pooling": ", ".join(describe(self._modules)),
                "prompt": self._prompt,
                "tokens": tokens.kind,
                "max_tokens": tokens.limit,
                **precision_settings(options.precision),
            },
        )

    def _rows(self, texts: Sequence[str]) -> Rows:
        return super()._rows(self._prompted(texts))

    def _rows_of(self, texts: Sequence[str]) -> Rows:
        return self._tokens(self._prompted(texts))[0]

    def _prompted(self, texts: Sequence[str]) -> list[str]:
        whole = [self._prompt + text for text in texts]
        return [text.lower() for text in whole] if self._modules.lower_case else whole

    @torch.inference_mode()
    def _features(self, rows: Rows) -> Tensor:
        tokens, real = padded(rows, pad=self._tokens.pad, device=self._device)
        counted = torch.ones_like(tokens) if real is None else real.clone()
        counted[:, : self._uncounted] = 0
        with exact_fp32(self._device):
            words = self._network(input_ids=tokens, attention_mask=real).last_hidden_state  # (b, L, H)
            return self._modules.features(words, counted)


Loaded = tuple[Any, Tokens, SentenceModules, str]


def _random(name: str | None, seed: int) -> Loaded:
    config = config_of(name, hub.BertConfig, published=PUBLISHED, setting="text_model")
    network = untrained(lambda: hub.AutoModel.from_config(config), seed)
    modules = SentenceModules() if name is None else _modules(name, local=True)
    tokens = HashedTokens(
        vocabulary=config.vocab_size, pad=config.pad_token_id or 0, positions=_positions(config)
    )
    return network, tokens, modules, f"{RANDOM}:{seed}"


def _trained(name: str) -> Loaded:
    def rest(local: bool) -> tuple[Any, SentenceModules]:
        tokenizer = hub.AutoTokenizer.from_pretrained(name, local_files_only=local)
        return tokenizer, _modules(name, local=local)

    network, (tokenizer, modules) = fetch_network(name, rest, unused=UNUSED, remedy=REMEDY)
    require_vocabulary(name, tokenizer, remedy=REMEDY)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    tensors = dict(network.state_dict())
    for number, layer in enumerate(modules.dense):
        tensors |= {f"dense.{number}.{key}": value for key, value in layer.linear.state_dict().items()}
    tokens = VocabularyTokens(tokenizer, positions=_positions(network.config))
    if modules.limit is not None:
        tokens.limit = min(tokens.limit, modules.limit)
    return network, tokens, modules, weights_digest(tensors)


def _modules(name: str, *, local: bool) -> SentenceModules:
    def find(file: str) -> Path | None:
        found = cached_file(
            name,
            file.removeprefix("/"),
            local_files_only=local,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_connection_errors=False,
        )
        return None if found is None else Path(found)

    return read_modules(name, find, remedy=REMEDY)


def _positions(config: Any) -> int:
    """Tokens that the network reads; models that count from the padding token lose some."""
    positions = int(config.max_position_embeddings)
    counts_from_padding = config.model_type in {"camembert", "mpnet", "roberta", "xlm-roberta"}
    return positions - (config.pad_token_id + 1 if counts_from_padding else 0)


def _length(tokens: Tokens, prompt: str) -> int:
    """The tokens of a prompt, without the special one after it."""
    if not prompt:
        return 0
    (alone, longer), _ = tokens([prompt, f"{prompt} x"])
    pairs = enumerate(zip(alone, longer, strict=False))
    return next((place for place, (one, other) in pairs if one != other), len(alone))
