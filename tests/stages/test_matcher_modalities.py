"""train --preset multiway --modalities: several sources of a clip, through the commands that use the run."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from mmtool.errors import InputError
from mmtool.formats.alignments import read_alignment
from mmtool.formats.features import open_features
from mmtool.formats.matcher_checkpoints import read_matcher_checkpoint, write_matcher_checkpoint
from mmtool.formats.scores import read_scores
from mmtool.retrieval.contract import ClipMaterial
from mmtool.stages.info import verify
from mmtool.stages.shared.matcher_runs import open_run, open_trained
from mmtool.stages.shared.stored_tokens import open_clips_of
from support.commands import call, complaint
from support.corpora import make_corpus
from support.region_features import write_regions
from support.several_sources import write_clip_features, write_snippet_features

CPU = torch.device("cpu")
QUICK = ["--preset", "multiway", "--threads", 1, "--device", "cpu", "--batch-size", 8, "--run", "r"]
NAMES = ["--modalities", "detector,audio"]


def make(folder, **without):
    """Regions and frames of a detector, and one feature a clip of a sound and of a movement."""
    corpus = make_corpus(folder, train=2, val=1, test=1)
    write_regions(corpus)
    for name, width in (("audio", 4), ("motion", 3)):
        write_clip_features(corpus, name, width, without=without.get(name, ()))
    return corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    corpus = make(tmp_path_factory.mktemp("corpus"))
    call("train", corpus.root, *QUICK, *NAMES, "--fusion", "mid", "--mask-from", "gradcam", "--epochs", 1)
    return corpus


def test_a_run_remembers_its_sources_and_what_their_tokens_are(corpus):
    checkpoint = read_matcher_checkpoint(corpus.run("r") / "last.pt")
    sources = [(s["clip_tokens"], s["dimension"], s["frames"]) for s in checkpoint.shape["sources"]]
    assert sources == [("regions", 8, 2), ("clip", 4, 1)]
    assert (checkpoint.video, len(checkpoint.sources)) == ("detector,audio", 2)
    assert checkpoint.mean.shape == (12,)
    for path in (corpus.run("r"), corpus.run("r") / "last.pt"):
        assert "detector,audio" in call("info", path, "--json").stdout
    assert verify(corpus.root).failures == []


def test_embeddings_scores_and_retrieval_read_the_same_sources(corpus):
    matcher = open_run(corpus, "r", CPU)
    assert matcher.material is ClipMaterial.SOURCES
    with open_clips_of(corpus, matcher) as tokens:
        read = matcher.clips(tokens.read("v3", range(6)))
    with open_features(corpus.features("r-video")) as file:
        assert file.ids() == ["v0", "v1", "v2", "v3"]
        np.testing.assert_allclose(file.read("v3").features, read.embeddings, rtol=1e-4, atol=1e-5)
    options = ["--decoder", "semi-markov", "--video", "r", "--text", "r", "--split", "test"]
    call("align", corpus.root, *options)
    assert read_alignment(corpus.alignment("semi-markov", "v3"))[0].id == "v3"
    call("score", corpus.root, "--run", "r")
    scores = read_scores(corpus.match_scores("r", "v3"))
    texts = matcher.texts(scores.snippets)
    clip, snippet = np.argwhere(scores.reranked)[0]
    odds = matcher.match(read, texts, np.array([[clip, snippet]]))
    np.testing.assert_allclose(scores.raw[clip, snippet], odds[0], rtol=1e-4, atol=1e-5)
    found = json.loads(call("retrieve", corpus.root, "a short line", "--run", "r", "--json").stdout)
    assert len(found["results"]) > 0


def test_an_explanation_names_the_modality_of_each_answer(corpus, tmp_path):
    picture = tmp_path / "words.png"
    options = ["--run", "r", "--clip", "v3:2", "--snippet", 1, "--output", picture]
    found = json.loads(call("explain", corpus.root, *options, "--json").stdout)
    assert picture.stat().st_size > 0
    for answer in found["answers"]:
        assert answer["source"] in ("detector", "audio", None)
        assert (answer["frame"] is None) == (answer["box"] is None) == (answer["source"] != "detector")
    shown = call("explain", corpus.root, *options)
    assert "modality" in shown.output
    assert "only the parts of detector are drawn" in " ".join(shown.output.split())


def test_films_without_a_modality_are_named_or_read_without_its_tokens(tmp_path):
    corpus = make(tmp_path, audio=("v1", "v3"))
    train = ["train", corpus.root, *QUICK, *NAMES, "--epochs", 1, "--clip-tokens", "frames"]
    result = call(*train, code=2)
    assert "'v1'" in complaint(result, "audio.h5")
    assert "--missing zero" in result.stderr
    call(*train, "--missing", "zero")
    matcher = open_run(corpus, "r", CPU)
    with open_clips_of(corpus, matcher) as tokens:
        read = matcher.clips(tokens.read("v3", [0, 1]))
    assert [len(part.features) for part in read.inputs[0].parts] == [2, 0]
    with open_features(corpus.features("r-video")) as file:
        np.testing.assert_allclose(file.read("v3").features[:2], read.embeddings, rtol=1e-4, atol=1e-5)
    write_regions(corpus, ids=["v0", "v1", "v2"])
    call("score", corpus.root, "--run", "r", code=1)
    line = complaint(call("score", corpus.root, "--run", "r", "--force", code=1), "v3")
    assert "missing: detector, audio" in line


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--modalities", "audio"], "name at least two"),
        (["--modalities", "audio,smell"], "smell.h5"),
        (["--modalities", "audio,motion"], "no file of audio, motion stores regions"),
        (["--modalities", "detector,words"], "holds text features, not video features"),
        (["--modalities", "detector,audio+motion"], "is joined to others"),
        ([*NAMES, "--video", "detector"], "--modalities"),
        ([*NAMES, "--fusion", "early"], "'late', "),
        (["--fusion", "se"], "without --modalities"),
    ],
)
def test_impossible_sources_are_one_line(corpus, options, problem):
    write_snippet_features(corpus, "words", 6)
    result = call("train", corpus.root, *QUICK, *options, "--force", code=2)
    assert problem in " ".join(result.output.split())


@pytest.mark.parametrize(
    "change",
    [
        {"sources": [{"clip_tokens": "regions", "dimension": 12, "frames": 2}]},
        {"sources": [{"clip_tokens": "regions", "dimension": 0, "frames": 2}] * 2},
        {"sources": [{"clip_tokens": "smell", "dimension": 6, "frames": 2}] * 2},
        {"sources": "detector"},
        {"fusion": "early"},
        {"fusion": "late"},
    ],
)
def test_a_checkpoint_whose_sources_do_not_exist_is_damaged(corpus, tmp_path, change):
    checkpoint = read_matcher_checkpoint(corpus.run("r") / "last.pt")
    path = tmp_path / "last.pt"
    write_matcher_checkpoint(path, replace(checkpoint, shape=checkpoint.shape | change))
    with pytest.raises(InputError, match="declares a network"):
        open_trained(path, CPU, corpus)
