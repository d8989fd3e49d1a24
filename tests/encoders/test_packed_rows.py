"""BERT's relatives read rows of tokens end to end as they read each alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import tensor
from transformers import (
    BertConfig,
    CamembertConfig,
    DistilBertConfig,
    ElectraConfig,
    MPNetConfig,
    RobertaConfig,
    XLMRobertaConfig,
)

from mmtool.choices import Pooling
from mmtool.encoders.contract import EncoderOptions
from mmtool.encoders.kernels import packed_rows
from mmtool.encoders.kernels.packed_rows import pack, unpack
from mmtool.encoders.registry import load_text_encoder
from mmtool.encoders.tokens.models import load_text_model

POSITIONS = 14
FORM = {
    "vocab_size": 60,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": POSITIONS,
    "initializer_range": 0.5,
}
DISTILLED = {"dim": 16, "hidden_dim": 32, "n_layers": 2, "n_heads": 2}
FAMILIES = {
    "bert": BertConfig(**FORM),
    "camembert": CamembertConfig(**FORM),
    "distilbert": DistilBertConfig(**FORM, **DISTILLED),
    "electra": ElectraConfig(**FORM),
    "mpnet": MPNetConfig(**FORM),
    "roberta": RobertaConfig(**FORM),
    "xlm-roberta": XLMRobertaConfig(**FORM),
}
COUNTED_FROM_PADDING = {"camembert", "mpnet", "roberta", "xlm-roberta"}
TEXTS = ["he opens the door", "", "a man", "the man opens it", "leaves", "and then " * 20, "his dog"]


def test_rows_by_hand() -> None:
    packed = pack([[7, 8], [7, 9], [7, 5, 9]], first_position=2)
    assert packed.tokens.tolist() == [[7, 8, 7, 9, 7, 5, 9]]
    assert packed.positions.tolist() == [[2, 3, 2, 3, 2, 3, 4]]
    assert packed.runs == [(2, 2), (1, 3)]
    words = tensor([[10.0], [11], [20], [21], [30], [31], [32]])
    two, one = unpack(words, packed.runs)
    assert two[..., 0].tolist() == [[10, 11], [20, 21]]
    assert one[..., 0].tolist() == [[30, 31, 32]]


@pytest.mark.parametrize("pooling", [Pooling.MEAN, Pooling.CLS, Pooling.WORDS])
@pytest.mark.parametrize("family", FAMILIES)
def test_features_are_those_of_each_row_alone(family: str, pooling: Pooling, tmp_path: Path) -> None:
    FAMILIES[family].save_pretrained(tmp_path)
    encoder: Any = load_text_encoder(
        EncoderOptions("bert", model=str(tmp_path), weights="random", pooling=pooling, batch_size=4)
    )
    assert encoder._packs == (family != "mpnet")
    features = encoder.encode(TEXTS)

    alone = load_text_model(str(tmp_path), weights="random", seed=0)
    rows, _ = alone.tokens(TEXTS)
    longest = POSITIONS - 2 if family in COUNTED_FROM_PADDING else POSITIONS
    assert max(map(len, rows)) == longest
    assert encoder.truncated == 1
    kept = {Pooling.MEAN: slice(None), Pooling.CLS: slice(1), Pooling.WORDS: slice(1, -1)}[pooling]
    for row, feature in zip(rows, features, strict=True):
        with torch.inference_mode():
            words = alone.network(input_ids=tensor([row])).last_hidden_state[0]
        expected = words[kept] if len(row) > 2 else words[:1] if pooling is Pooling.CLS else words
        np.testing.assert_allclose(feature, expected.mean(dim=0), atol=1e-5)
    assert np.abs(features[0] - features[3]).max() > 0.1  # of as many words


class Stubborn(torch.nn.Module):
    """A network that ignores some of its keyword arguments, as another version of transformers might."""

    ignored: str

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network, self.config = network, network.config

    def forward(self, **arguments: Any) -> Any:
        arguments.pop(self.ignored, None)
        return self.network(**arguments)

    def set_attn_implementation(self, name: str) -> None:
        self.network.set_attn_implementation(name)


class WithoutRuns(Stubborn):
    """Does not pass further arguments on to its attention."""

    ignored = "runs"


class WithoutPositions(Stubborn):
    """Counts positions from the first token on, whatever its caller says."""

    ignored = "position_ids"


def refuse(*_: object, **__: object) -> None:
    raise AttributeError("there is no such interface")


@pytest.mark.parametrize("obstacle", ["no interface", "no runs", "no positions"])
def test_without_the_interface_of_transformers_rows_are_padded_and_features_the_same(
    obstacle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FAMILIES["bert"].save_pretrained(tmp_path)
    options = EncoderOptions("bert", model=str(tmp_path), weights="random", batch_size=4)
    packed: Any = load_text_encoder(options)
    assert packed._packs
    if obstacle == "no interface":
        monkeypatch.setattr(packed_rows.hub.AttentionInterface, "register", refuse)
    else:
        stubborn = WithoutRuns if obstacle == "no runs" else WithoutPositions
        monkeypatch.setattr("mmtool.encoders.tokens.word_encoder.optimised", stubborn)
    padded: Any = load_text_encoder(options)
    assert not padded._packs
    np.testing.assert_allclose(padded.encode(TEXTS), packed.encode(TEXTS), atol=1e-5)
