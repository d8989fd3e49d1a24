"""``retrieve --run``: a matcher that was trained on the corpus, both encoders in one, on stored regions."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import mmtool
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.embedding_index import open_index
from mmtool.stages.shared.matcher_runs import open_run
from mmtool.stages.shared.stored_tokens import open_stored_tokens
from support.commands import call, complaint
from support.corpora import make_corpus
from support.region_features import write_regions


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    corpus = make_corpus(tmp_path_factory.mktemp("trained"))
    write_regions(corpus)
    mmtool.train(corpus.root, run="m", preset="multiway", epochs=2, batch_size=8, threads=1, device="cpu")
    return corpus.root


def matcher_of(root):
    return open_run(Corpus(root), "m", torch.device("cpu"))


def test_words_find_clips_by_the_run(trained):
    report = mmtool.retrieve(trained, words="a short line", run="m", score="itc", top=1000)
    index = open_index(trained / "features" / "m-video.h5")
    text = matcher_of(trained).texts(["a short line"]).embeddings[0]
    scores = {index.place(row): float(index.embeddings[row] @ text) for row in range(report.searched)}
    assert report.pairs == 0
    assert [hit.score for hit in report.results[0].hits] == pytest.approx(
        sorted(scores.values(), reverse=True), abs=1e-5
    )


@pytest.mark.parametrize("rule", ["itm", "itm+itc"])
def test_reranking_everything_is_brute_force(rule, trained):
    report = mmtool.retrieve(trained, words="a short line", run="m", score=rule, k=1000, top=1000)
    matcher, corpus = matcher_of(trained), Corpus(trained)
    texts, scores = matcher.texts(["a short line"]), {}
    with open_stored_tokens(corpus, "detector", matcher.material) as tokens:
        for id in corpus.clip_ids():
            count = len(read_clips(corpus.clips(id)))
            clips = matcher.clips(tokens.read(id, range(count)))
            logits = matcher.logits(clips, texts, np.array([[clip, 0] for clip in range(count)]))[:, 1]
            cosine = clips.embeddings @ texts.embeddings[0]
            both = logits + cosine if rule == "itm+itc" else logits
            scores |= {(id, clip): float(both[clip]) for clip in range(count)}
    assert report.pairs == len(scores)
    assert [hit.score for hit in report.results[0].hits] == pytest.approx(
        sorted(scores.values(), reverse=True), abs=1e-4
    )


def test_a_clip_and_a_split(trained):
    report = mmtool.retrieve(trained, clip="v0:1", run="m", k=5, top=3)
    assert len(report.results[0].hits) == 3
    measures = mmtool.retrieve(trained, split="test", run="m", k=4).measures
    assert measures.sweep[1] == measures.before


def test_embeddings_are_kept(trained):
    mmtool.retrieve(trained, words="a", run="m")
    before = (trained / "features" / "m-video.h5").stat().st_mtime_ns
    mmtool.retrieve(trained, words="b", run="m")
    assert (trained / "features" / "m-video.h5").stat().st_mtime_ns == before


def test_features_without_regions(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "corpus")
    corpus = Corpus(tmp_path / "corpus")
    write_regions(corpus, kept=False)
    for command in (["retrieve", "a"], ["explain", "--clip", "v0:1"], ["score"]):
        name, *rest = command
        line = complaint(call(name, corpus.root, *rest, "--run", "m", code=2), "detector.h5")
        assert "stores no regions" in line
        assert "run `mmtool extract --keep-regions` with the options that the file was made with" in line
        assert "clip-tokens" not in line


def test_regions_that_are_no_numbers_are_named(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "corpus")
    with h5py.File(tmp_path / "corpus" / "features" / "detector.h5", "r+") as file:
        file["v0/region_features"][0, 0, 0, 0] = np.nan
    for command in (["retrieve", "short", "--run", "m"], ["explain", "--run", "m", "--clip", "v0:1"]):
        name, *rest = command
        line = complaint(call(name, tmp_path / "corpus", *rest, code=2), "detector.h5")
        assert "stores features of regions of 'v0' that are not finite" in line


def test_words_that_the_run_does_not_know_are_noted_once(trained):
    (note,) = mmtool.retrieve(trained, words="человек падает", run="m").notes
    assert "the vocabulary of m (multiway-small) does not know most of these words" in note


def test_a_run_that_does_not_exist(trained):
    complaint(call("retrieve", trained, "a", "--run", "other", code=2), "other")
