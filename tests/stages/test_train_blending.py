"""train --blend through the commands: weights in metrics and info, resuming, kills during an estimate."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from mmtool.choices import Split
from mmtool.formats.blends import read_blend
from mmtool.formats.checkpoints import read_checkpoint
from mmtool.formats.corpus import Corpus
from mmtool.formats.metrics import read_history
from support.commands import call, complaint
from support.corpora import make_corpus
from support.several_sources import write_clip_features, write_snippet_features

BRANCHES = ["looks", "audio", "joint"]
BLEND = ["--modalities", "looks,audio", "--inputs", "full", "--threads", 1]
ONLINE = [*BLEND, "--blend", "online", "--blend-epochs", 1, "--blend-folds", 2]


@pytest.fixture
def corpus(tmp_path) -> Corpus:
    """Five training films and one to test."""
    corpus = make_corpus(tmp_path, train=5, val=0, test=1)
    corpus.split(Split.VAL).unlink()
    write_clip_features(corpus, "looks", 5)
    write_clip_features(corpus, "audio", 4)
    write_snippet_features(corpus, "words", 6)
    return corpus


def result(corpus: Corpus, run: str):
    """The weights of the network, and the epochs without what depends on the clock."""
    epochs = [{k: v for k, v in epoch.items() if k != "seconds"} for epoch in history(corpus, run)]
    return read_checkpoint(corpus.run(run) / "last.pt").network, epochs


def history(corpus: Corpus, run: str):
    return read_history(corpus.run(run) / "metrics.jsonl")


def test_weights_stand_in_the_metrics_and_info_and_a_continued_run_ends_the_same(corpus):
    told = json.loads(call("train", corpus.root, *ONLINE, "--run", "r", "--epochs", 2, "--json").stdout)
    assert told["cost"] == pytest.approx(1 + 3 * 2 * 0.5)
    changes, estimates = read_blend(corpus.run("r") / "blend.json")
    assert len(changes) == 12 + 2 * bool(estimates[0].left_out)
    assert [estimate.epoch for estimate in estimates] == [1, 2]
    for epoch, estimate in zip(history(corpus, "r"), estimates, strict=True):
        assert list(epoch["blend"]) == BRANCHES
        assert sum(branch["weight"] for branch in epoch["blend"].values()) == pytest.approx(1)
        for name, branch in epoch["blend"].items():
            assert branch == {
                "weight": estimate.branches[name].weight,
                "gain": estimate.branches[name].gain,
                "overfitting": estimate.branches[name].overfitting,
            }
    shown = call("info", corpus.run("r")).output
    assert "weights from epoch 1" in shown
    assert "joint" in shown
    call("train", corpus.root, *ONLINE, "--run", "s", "--epochs", 1)
    call("train", corpus.root, *ONLINE, "--run", "s", "--epochs", 2)
    whole, parts = result(corpus, "r"), result(corpus, "s")
    assert parts[1] == whole[1]
    assert all(torch.equal(parts[0][name], whole[0][name]) for name in whole[0])


def test_a_blended_run_aligns_by_all_modalities(corpus):
    call("train", corpus.root, *BLEND, "--blend", "1,0,3", "--run", "r", "--epochs", 1)
    [epoch] = history(corpus, "r")
    assert [branch["weight"] for branch in epoch["blend"].values()] == [0.25, 0.0, 0.75]
    assert epoch["blend"]["looks"]["gain"] is None
    call("align", corpus.root, "--run", "r", "--split", "test")


def test_too_few_films_are_told_what_is_needed(corpus):
    options = [*BLEND, "--blend", "offline", "--epochs", 1]
    line = complaint(call("train", corpus.root, *options, code=2), "--blend")
    assert "at least 6 annotated training films, but there are 5" in line
    assert not (corpus.root / "runs").exists()


def test_a_damaged_file_of_weights_is_named(corpus):
    call("train", corpus.root, *ONLINE, "--run", "r", "--epochs", 1)
    path = corpus.run("r") / "blend.json"
    path.write_text("{}")
    complaint(call("train", corpus.root, *ONLINE, "--run", "r", "--epochs", 2, code=2), "blend.json")
    complaint(call("info", corpus.run("r"), code=2), "blend.json")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--video", "looks", "--blend", "offline"], "at least two modalities"),
        ([*BLEND, "--blend", "0,0,0"], "positive sum"),
        ([*BLEND, "--blend", "1,1"], "3 weights"),
        ([*BLEND, "--blend", "auto"], "none, offline, online"),
        ([*BLEND, "--blend-folds", "4"], "--blend none"),
        ([*BLEND, "--blend", "1,1,1", "--blend-fraction", "0.5"], "--blend 1,1,1"),
    ],
)
def test_impossible_blends_are_one_line(corpus, options, problem):
    assert problem in complaint(call("train", corpus.root, *options, code=2), "--blend")


@pytest.mark.slow
@pytest.mark.parametrize("copies", [2, 8])
def test_a_run_killed_in_the_middle_of_an_estimate_ends_the_same(corpus, copies):
    """Six copies an estimate: killed in the first one, and in the one before the second epoch."""
    call("train", corpus.root, *ONLINE, "--run", "whole", "--epochs", 2)
    command = [sys.executable, "-m", "mmtool", "train", corpus.root, *ONLINE, "--run", "killed"]
    process = subprocess.Popen(
        [str(part) for part in (*command, "--epochs", 2)],
        env=os.environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    path, deadline = corpus.run("killed") / "blend.json", time.monotonic() + 300
    while process.poll() is None and time.monotonic() < deadline:
        if path.exists() and len(read_blend(path)[0]) >= copies:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.002)
    assert process.wait() == -signal.SIGKILL
    assert len(read_blend(path)[0]) < 12
    call("train", corpus.root, *ONLINE, "--run", "killed", "--epochs", 2)
    whole, killed = result(corpus, "whole"), result(corpus, "killed")
    assert killed[1] == whole[1]
    assert all(torch.equal(killed[0][name], whole[0][name]) for name in whole[0])
    assert (corpus.run("killed") / "blend.json").read_text() == (
        corpus.run("whole") / "blend.json"
    ).read_text()
