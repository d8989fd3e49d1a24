"""The chain of commands on a corpus without films: skipping, resuming, refusing, measuring."""

import json
import shutil

import h5py
import numpy as np
import pytest
import torch

from mmtool.formats.alignments import read_alignment
from mmtool.formats.checkpoints import checkpoint_digest, read_checkpoint
from mmtool.formats.lock import sole_writer
from support.commands import EXTRACT, TRAIN, call, chain
from support.corpora import TEXTS, make_corpus


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    corpus = make_corpus(tmp_path_factory.mktemp("corpus"))
    chain(corpus.root)
    return corpus


@pytest.fixture
def corpus(trained, tmp_path):
    """A copy of the trained corpus that a test may spoil."""
    root = tmp_path / "corpus"
    shutil.copytree(trained.root, root)
    return type(trained)(root)


def test_the_chain_ends_in_measures_beside_baselines_and_upper_bound(corpus):
    call("align", corpus.root, "--run", "r", "--split", "test")
    result = call("evaluate", corpus.root, "--run", "r", "--split", "test", "--json")
    measures = json.loads(result.stdout)["measures"]
    assert list(measures) == [
        "r",
        "all unmatched",
        "uniform",
        "proportional to length",
        "upper bound",
    ]
    assert measures["upper bound"]["video_accuracy"]["value"] == 1.0
    assert measures["upper bound"]["text_iou"]["value"] == 1.0
    assert measures["all unmatched"]["text_iou"]["value"] == 0.0
    assert json.loads(corpus.metrics("r").read_text())["measures"] == measures


def test_an_alignment_says_which_clips_each_snippet_has(corpus):
    call("align", corpus.root, "--run", "r")
    alignment, _ = read_alignment(corpus.alignment("r", "v0"))
    assert [snippet.text for snippet in alignment.snippets] == list(TEXTS)
    assert all(0 <= clip < 6 and 0 <= snippet < 4 for clip, snippet in alignment.matches)
    assert all(0 < confidence <= 1 for confidence in alignment.clip_confidence + alignment.snippet_confidence)
    content = json.loads(corpus.alignment("r", "v0").read_text())
    assert content["decoder"] == "greedy"
    for j, snippet in enumerate(content["snippets"]):
        assert snippet["clips"] == [i for i, clip in enumerate(content["clips"]) if clip["snippet"] == j]


def test_finished_work_is_skipped_and_force_redoes_it(corpus):
    assert "12 unchanged" in call("extract", corpus.root, *EXTRACT).stdout
    assert "12 unchanged" in call("project", corpus.root).stdout
    assert "1 unchanged" in call("train", corpus.root, *TRAIN).stdout
    call("align", corpus.root, "--run", "r")
    assert "6 unchanged" in call("align", corpus.root, "--run", "r").stdout
    assert "6 done" in call("align", corpus.root, "--run", "r", "--force").stdout


def test_changed_clips_are_extracted_again_and_only_they(corpus):
    path = corpus.clips("v0")
    path.write_text(path.read_text().replace("5,9.0,11.0", "5,9.0,10.5"))
    assert "11 unchanged" in call("extract", corpus.root, *EXTRACT).stdout
    with h5py.File(corpus.features("timing")) as file:
        assert file["v0/intervals"][-1, 1] == 10.5


def test_features_of_other_clips_are_refused_by_name(corpus):
    path = corpus.clips("v0")
    path.write_text(path.read_text().replace("5,9.0,11.0", "5,9.0,10.5"))
    result = call("train", corpus.root, *TRAIN, code=2)
    assert "timing.rp.h5" in result.stderr
    assert "'v0'" in result.stderr
    result = call("align", corpus.root, "--run", "r", code=1)
    assert "5 done, 1 failed" in result.stdout


def test_other_settings_never_reuse_a_features_file(corpus):
    call("extract", corpus.root, "--text-encoder", "length", "--text-name", "timing", code=2)
    before = corpus.features("length.rp").read_bytes()
    result = call("project", corpus.root, "--dim", 20, code=2)
    assert "--force" in result.stderr
    assert corpus.features("length.rp").read_bytes() == before
    call("project", corpus.root, "--dim", 20, "--force")


def test_align_takes_raw_or_projected_features_and_gives_the_same(corpus):
    call("align", corpus.root, "--run", "r")
    raw = [read_alignment(corpus.alignment("r", id))[0].matches for id in ("v0", "v5")]
    call("align", corpus.root, "--run", "r", "--video", "timing.rp", "--text", "length.rp", "--force")
    assert [read_alignment(corpus.alignment("r", id))[0].matches for id in ("v0", "v5")] == raw


def test_align_refuses_another_projection_and_another_encoder(corpus):
    call("project", corpus.root, "--seed", 5, "--force")
    result = call("align", corpus.root, "--run", "r", "--video", "timing.rp", code=2)
    assert "seed 5" in result.stderr
    assert "seed 0" in result.stderr
    shutil.copy(corpus.features("length"), corpus.features("other"))
    with h5py.File(corpus.features("other"), "a") as file:
        file.attrs["sources"] = file.attrs["sources"].replace('"length"', '"bert"')
    result = call("align", corpus.root, "--run", "r", "--text", "other", code=2)
    assert "bert" in result.stderr
    assert "length" in result.stderr


def test_a_run_goes_on_and_ends_as_if_never_interrupted(corpus):
    call("train", corpus.root, *TRAIN, "--epochs", 4)
    call("train", corpus.root, *TRAIN, "--run", "whole", "--epochs", 4)
    paths = [corpus.run(run) / "last.pt" for run in ("r", "whole")]
    resumed, whole = map(read_checkpoint, paths)
    assert resumed.epoch == whole.epoch == 4
    for name, tensor in whole.network.items():
        assert torch.equal(tensor, resumed.network[name]), name
    assert checkpoint_digest(paths[0]) == checkpoint_digest(paths[1])  # which alignments record
    lines = (corpus.run("r") / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3, 4]


def test_videos_that_are_aligned_later_get_what_they_would_have_got_with_the_others(corpus):
    call("align", corpus.root, "--run", "r")
    paths = sorted((corpus.root / "alignments" / "r").glob("*.json"))
    before = [path.read_bytes() for path in paths]
    for path in paths[1::2]:
        path.unlink()
    assert f"{len(paths[1::2])} done" in call("align", corpus.root, "--run", "r").stdout
    assert [path.read_bytes() for path in paths] == before


def test_a_run_with_other_settings_or_data_is_refused(corpus):
    result = call("train", corpus.root, *TRAIN, "--learning-rate", 0.1, code=2)
    assert "learning_rate 0.007, not 0.1" in result.stderr
    corpus.annotations("v0").write_text("0\t2\ta short line\n")
    assert "other data" in call("train", corpus.root, *TRAIN, code=2).stderr


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["full-lars-sbn", "full-lars-2ln", "rp-adam-4ln", "no-pretraining"])
def test_presets_train_on_the_features_they_name(corpus, preset):
    call("train", corpus.root, "--preset", preset, "--epochs", 1, "--threads", 1)
    network = read_checkpoint(corpus.run(preset) / "last.pt")
    assert network.settings["inputs"] == preset.split("-")[0] or preset == "no-pretraining"
    call("align", corpus.root, "--run", preset, "--split", "test")


def test_all_five_actions_train_and_align(corpus):
    actions = ("pop-video", "pop-text", "match", "match-retain-text", "match-retain-video")
    options = [part for action in actions for part in ("--action", action)]
    call("train", corpus.root, *TRAIN, "--run", "five", *options)
    call("align", corpus.root, "--run", "five")


@pytest.mark.slow
def test_joined_features_train(corpus):
    call("extract", corpus.root, "--text-encoder", "length", "--text-name", "again")
    call("project", corpus.root, "--video", "timing", "--text", "length+again")
    call(
        "train", corpus.root, "--run", "joined", "--epochs", 1, "--video", "timing", "--text", "length+again"
    )
    call("align", corpus.root, "--run", "joined")


def test_info_describes_every_kind_of_file(corpus):
    call("align", corpus.root, "--run", "r")
    call("evaluate", corpus.root, "--run", "r")
    for path, word in [
        (corpus.root, "corpus folder"),
        (corpus.clips("v0"), "clips"),
        (corpus.snippets("v0"), "snippets"),
        (corpus.annotations("v0"), "annotations"),
        (corpus.features("timing"), "video features"),
        (corpus.features("length.rp"), "achlioptas, dimension 300, seed 0"),
        (corpus.run("r") / "last.pt", "checkpoint"),
        (corpus.run("r") / "config.json", "run"),
        (corpus.alignment("r", "v0"), "alignment"),
        (corpus.metrics("r"), "evaluation"),
    ]:
        assert word in call("info", path).stdout, path
        assert json.loads(call("info", path, "--json").stdout)


def test_projection_is_fitted_on_the_training_split_alone(corpus):
    with h5py.File(corpus.features("timing.rp")) as file:
        train = np.concatenate([file[id]["features"][:] for id in ("v0", "v1", "v2")])
        test = np.concatenate([file[id]["features"][:] for id in ("v4", "v5")])
    moving = train.std(axis=0) > 1e-6
    np.testing.assert_allclose(train[:, moving].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(train[:, moving].std(axis=0), 1, atol=1e-5)
    assert np.abs(test[:, moving].mean(axis=0)).max() > 0.01


def test_a_run_that_is_being_trained_is_not_trained_by_another_call(corpus):
    with sole_writer(corpus.run("r")):
        error = call("train", corpus.root, *TRAIN, "--epochs", "4", code=2).stderr
    assert "runs/r: another process is writing it" in error
    call("train", corpus.root, *TRAIN, "--epochs", "4")
