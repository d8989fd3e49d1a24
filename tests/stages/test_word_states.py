"""Stored states of words: ``extract --keep-words``, and a matcher that reads them."""

import json
import re
import shutil

import h5py
import numpy as np
import pytest
import torch

import mmtool
from mmtool.errors import CallError, InputError, SettingError
from mmtool.formats.corpus import Corpus
from mmtool.formats.features import open_features
from mmtool.formats.snippets import read_snippets
from mmtool.formats.word_states import read_words
from mmtool.stages.extract import extract
from mmtool.stages.shared.matcher_runs import open_run
from mmtool.stages.train import train
from support.commands import call, complaint
from support.corpora import make_corpus
from support.region_features import write_regions

WIDTH = 16
CONFIG = {
    "model_type": "bert",
    "hidden_size": WIDTH,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "vocab_size": 500,
}
QUICK = {"preset": "multiway", "epochs": 1, "batch_size": 8, "threads": 1, "device": "cpu"}
BERT = {"text_encoder": "bert", "text_weights": "random", "device": "cpu"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpus")
    corpus = make_corpus(root / "corpus")
    write_regions(corpus)
    model = root / "model"
    model.mkdir()
    (model / "config.json").write_text(json.dumps(CONFIG))
    report = extract(corpus.root, text_model=str(model), text_name="words", keep_words=True, **BERT)
    assert report.failures == []
    train(corpus.root, run="w", word_states="words", words=str(model), mask_from="gradcam", **QUICK)
    return corpus


@pytest.fixture
def copied(corpus, tmp_path):
    shutil.copytree(corpus.root, tmp_path / "copy")
    return Corpus(tmp_path / "copy")


def model_of(corpus):
    return corpus.root.parent / "model"


def test_the_mean_of_stored_states_is_the_feature(corpus):
    with open_features(corpus.features("words")) as file:
        features = file.read("v0").features
        for row, snippet in enumerate(read_snippets(corpus.snippets("v0"))):
            states, names = read_words(file, "v0", row)
            assert states.shape == (len(names), WIDTH)
            assert names == ["[CLS]", *re.findall(r"\w+|[^\w\s]", snippet.text.lower()), "[SEP]"]
            np.testing.assert_allclose(states.mean(axis=0), features[row], rtol=1e-4, atol=1e-5)


def test_states_are_added_to_features_without_them_and_kept_afterwards(copied):
    options = {**BERT, "text_model": str(model_of(copied)), "text_name": "other"}
    (copied.root.parent / "model").mkdir()
    (copied.root.parent / "model" / "config.json").write_text(json.dumps(CONFIG))
    extract(copied.root, **options)
    with pytest.raises(CallError, match=r"other.h5: stores no words of 'v0'; run .*--keep-words"):
        train(copied.root, run="o", word_states="other", **QUICK)
    extract(copied.root, keep_words=True, **options)
    before = copied.features("other").read_bytes()
    extract(copied.root, **options)
    assert copied.features("other").read_bytes() == before


def test_the_matcher_reads_states_and_explains_by_their_words(corpus):
    matcher = open_run(corpus, "w", torch.device("cpu"))
    assert (matcher.network.shape.word_dimension, matcher.network.shape.vocabulary) == (WIDTH, 0)
    text = read_snippets(corpus.snippets("v5"))[0].text
    read = matcher.texts([text])
    with open_features(corpus.features("words")) as file, open_features(corpus.features("w-text")) as written:
        states, names = read_words(file, "v5", 0)
        np.testing.assert_array_equal(read.rows[0], states)
        np.testing.assert_allclose(written.read("v5").features[0], read.embeddings[0], rtol=1e-4, atol=1e-5)
    report = mmtool.explain(corpus.root, run="w", clip="v5:1", snippet=1, device="cpu")
    assert [word.word for word in report.words] == names[1:-1]
    assert mmtool.score(corpus.root, run="w").failures == []


def test_a_typed_query_is_encoded_as_the_stored_snippets_were(corpus):
    matcher, text = open_run(corpus, "w", torch.device("cpu")), read_snippets(corpus.snippets("v0"))[0].text
    stored, typed = matcher.texts([text]), matcher.texts([text + " "])
    np.testing.assert_allclose(typed.embeddings, stored.embeddings, rtol=1e-4, atol=1e-5)
    assert mmtool.retrieve(corpus.root, words="somebody runs", run="w", k=3).results[0].hits


def test_a_typed_query_without_the_encoder_is_refused_in_one_line(corpus):
    train(corpus.root, run="unnamed", word_states="words", **QUICK)
    line = complaint(call("retrieve", corpus.root, "somebody runs", "--run", "unnamed", code=2), "words.h5")
    assert "stores no words of 'somebody runs'" in line
    assert "`mmtool train --preset multiway --word-states words --words MODEL`" in line


def test_what_cannot_be_read_is_named(copied):
    with h5py.File(copied.features("words"), "r+") as file:
        file["v0/word_states"][0, 1, 0] = np.nan
    with pytest.raises(CallError, match=r"words.h5: stores states of words of 'v0' that are not finite"):
        train(copied.root, run="n", word_states="words", **QUICK)
    with h5py.File(copied.features("words"), "r+") as file:
        file.move("v0/word_states", "v0/old")
        file["v0/word_states"] = file["v0/old"][..., :-1]
    with pytest.raises(InputError, match=r"stores words of 'v0' in another form than \(M, W, 16\)"):
        open_run(copied, "w", torch.device("cpu"))


def test_states_of_another_encoder_are_refused(copied):
    with h5py.File(copied.features("words"), "r+") as file:
        file.attrs["sources"] = file.attrs["sources"].replace("random:0", "random:1")
    with pytest.raises(InputError, match=r"trained on words of another encoder than features/words.h5"):
        open_run(copied, "w", torch.device("cpu"))


def test_settings_that_do_not_fit(corpus):
    with pytest.raises(SettingError, match=r"mask_words.* has no effect with `word_states`"):
        train(corpus.root, word_states="words", mask_from="random", mask_words="content", **QUICK)
    with pytest.raises(SettingError, match="has no effect with `text_encoder=length`"):
        extract(corpus.root, text_encoder="length", keep_words=True)
