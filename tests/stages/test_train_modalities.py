"""train --modalities: several sources of a clip, through the commands; films that lack one; bad settings."""

import json

import numpy as np
import pytest
import torch

from mmtool.choices import Inputs, Modality
from mmtool.formats.alignments import read_alignment
from mmtool.formats.checkpoints import read_checkpoint
from mmtool.formats.clips import read_clips, write_clips
from mmtool.formats.corpus import Corpus
from mmtool.fusion_choices import Missing
from mmtool.records import Clip
from mmtool.stages.shared.clip_sources import open_clips_for_training
from support.commands import call, complaint
from support.corpora import make_corpus
from support.several_sources import write_clip_features, write_snippet_features

FULL = ["--inputs", "full", "--epochs", 1, "--threads", 1]


@pytest.fixture
def corpus(tmp_path) -> Corpus:
    """Three training films and one each to validate and to test, with three video features."""
    corpus = make_corpus(tmp_path, train=3, val=1, test=1)
    for name, width in (("looks", 5), ("motion", 3), ("audio", 4)):
        write_clip_features(corpus, name, width)
    write_snippet_features(corpus, "words", 6)
    return corpus


def test_a_run_of_projected_modalities_remembers_and_reads_its_sources(corpus):
    for name in ("looks", "motion"):
        call("project", corpus.root, "--video", name, "--dim", 8)
    names = ["--modalities", "looks,motion"]
    call("train", corpus.root, *names, "--run", "r", "--epochs", 1, "--threads", 1)
    checkpoint = read_checkpoint(corpus.run("r") / "last.pt")
    assert checkpoint.shape["sources"] == [8, 8]
    assert [part.name for part in checkpoint.inputs[Modality.VIDEO].parts] == ["looks", "motion"]
    call("align", corpus.root, "--run", "r", "--split", "test")
    alignment, _ = read_alignment(corpus.alignment("r", "v4"))
    assert alignment.id == "v4"
    for path in (corpus.run("r"), corpus.run("r") / "last.pt"):
        found = json.loads(call("info", path, "--json").stdout)
        assert "looks,motion" in json.dumps(found)


@pytest.mark.parametrize("fusion", ["mid", "nl"])
def test_every_fusion_trains_and_aligns(corpus, fusion):
    names = ["--modalities", "looks,motion,audio", "--fusion", fusion]
    call("train", corpus.root, *names, "--run", "r", *FULL)
    call("align", corpus.root, "--run", "r", "--split", "test", "--decoder", "beam")
    assert read_checkpoint(corpus.run("r") / "last.pt").shape["sources"] == [5, 3, 4]


def test_a_continued_run_of_modalities_ends_with_the_same_weights(corpus):
    names = ["--modalities", "looks,audio", "--fusion", "se", "--inputs", "full", "--threads", 1]
    call("train", corpus.root, *names, "--run", "whole", "--epochs", 2)
    call("train", corpus.root, *names, "--run", "parts", "--epochs", 1)
    call("train", corpus.root, *names, "--run", "parts", "--epochs", 2)
    whole, parts = (read_checkpoint(corpus.run(run) / "last.pt").network for run in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_films_without_a_modality_are_named(corpus):
    write_clip_features(corpus, "audio", 4, without=("v1", "v3"))
    result = call("train", corpus.root, "--modalities", "looks,audio", *FULL, code=2)
    assert "'v1', 'v3'" in complaint(result, "audio.h5")
    assert "--missing zero" in result.stderr


def test_films_without_a_modality_may_be_read_as_zeros(corpus):
    write_clip_features(corpus, "audio", 4, without=("v1", "v4"))
    options = ["--modalities", "looks,audio", "--missing", "zero", "--run", "r", *FULL]
    call("train", corpus.root, *options)
    call("align", corpus.root, "--run", "r", "--split", "test")
    assert corpus.alignment("r", "v4").exists()
    transform = read_checkpoint(corpus.run("r") / "last.pt").inputs[Modality.VIDEO].parts[1].transform
    assert transform["mean"].shape == (4,)
    write_clip_features(corpus, "looks", 5, without=("v4",))
    result = call("align", corpus.root, "--run", "r", "--split", "test", "--force", code=2)
    assert "looks, audio" in complaint(result, "looks.h5")


def test_zeros_are_what_the_network_reads_of_a_missing_modality(corpus):
    write_clip_features(corpus, "audio", 4, without=("v1",))
    names, train = ("looks", "audio"), ["v0", "v1", "v2"]
    with open_clips_for_training(corpus, names, Inputs.FULL, Missing.ZERO, train, []) as sources:
        rows = sources.read("v1")
        assert rows.shape == (6, 9)
        assert np.abs(rows[:, :5]).min() > 0
        assert not rows[:, 5:].any()
        assert sources.read("v0")[:, 5:].any()


def test_projecting_a_modality_that_films_lack(corpus):
    write_clip_features(corpus, "audio", 4, without=("v1",))
    complaint(call("project", corpus.root, "--video", "audio", code=2), "audio.h5")
    call("project", corpus.root, "--video", "audio", "--missing", "zero")


def test_an_alignment_of_a_film_without_a_modality_fails_and_names_it(corpus):
    call("train", corpus.root, "--modalities", "looks,audio", "--run", "r", *FULL)
    write_clip_features(corpus, "audio", 4, without=("v4",))
    line = complaint(call("align", corpus.root, "--run", "r", "--split", "test", code=2), "audio.h5")
    assert "'v4'" in line
    assert "missing=zero" in line or "--missing zero" in line


def test_sources_of_other_clips_are_refused(corpus):
    clips = read_clips(corpus.clips("v0"))
    write_clips(corpus.clips("v0"), [Clip(c.start, c.end + 0.25) for c in clips])
    write_clip_features(corpus, "audio", 4)
    write_clips(corpus.clips("v0"), clips)
    result = call("train", corpus.root, "--modalities", "looks,audio", *FULL, code=2)
    assert "'v0'" in complaint(result, "audio.h5")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--modalities", "looks"], "name at least two"),
        (["--modalities", "looks,looks"], "twice"),
        (["--modalities", "looks,joint"], "cannot name joint"),
        (["--modalities", "looks,,audio"], "joined by commas"),
        (["--modalities", "looks,audio", "--video", "looks"], "--modalities"),
        (["--modalities", "looks,audio", "--fusion", "early"], "'late', "),
        (["--modalities", "looks,audio", "--fusion-layers", "3"], "0, 1, 2, 4"),
        (["--modalities", "looks,audio", "--fusion", "mid", "--fusion-layers", "4"], "--fusion mid"),
        (["--fusion", "se", "--video", "looks"], "without --modalities"),
        (["--missing", "zero", "--video", "looks"], "without --modalities"),
        (["--modalities", "looks,smell", "--inputs", "full"], "smell.h5"),
        (["--preset", "multiway", "--modalities", "looks,audio"], "looks, audio stores regions"),
        (["--preset", "semi-markov", "--modalities", "looks,audio"], "semi-markov"),
    ],
)
def test_impossible_settings_are_one_line(corpus, options, problem):
    result = call("train", corpus.root, *options, code=2)
    assert problem in " ".join(result.output.split())


def test_other_features_may_stand_for_those_of_the_run(corpus):
    call("train", corpus.root, "--modalities", "looks,audio", "--run", "r", *FULL)
    call("align", corpus.root, "--run", "r", "--split", "test", "--video", "looks,audio")
    result = call("align", corpus.root, "--run", "r", "--split", "test", "--video", "looks", code=2)
    assert "must name 2 features" in result.stderr
