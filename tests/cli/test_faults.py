"""Training that is killed, that runs in several processes, whose loss is not finite, whose disk is full."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from mmtool.formats.checkpoints import read_checkpoint
from mmtool.formats.feature_checks import DIGEST
from mmtool.stages.shared.devices import multiplies_bf16
from support.commands import call
from support.corpora import make_corpus

EPOCHS = 30
TRAIN = ["--epochs", str(EPOCHS), "--threads", "1", "--batch-size", "2", "--dropout", "0.1"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    corpus = make_corpus(tmp_path_factory.mktemp("corpus"), train=5)
    call("extract", corpus.root, "--video-encoder", "timing", "--text-encoder", "length")
    call("project", corpus.root)
    return corpus


def start(*command: object) -> subprocess.Popen[bytes]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", *[str(part) for part in command]],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def epochs_of(run: Path) -> int:
    path = run / "metrics.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


MORTAL = """
import os, runpy, signal, sys, time
from pathlib import Path
from threading import Thread

def die(history, epochs):
    while not history.exists() or len(history.read_text().splitlines()) < epochs:
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGKILL)

Thread(target=die, args=(Path(sys.argv[1]), int(sys.argv[2])), daemon=True).start()
sys.argv[1:] = sys.argv[3:]
runpy.run_module("mmtool", run_name="__main__", alter_sys=True)
"""  # a thread, because another process may come too late on a busy machine


@pytest.mark.slow
def test_killed_anywhere_it_ends_with_the_same_weights(corpus, tmp_path):
    call("train", corpus.root, "--run", "whole", *TRAIN)
    program = tmp_path / "mortal.py"
    program.write_text(MORTAL)
    history = corpus.run("killed") / "metrics.jsonl"
    for moment in (
        1,
        4,
        11,
    ):  # killed once the history has so many epochs: also while a checkpoint is written
        command = [sys.executable, program, history, str(moment), "train", corpus.root, "--run", "killed"]
        training = subprocess.run([*command, *TRAIN], capture_output=True, check=False)
        assert training.returncode == -signal.SIGKILL, training.stderr.decode()
        assert moment <= epochs_of(corpus.run("killed")) < EPOCHS
    call("train", corpus.root, "--run", "killed", *TRAIN)
    whole, killed = (read_checkpoint(corpus.run(run) / "last.pt") for run in ("whole", "killed"))
    for name, tensor in whole.network.items():
        assert torch.equal(tensor, killed.network[name]), name
    lines = [json.loads(line) for line in (corpus.run("killed") / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, EPOCHS + 1))
    assert not list(corpus.run("killed").glob(".*part*"))


@pytest.mark.slow
def test_two_processes_train_as_one_with_the_same_batch(corpus):
    options = ["--epochs", "1", "--batch-size", "4", "--threads", "1"]
    call("train", corpus.root, "--run", "alone", *options)
    torchrun = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    together = start(*torchrun, "-m", "mmtool", "--", "train", corpus.root, "--run", "together", *options)
    _, errors = together.communicate(timeout=600)
    assert together.returncode == 0, errors.decode()
    alone, both = (read_checkpoint(corpus.run(run) / "last.pt") for run in ("alone", "together"))
    for name, tensor in alone.network.items():
        torch.testing.assert_close(both.network[name], tensor, atol=1e-4, rtol=0, msg=name)
    losses = [
        json.loads((corpus.run(run) / "metrics.jsonl").read_text())["loss"] for run in ("alone", "together")
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


def test_a_loss_that_is_not_finite_names_epoch_batch_and_ids(corpus):
    options = ["--run", "wild", "--optimizer", "adam", "--learning-rate", 1e30, "--epochs", 5]
    result = call("train", corpus.root, *options, code=2)
    assert "batch 1" in result.stderr
    assert "v0" in result.stderr


def test_a_full_disk_leaves_the_earlier_checkpoint(corpus, monkeypatch):
    call("train", corpus.root, "--run", "full", "--epochs", 1, "--threads", 1)
    before = (corpus.run("full") / "last.pt").read_bytes()

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mmtool.formats.atomic.os.fsync", no_room)
    result = call("train", corpus.root, "--run", "full", "--epochs", 2, "--threads", 1, code=2)
    assert "No space left on device" in result.stderr
    monkeypatch.undo()
    assert (corpus.run("full") / "last.pt").read_bytes() == before
    call("train", corpus.root, "--run", "full", "--epochs", 2, "--threads", 1)
    assert read_checkpoint(corpus.run("full") / "last.pt").epoch == 2


@pytest.mark.skipif(not multiplies_bf16(torch.device("cpu")), reason="this processor has no bf16")
def test_bf16_trains_with_weights_in_fp32(corpus):
    call("train", corpus.root, "--run", "half", "--epochs", 2, "--threads", 1, "--precision", "bf16")
    checkpoint = read_checkpoint(corpus.run("half") / "last.pt")
    assert all(t.dtype == torch.float32 for t in checkpoint.network.values() if t.is_floating_point())
    call("align", corpus.root, "--run", "half")


def test_processors_without_bf16_are_named(corpus, monkeypatch):
    monkeypatch.setattr("mmtool.stages.train.network.multiplies_bf16", lambda _: False)
    refused = call("train", corpus.root, "--run", "old", "--precision", "bf16", code=2).stderr
    assert "--precision bf16 is not supported by this processor" in refused
    assert not corpus.run("old").exists()

    monkeypatch.setattr("mmtool.stages.extract.stage.multiplies_bf16", lambda _: False)
    options = ["--text-encoder", "length", "--text-name", "old"]
    assert "fp32 is faster" in call("extract", corpus.root, *options, "--precision", "bf16").output
    assert "fp32 is faster" not in call("extract", corpus.root, *options).output
    corpus.features("old").unlink()


def test_features_that_are_not_finite_are_refused_before_training(corpus):
    """As another program may write them, without a checksum."""
    path = corpus.features("timing.rp")
    original = path.read_bytes()
    with h5py.File(path, "a") as file:
        file["v0/features"][0, 0] = np.nan
        del file["v0"].attrs[DIGEST]
    try:
        assert "not finite" in call("train", corpus.root, "--run", "nan", *TRAIN, code=2).stderr
    finally:
        path.write_bytes(original)
