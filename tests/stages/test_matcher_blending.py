"""train --preset multiway --blend through the commands: weights in metrics and info, OGR, kills."""

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
from mmtool.formats.corpus import Corpus
from mmtool.formats.matcher_checkpoints import read_matcher_checkpoint
from mmtool.formats.metrics import read_history
from support.commands import call, complaint
from support.corpora import make_corpus
from support.several_sources import write_clip_features

BRANCHES = ["looks", "audio", "joint"]
MULTIWAY = ["--preset", "multiway", "--clip-tokens", "clip", "--threads", 1, "--device", "cpu"]
BLEND = [*MULTIWAY, "--modalities", "looks,audio", "--batch-size", 8]
ONLINE = [*BLEND, "--blend", "online", "--blend-epochs", 1, "--blend-folds", 2]


def make(folder, *, val=1) -> Corpus:
    """Four training films and, if asked for, one to validate."""
    corpus = make_corpus(folder, train=4, val=val, test=0)
    if not val:
        corpus.split(Split.VAL).unlink()
    write_clip_features(corpus, "looks", 5)
    write_clip_features(corpus, "audio", 4)
    return corpus


def result(corpus: Corpus, run: str):
    """The weights of the network, and the epochs without what depends on the clock."""
    epochs = read_history(corpus.run(run) / "metrics.jsonl")
    told = [{name: value for name, value in epoch.items() if name != "seconds"} for epoch in epochs]
    return read_matcher_checkpoint(corpus.run(run) / "last.pt").network, told


def test_weights_and_losses_of_branches_stand_in_metrics_info_and_plots(tmp_path):
    corpus = make(tmp_path)
    told = json.loads(call("train", corpus.root, *ONLINE, "--run", "r", "--epochs", 1, "--json").stdout)
    assert told["cost"] == pytest.approx(1 + 3 * 2 * 0.5)
    changes, estimates = read_blend(corpus.run("r") / "blend.json")
    assert [estimate.epoch for estimate in estimates] == [1]
    assert len(changes) == 6 + 2 * bool(estimates[0].left_out)
    network, epochs = result(corpus, "r")
    for epoch, estimate in zip(epochs, estimates, strict=True):
        assert list(epoch["blend"]) == list(epoch["losses"]) == BRANCHES
        assert {name: branch["weight"] for name, branch in epoch["blend"].items()} == {
            name: branch.weight for name, branch in estimate.branches.items()
        }
        assert epoch["loss"] == pytest.approx(epoch["contrastive_loss"] + epoch["matching_loss"], rel=1e-6)
    assert {name.split(".")[1] for name in network if name.startswith("branches.")} == {"0", "1"}
    shown = call("info", corpus.run("r")).output
    assert "weights from epoch 1" in shown
    assert "joint" in shown
    plotted = call("plot", corpus.root, "--run", "r", "--what", "ogr", "--output", tmp_path / "plots")
    assert all(branch in plotted.output for branch in BRANCHES)


def test_impossible_blends_are_one_line(tmp_path):
    corpus = make(tmp_path, val=0)
    for options, problem in (
        ([*MULTIWAY, "--video", "looks", "--blend", "offline"], "at least two modalities"),
        ([*BLEND, "--blend", "1,1"], "3 weights"),
        ([*BLEND, "--blend-folds", "4"], "--blend none"),
        ([*BLEND, "--blend", "offline"], "at least 6 annotated training films, but there are 4"),
    ):
        assert problem in complaint(call("train", corpus.root, *options, code=2), "--blend")
    assert not (corpus.root / "runs").exists()


@pytest.mark.slow
@pytest.mark.parametrize("copies", [2, 10])
def test_a_run_killed_in_the_middle_of_an_estimate_ends_the_same(tmp_path, copies):
    """Six copies an estimate, or eight: killed in the first one, and in the one before the second epoch."""
    corpus = make(tmp_path, val=0)
    options = [str(part) for part in (corpus.root, *ONLINE, "--epochs", 2)]
    call("train", *options, "--run", "whole")
    process = subprocess.Popen(
        [sys.executable, "-m", "mmtool", "train", *options, "--run", "killed"],
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
    assert len(read_blend(path)[0]) < len(read_blend(corpus.run("whole") / "blend.json")[0])
    call("train", *options, "--run", "killed")
    whole, killed = result(corpus, "whole"), result(corpus, "killed")
    assert killed[1] == whole[1]
    assert all(torch.equal(killed[0][name], whole[0][name]) for name in whole[0])
    for name in ("blend.json", "metrics.jsonl"):
        assert (corpus.run("killed") / name).exists()
