"""What training records beside the loss: ratios, drift, training measures; in JSON lines and event files."""

import copy
import json
import math
import shutil
import struct
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import RecordWriter
from torch import nn

from mmtool.alignment.network.actions import ActionSet
from mmtool.alignment.network.batch import NO_ACTION
from mmtool.alignment.network.model import AlignmentNetwork, NetworkShape
from mmtool.choices import Normalisation
from mmtool.errors import CallError
from mmtool.formats.events import EventLog
from mmtool.formats.metrics import first_damaged_line, read_history
from mmtool.settings.train import TrainSettings
from mmtool.training.loop import TrainingState
from mmtool.training.network_task import fit_network
from mmtool.training.rates import make_optimizer
from mmtool.training.samples import cut_samples, epoch_batches
from support.commands import TRAIN, call, complaint
from support.corpora import copy_of

COMPONENTS = {  # name → beginnings of its parameters' names
    "video_stack": ("video_stack.",),
    "text_stack": ("text_stack.",),
    "action_and_matched_stacks": ("action_stack.", "matched_stack."),
    "classifier": ("classifier.",),
}
STILL = TrainSettings(epochs=1, batch_size=2, learning_rate=1e-30)  # no weight moves


def make_samples():
    """Three sequences of unequal length; actions are 0 Pop-Video, 1 Pop-Text, 2 Match-Retain-Text."""
    rng, samples = np.random.default_rng(0), []
    for gold, clips, snippets in [((2, 2, 1, 2), 4, 2), ((1, 0, 1, 2), 3, 3), ((0, 2, 1, 2, 0), 6, 4)]:
        features = [rng.standard_normal((size, 300)).astype(np.float32) for size in (clips, snippets)]
        actions = ActionSet(TrainSettings().actions)
        samples += cut_samples("v", *features, np.array(gold), action_set=actions, max_actions=9)
    return samples


def make_network(**shape):
    torch.manual_seed(0)
    return AlignmentNetwork(NetworkShape(300, 300, 3, **shape))


def train(network, settings, **options):
    return list(fit_network(network, make_samples(), settings, state=TrainingState(), **options))


def norm(tensors):
    return math.sqrt(sum(float((tensor.double() ** 2).sum()) for tensor in tensors))


def test_ratios_are_those_of_a_literal_loop_which_ends_with_the_same_weights():
    """Two batches; clipping to a small norm, so that a gradient seen after it would show."""
    settings = TrainSettings(epochs=1, batch_size=2, clip_norm=1e-3)
    network = make_network()
    literal = copy.deepcopy(network)
    [record] = train(network, settings)

    optimizer, gradients = make_optimizer(literal, settings), {name: [] for name in COMPONENTS}
    literal.train()
    for batch in epoch_batches(make_samples(), batch_size=2, seed=0, epoch=1):
        logits = literal(batch.clips, batch.snippets, batch.traces).flatten(0, 1)
        optimizer.zero_grad()
        nn.functional.cross_entropy(
            logits, batch.traces.actions.flatten(), ignore_index=NO_ACTION, label_smoothing=0.03
        ).backward()
        for name, beginnings in COMPONENTS.items():
            own = [p.grad for key, p in literal.named_parameters() if key.startswith(beginnings)]
            gradients[name].append(norm(own))
        nn.utils.clip_grad_norm_(literal.parameters(), 1e-3)
        optimizer.step()

    assert len(gradients["classifier"]) == 2
    assert record.diagnostics.ratios.keys() == COMPONENTS.keys()
    for name, beginnings in COMPONENTS.items():
        weights = norm(p.detach() for key, p in literal.named_parameters() if key.startswith(beginnings))
        expected = weights / (sum(gradients[name]) / 2)
        assert record.diagnostics.ratios[name] == pytest.approx(expected, rel=1e-4), name
    for key, tensor in literal.state_dict().items():
        assert torch.equal(network.state_dict()[key], tensor), key


@pytest.mark.parametrize("normalisation", [Normalisation.SBN, Normalisation.NONE])
def test_drift_is_that_of_all_real_elements(normalisation):
    network = make_network(normalisation=normalisation)
    [record] = train(network, STILL)
    outputs = {"video_stack": [], "text_stack": []}
    network.train()
    with torch.no_grad():
        for batch in epoch_batches(make_samples(), batch_size=2, seed=0, epoch=1):
            read = {
                "video_stack": (network.read_clips, batch.clips),
                "text_stack": (network.read_snippets, batch.snippets),
            }
            for stack, (reader, sequences) in read.items():
                for row, length in zip(reader(sequences), sequences.lengths, strict=True):
                    outputs[stack] += row[:length, :50].tolist()
    assert [len(elements) for elements in outputs.values()] == [3 + 2 + 4, 2 + 3 + 2]
    for stack, elements in outputs.items():
        means, variances = record.diagnostics.means[stack], record.diagnostics.variances[stack]
        assert len(means) == len(variances) == 50
        np.testing.assert_allclose(means, np.mean(elements, axis=0), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(variances, np.var(elements, axis=0), rtol=1e-4, atol=1e-6)


def test_a_component_without_gradient_has_no_ratio():
    network = make_network()
    network.classifier.requires_grad_(False)
    [record] = train(network, STILL)
    assert record.diagnostics.ratios["classifier"] is None
    assert record.diagnostics.ratios["video_stack"] > 0


def test_six_significant_digits_are_kept():
    [record] = train(make_network(), STILL)
    parts = asdict(record.diagnostics)
    numbers = [*parts["ratios"].values(), *parts["means"]["video_stack"], *parts["variances"]["text_stack"]]
    assert len(numbers) == 104
    assert all(number == float(f"{number:.6g}") for number in numbers)


def test_nothing_watches_the_network_after_an_epoch():
    network = make_network()
    train(network, STILL)
    assert not network.video_stack._forward_hooks
    assert not network.text_stack._forward_hooks


@pytest.mark.parametrize(
    ("every", "expected"),
    [(0, [None] * 5), (1, [1, 2, 3, 4, 5]), (2, [None, 1, None, 2, 3])],
)
def test_training_videos_are_measured_every_few_epochs_and_at_the_end(every, expected):
    calls = []

    def measure(_):
        calls.append(None)
        return float(len(calls)), 0.0

    settings = TrainSettings(epochs=5, train_measures_every=every)
    records = train(make_network(), settings, measure_training=measure)
    assert [record.train_video_accuracy for record in records] == expected
    assert [record.video_accuracy for record in records] == [None] * 5


# The files of a run


def read_events(folder):
    """All records of the only event file: 8 bytes of length, 4 of check sum, the event, 4 of check sum."""
    [path] = folder.glob("*tfevents*")
    content, events = path.read_bytes(), []
    while content:
        [length] = struct.unpack("<Q", content[:8])
        events.append(Event.FromString(content[12 : 12 + length]))
        content = content[12 + length + 4 :]
    return events


def steps(folder):
    return [event.step for event in read_events(folder) if event.HasField("summary")]


@pytest.fixture
def corpus(chained, tmp_path):
    """With the run r of two epochs."""
    return copy_of(chained, tmp_path / "corpus")


def epochs_of(corpus, run):
    return [json.loads(line) for line in corpus.history(run).read_text().splitlines()]


def test_event_files_say_what_the_history_says(corpus):
    first, second, *epochs = read_events(corpus.run("r") / "events")
    assert first.file_version == "brain.Event:2"
    assert second.session_log.status == second.session_log.START
    assert [event.step for event in epochs] == [1, 2]
    for event, epoch in zip(epochs, epochs_of(corpus, "r"), strict=True):
        values = {value.tag: value for value in event.summary.value}
        assert values["loss"].simple_value == pytest.approx(epoch["loss"])
        ratios = epoch["diagnostics"]["ratios"]
        assert ratios.keys() == COMPONENTS.keys()
        for name, ratio in ratios.items():
            assert values[f"diagnostics/ratios/{name}"].simple_value == pytest.approx(ratio)
        drift = values["diagnostics/means/video_stack"].histo
        assert drift.num == sum(drift.bucket) == 50
        assert drift.max == max(epoch["diagnostics"]["means"]["video_stack"])
        assert "epoch" not in values
        assert "train_text_iou" not in values  # not measured


def test_a_resumed_run_has_every_epoch_once(corpus):
    call("train", corpus.root, *TRAIN, "--epochs", 4)
    assert [epoch["epoch"] for epoch in epochs_of(corpus, "r")] == [1, 2, 3, 4]
    assert steps(corpus.run("r") / "events") == [1, 2, 3, 4]


def test_epochs_after_the_checkpoint_of_a_killed_run_are_forgotten(corpus):
    """Killed after epoch 3 was recorded and before its checkpoint, in the middle of a line."""
    history, events = corpus.history("r"), corpus.run("r") / "events"
    third = epochs_of(corpus, "r")[1] | {"epoch": 3, "loss": 99.0}
    EventLog(events, [*epochs_of(corpus, "r")]).append(third)
    assert steps(events) == [1, 2, 3]
    history.write_text(history.read_text() + json.dumps(third) + '\n{"epoch": 4, "lo')
    (events / "events.out.tfevents.1").write_bytes(b"cut short")  # killed while the log was started
    call("train", corpus.root, *TRAIN, "--epochs", 3)
    assert [epoch["epoch"] for epoch in epochs_of(corpus, "r")] == [1, 2, 3]
    assert steps(events) == [1, 2, 3]
    assert epochs_of(corpus, "r")[2]["loss"] < 99
    assert len(list(events.iterdir())) == 1


def test_a_finished_run_keeps_its_event_file(corpus):
    [before] = (corpus.run("r") / "events").iterdir()
    content = before.read_bytes()
    assert "1 unchanged" in call("train", corpus.root, *TRAIN).stdout
    assert before.read_bytes() == content


def test_events_that_cannot_be_written_are_one_line(corpus):
    shutil.rmtree(corpus.run("r") / "events")
    (corpus.run("r") / "events").write_text("a file where the folder should be")
    line = complaint(call("train", corpus.root, *TRAIN, "--epochs", 3, code=2), "events")
    assert "could not be written" in line


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full disk to write to")
def test_a_full_disk_stops_the_event_log_instead_of_hanging(tmp_path, monkeypatch):
    monkeypatch.setattr("mmtool.formats.events.RecordWriter", lambda _: RecordWriter("/dev/full"))
    with pytest.raises(CallError, match=r"No space left.*make room"):
        EventLog(tmp_path, []).append({"epoch": 1, "loss": 0.5})


def test_training_measures_are_those_of_aligning_the_training_split(corpus):
    call("train", corpus.root, *TRAIN, "--epochs", 4, "--train-measures-every", 4)  # may change on the way
    assert [epoch["train_text_iou"] is None for epoch in epochs_of(corpus, "r")] == [True, True, True, False]
    call("align", corpus.root, "--run", "r", "--split", "train", "--checkpoint", "last")
    result = call("evaluate", corpus.root, "--run", "r", "--split", "train", "--json")
    measures = json.loads(result.stdout)["measures"]["r"]
    last = epochs_of(corpus, "r")[-1]
    assert last["train_video_accuracy"] == pytest.approx(measures["video_accuracy"]["value"])
    assert last["train_text_iou"] == pytest.approx(measures["text_iou"]["value"])


@pytest.mark.slow
def test_two_processes_record_what_one_records(corpus):
    """Batches of 4 of the three samples: one process has two of them, the other one."""
    options = ["--epochs", "1", "--batch-size", "4", "--threads", "1"]
    call("train", corpus.root, "--run", "alone", *options)
    torchrun = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "mmtool", "--"]
    command = [sys.executable, "-m", *torchrun, "train", str(corpus.root), "--run", "together", *options]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    [alone], [together] = (epochs_of(corpus, run) for run in ("alone", "together"))
    for part, values in alone["diagnostics"].items():
        for name, expected in values.items():
            got = together["diagnostics"][part][name]
            assert got == pytest.approx(expected, rel=1e-3, abs=1e-5), (part, name)
    assert steps(corpus.run("together") / "events") == [1]


def test_the_json_result_of_training_leaves_the_diagnostics_to_the_files(corpus):
    result = json.loads(call("train", corpus.root, *TRAIN, "--epochs", 3, "--json").stdout)
    assert result["last_epoch"]["epoch"] == 3
    assert "diagnostics" not in result["last_epoch"]


def test_a_negative_interval_is_refused(corpus):
    result = call("train", corpus.root, *TRAIN, "--train-measures-every", -1, code=2)
    assert "at least 0" in complaint(result, "--train-measures-every")


@pytest.mark.parametrize("line", ['{"epoch": 2, "lo', "[2]", '{"loss": 1}', '{"epoch": "two"}', "\x00\xff"])
def test_the_first_damaged_line_of_a_history_is_known(tmp_path, line):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"epoch": 1}\n' + line.encode("latin-1") + b'\n{"epoch": 3}\n')
    assert read_history(path) == [{"epoch": 1}]
    assert first_damaged_line(path) == 2
    path.write_text('{"epoch": 1}\n')
    assert first_damaged_line(path) is None
