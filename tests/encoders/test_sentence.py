"""Models of sentence-transformers: their modules, prompts and pooling, whatever the batch."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertModel, ModernBertConfig, ModernBertModel, Qwen3Config, Qwen3Model

from mmtool.encoders.contract import EncoderOptions
from mmtool.encoders.registry import load_text_encoder
from mmtool.encoders.tokens.sentence_modules import pool_by
from mmtool.errors import InputError
from support.small_models import LAYERS, WORDS, save_tokenizer

TEXTS = ["A man opens the door.", "He leaves.", "The door.", "A man leaves the door. He opens the door."]
IDS = {"vocab_size": len(WORDS), "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": len(WORDS) - 1}
MODES = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
KINDS = {
    "bert": (BertModel, BertConfig(**LAYERS, **IDS, initializer_range=0.5)),
    "modernbert": (
        ModernBertModel,
        ModernBertConfig(**LAYERS, **IDS, cls_token_id=1, sep_token_id=2, initializer_range=0.5),
    ),
    "qwen3": (
        Qwen3Model,
        Qwen3Config(**LAYERS, **IDS, num_key_value_heads=1, head_dim=8, initializer_range=0.5),
    ),
}


def save(folder: Path, kind: str = "bert", *, steps=(), prompts=None, **files) -> Path:
    """A small model; ``steps`` are kinds of modules with their configurations."""
    model, config = KINDS[kind]
    torch.manual_seed(0)
    model(config).save_pretrained(folder)
    save_tokenizer(folder, limit=64)
    modules = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
    for number, (step, content) in enumerate(steps, start=1):
        (folder / f"{number}_{step}").mkdir()
        (folder / f"{number}_{step}" / "config.json").write_text(json.dumps(content), encoding="utf-8")
        modules.append(
            {
                "idx": number,
                "name": str(number),
                "path": f"{number}_{step}",
                "type": f"sentence_transformers.models.{step}",
            }
        )
    if steps:
        (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    if prompts is not None:
        files["config_sentence_transformers.json"] = prompts
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


def pooling(*modes, **more):
    flags = {
        "mean": "mean_tokens",
        "cls": "cls_token",
        "max": "max_tokens",
        "weightedmean": "weightedmean_tokens",
    }
    return {
        "word_embedding_dimension": 16,
        **{f"pooling_mode_{flags.get(mode, mode)}": True for mode in modes},
        **more,
    }


def encoder(folder, **options):
    return load_text_encoder(EncoderOptions("sentence", model=str(folder), **options))


def words_of(encoder, text):
    """Word features of the class's own forward, without padding."""
    tokens = torch.tensor(encoder._tokens([text])[0])
    with torch.inference_mode():
        return encoder._network(input_ids=tokens, attention_mask=torch.ones_like(tokens)).last_hidden_state[0]


def literal(mode, words):
    weights = torch.arange(1, len(words) + 1)[:, None].float()
    return {
        "cls": words[0],
        "lasttoken": words[-1],
        "max": words.max(dim=0).values,
        "mean": words.mean(dim=0),
        "mean_sqrt_len_tokens": words.sum(dim=0) / len(words) ** 0.5,
        "weightedmean": (words * weights).sum(dim=0) / weights.sum(),
    }[mode]


@pytest.mark.parametrize("mode", MODES)
def test_ways_of_pooling_by_their_formulas(mode):
    words = torch.randn(3, 5, 4)
    real = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 0, 1, 1, 1]])
    found = pool_by(mode, words, real)
    torch.testing.assert_close(found[0], literal(mode, words[0]))
    torch.testing.assert_close(found[1], literal(mode, words[1, :3]))
    if mode != "weightedmean":  # which counts places from the start of the row
        torch.testing.assert_close(found[2], literal(mode, words[2, 2:]))


@pytest.mark.parametrize(
    ("kind", "mode"), [("bert", "cls"), ("bert", "mean"), ("modernbert", "mean"), ("qwen3", "lasttoken")]
)
def test_the_class_pooled_whatever_the_batch(tmp_path, kind, mode):
    steps = [("Pooling", pooling(mode)), ("Normalize", {})]
    folder = save(tmp_path / kind, kind, steps=steps if mode != "mean" or kind == "bert" else ())
    alone, together = (encoder(folder, batch_size=size).encode(TEXTS) for size in (1, 4))
    np.testing.assert_allclose(alone, together, atol=1e-5)
    made = encoder(folder)
    for text, row in zip(TEXTS, together, strict=True):
        wanted = literal(mode, words_of(made, text))
        if kind != "modernbert":
            wanted = torch.nn.functional.normalize(wanted, dim=0)
        np.testing.assert_allclose(row, wanted, atol=1e-5)


def test_prompts(tmp_path):
    prompts = {"prompts": {"query": "the door ", "document": ""}, "default_prompt_name": None}
    folder = save(tmp_path / "a", steps=[("Pooling", pooling("mean"))], prompts=prompts)
    plain, query, text, default = (
        encoder(folder, prompt=prompt).encode(TEXTS[:1]) for prompt in ("", "query", "the door ", None)
    )
    np.testing.assert_array_equal(query, text)
    np.testing.assert_array_equal(plain, default)
    assert np.abs(plain - query).max() > 1e-3
    prompts["default_prompt_name"] = "query"
    folder = save(tmp_path / "b", steps=[("Pooling", pooling("mean"))], prompts=prompts)
    np.testing.assert_array_equal(encoder(folder).encode(TEXTS[:1]), query)
    assert encoder(folder).identity.settings["prompt"] == "the door "


def test_tokens_of_the_prompt_may_not_count(tmp_path):
    folder = save(tmp_path / "a", steps=[("Pooling", pooling("mean", include_prompt=False))])
    made = encoder(folder, prompt="the door ")
    words = words_of(made, "the door he leaves")
    np.testing.assert_allclose(made.encode(["he leaves"])[0], words[3:].mean(dim=0), atol=1e-5)


def test_e5_gets_the_prefix_that_its_authors_name(tmp_path):
    folder = save(tmp_path / "e5-small-v2", steps=[("Pooling", pooling("mean"))])
    assert encoder(folder).identity.settings["prompt"] == "query: "
    assert (
        encoder(save(tmp_path / "bge-small", steps=[("Pooling", pooling("cls"))])).identity.settings["prompt"]
        == ""
    )


def test_dense_layers_and_joined_pooling(tmp_path):
    dense = {
        "in_features": 32,
        "out_features": 5,
        "bias": True,
        "activation_function": "torch.nn.modules.activation.Tanh",
    }
    folder = save(tmp_path / "a", steps=[("Pooling", pooling("cls", "mean")), ("Dense", dense)])
    weight, bias = torch.randn(5, 32), torch.randn(5)
    save_file({"linear.weight": weight, "linear.bias": bias}, folder / "2_Dense" / "model.safetensors")
    made = encoder(folder)
    words = words_of(made, TEXTS[0])
    wanted = torch.tanh(weight @ torch.cat([words[0], words.mean(dim=0)]) + bias)
    np.testing.assert_allclose(made.encode(TEXTS[:1])[0], wanted, atol=1e-5)
    assert made.identity.dimension == 5


def test_as_sentence_transformers_itself(tmp_path):
    library = pytest.importorskip("sentence_transformers")
    folder = save(
        tmp_path / "a",
        steps=[("Pooling", pooling("mean", "max")), ("Normalize", {})],
        prompts={"prompts": {"query": "the door "}, "default_prompt_name": "query"},
    )
    wanted = library.SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(encoder(folder).encode(TEXTS), wanted, atol=1e-5)


def test_lengths_and_what_is_refused(tmp_path):
    folder = save(
        tmp_path / "a", **{"sentence_bert_config.json": {"max_seq_length": 4, "do_lower_case": True}}
    )
    made = encoder(folder)
    made.encode(TEXTS)
    assert made.truncated == 4
    with pytest.raises(InputError, match="module of type Router"):
        encoder(save(tmp_path / "b", steps=[("Router", {})]))
    with pytest.raises(InputError, match="not a local folder"):
        encoder(tmp_path / "nothing")


def test_random_weights_need_no_files():
    rows = load_text_encoder(EncoderOptions("sentence", weights="random")).encode(TEXTS)
    assert rows.shape == (4, 768)
