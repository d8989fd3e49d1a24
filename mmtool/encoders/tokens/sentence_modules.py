"""What comes after the network in a model of sentence-transformers: pooling, dense layers, normalisation.

The files are those of sentence-transformers: ``modules.json`` lists the steps, each with a folder of its
own, and ``config_sentence_transformers.json`` holds the prompts. A model without them is pooled by the mean.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmtool.encoders.weights import load_tensors, read_tensors
from mmtool.errors import InputError

Find = Callable[[str], Path | None]  # the path of one of the model's files; None if it has no such file
MODES = {  # the names in older files, in the order in which several are joined
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "Tanh": torch.tanh,
    "Identity": lambda values: values,
    "ReLU": torch.relu,
    "GELU": functional.gelu,
    "Sigmoid": torch.sigmoid,
}
PREFIXES = {  # of models whose files do not hold the prompt that their authors ask for
    "multilingual-e5-large-instruct": "",
    "e5-mistral": "",
    "e5-": "query: ",
}


@dataclass(frozen=True, slots=True)
class Dense:
    """A linear layer and what follows it."""

    linear: nn.Linear
    activation: str

    def __call__(self, features: Tensor) -> Tensor:
        return ACTIVATIONS[self.activation](self.linear(features))


@dataclass(frozen=True, slots=True)
class SentenceModules:
    """Everything about a model but the network and its tokenizer.

    Attributes:
        modes: Ways of pooling, whose results are joined.
        dense: Layers after pooling.
        normalised: Whether features are scaled to unit length.
        prompts: Texts that may be put before a snippet, by name.
        default_prompt: The name of the one that is used if none is named; None for no prompt.
        counts_prompt: Whether the tokens of the prompt are pooled.
        limit: Tokens of a text; None for as many as the network reads.
        lower_case: Whether texts are lower-cased.
    """

    modes: tuple[str, ...] = ("mean",)
    dense: tuple[Dense, ...] = ()
    normalised: bool = False
    prompts: Mapping[str, str] | None = None
    default_prompt: str | None = None
    counts_prompt: bool = True
    limit: int | None = None
    lower_case: bool = False

    def prompt(self, chosen: str | None, name: str) -> str:
        """What is put before each text: a prompt of the model, by its name; a text; or the default."""
        prompts = self.prompts or {}
        if chosen is not None:
            return prompts.get(chosen, chosen)
        if self.default_prompt is not None:
            return prompts.get(self.default_prompt, "")
        if prompts:
            return ""
        model = name.rstrip("/").rpartition("/")[2].lower()
        return next((prefix for start, prefix in PREFIXES.items() if start in f"{model}-"), "")

    def features(self, words: Tensor, real: Tensor) -> Tensor:
        """Features (b, D) of word features (b, L, H), in fp32; ``real`` (b, L) is 1 for counted tokens."""
        pooled = torch.cat([pool_by(mode, words.float(), real) for mode in self.modes], dim=1)
        for layer in self.dense:
            pooled = layer(pooled)
        return functional.normalize(pooled, dim=1) if self.normalised else pooled


def pool_by(mode: str, words: Tensor, real: Tensor) -> Tensor:
    """One way of pooling (b, L, H) to (b, H), as sentence-transformers does it."""
    counted = real.to(words.dtype)[..., None]  # (b, L, 1)
    if mode == "cls":
        first = real.argmax(dim=1)
        return words[torch.arange(len(words), device=words.device), first]
    if mode == "lasttoken":
        last = real.shape[1] - 1 - real.flip(1).argmax(dim=1)
        return words[torch.arange(len(words), device=words.device), last]
    if mode == "max":
        return words.masked_fill(counted == 0, -1e9).max(dim=1).values
    if mode == "weightedmean":
        counted = counted * torch.arange(1, words.shape[1] + 1, device=words.device)[None, :, None]
    total = (words * counted).sum(dim=1)
    count = counted.sum(dim=1).clamp(min=1e-9)
    return total / (count.sqrt() if mode == "mean_sqrt_len_tokens" else count)


def read_modules(name: str, find: Find, *, remedy: str) -> SentenceModules:
    """Read a model's own files; raises InputError for steps that are not known here."""
    settings = _json(name, find("config_sentence_transformers.json"), remedy)
    length = _json(name, find("sentence_bert_config.json"), remedy)
    steps = _json(name, find("modules.json"), remedy) or []
    values: dict[str, Any] = {
        "prompts": settings.get("prompts") if settings else None,
        "default_prompt": settings.get("default_prompt_name") if settings else None,
        "limit": length.get("max_seq_length") if length else None,
        "lower_case": bool(length.get("do_lower_case")) if length else False,
    }
    dense: list[Dense] = []
    for step in steps:
        kind, folder = str(step["type"]).rpartition(".")[2], str(step.get("path", ""))
        if kind == "Pooling":
            values |= _pooling(name, _json(name, find(f"{folder}/config.json"), remedy) or {}, remedy)
        elif kind == "Dense":
            dense.append(_dense(name, folder, find, remedy))
        elif kind == "Normalize":
            values["normalised"] = True
        elif kind != "Transformer":
            raise InputError(name, f"has a module of type {kind}, which is not read here", remedy)
    return SentenceModules(**values, dense=tuple(dense))


def _pooling(name: str, config: Mapping[str, Any], remedy: str) -> dict[str, Any]:
    modes = config.get("pooling_mode") or [mode for key, mode in MODES.items() if config.get(key)]
    modes = [modes] if isinstance(modes, str) else list(modes or ["mean"])
    if unknown := [mode for mode in modes if mode not in MODES.values()]:
        raise InputError(name, f"is pooled by {unknown[0]!r}, which is not known here", remedy)
    return {"modes": tuple(modes), "counts_prompt": bool(config.get("include_prompt", True))}


def _dense(name: str, folder: str, find: Find, remedy: str) -> Dense:
    config = _json(name, find(f"{folder}/config.json"), remedy) or {}
    activation = str(config.get("activation_function", "Tanh")).rpartition(".")[2]
    weights = find(f"{folder}/model.safetensors") or find(f"{folder}/pytorch_model.bin")
    if (
        activation not in ACTIVATIONS
        or weights is None
        or not {"in_features", "out_features"} <= config.keys()
    ):
        raise InputError(name, f"has a dense layer in {folder} that is incomplete or not known here", remedy)
    linear = nn.Linear(config["in_features"], config["out_features"], bias=config.get("bias", True))
    tensors = read_tensors(weights, remedy=remedy)
    named = {key.removeprefix("linear."): value for key, value in tensors.items()}
    load_tensors(linear, named, path=weights, remedy=remedy)
    return Dense(linear.float().eval(), activation)


def _json(name: str, path: Path | None, remedy: str) -> Any:
    if path is None:
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(name, f"has a {path.name} that cannot be read", remedy) from error


def describe(modules: SentenceModules) -> Sequence[str]:
    """The steps, for the encoder's identity."""
    layers = [f"dense {layer.linear.out_features} {layer.activation}" for layer in modules.dense]
    return [*modules.modes, *layers, *(["unit length"] if modules.normalised else [])]
