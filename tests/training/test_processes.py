"""Processes that train together: devices before collectives, statistics in fp32, and what is refused."""

import copy

import numpy as np
import pytest
import torch
from torch import distributed

from mmtool.alignment.network.actions import ONE_TO_MANY, ActionSet
from mmtool.alignment.network.batch_norm import SequenceBatchNorm
from mmtool.alignment.network.model import AlignmentNetwork, NetworkShape
from mmtool.choices import Precision
from mmtool.errors import SettingError
from mmtool.settings.train import TrainSettings
from mmtool.stages.shared.devices import resolve_device
from mmtool.training.loop import TrainingState
from mmtool.training.network_task import fit_network
from mmtool.training.processes import joined_processes
from mmtool.training.samples import cut_samples
from support.pretended_gpus import pretend_gpus
from support.together import environment, train_together

# A machine with two GPUs, as torchrun's processes see it


@pytest.fixture
def two_gpus(monkeypatch):
    """What is called, in its order, by a process of torchrun on a machine that claims to have two GPUs."""
    called = []
    pretend_gpus(monkeypatch, (8, 0), (8, 0))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"H{device.index}00")
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: called.append(f"set {device}"))
    monkeypatch.setattr(
        distributed, "init_process_group", lambda backend, **_: called.append(f"join by {backend}")
    )
    monkeypatch.setattr(distributed, "barrier", lambda: called.append("wait"))
    monkeypatch.setattr(distributed, "destroy_process_group", lambda: called.append("leave"))
    tensor = torch.tensor

    def tensor_on_cpu(values, *, device, **options):
        called.append(f"tensor on {device}")
        return tensor(values, **options)

    monkeypatch.setattr(torch, "tensor", tensor_on_cpu)
    monkeypatch.setattr(distributed, "broadcast", lambda *_, **__: called.append("broadcast"))
    return called


class SharedStore(dict):
    """What the processes tell each other before they join; ``kinds`` says what others do, by rank."""

    def __init__(self, kinds):
        self.kinds = kinds

    def set(self, key, value):
        self[key] = value

    def get(self, key):
        return self.kinds.get(key[-1], next(iter(self.values()))).encode()


def join(monkeypatch, rank, device, *, kinds=None):
    for name, value in environment(rank, 2).items():
        monkeypatch.setenv(name, value)
    store = SharedStore(kinds or {})
    monkeypatch.setattr(distributed, "rendezvous", lambda _: iter([(store, rank, 2)]))
    with joined_processes(resolve_device(device)) as processes:
        assert processes.agree([3.0]) == [3.0]
        return processes


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_each_process_sets_its_gpu_before_the_first_collective(two_gpus, monkeypatch, rank, device):
    join(monkeypatch, rank, device)
    assert two_gpus == [
        f"set cuda:{rank}",
        "join by nccl",
        f"tensor on cuda:{rank}",
        "broadcast",
        "wait",
        "leave",
    ]


def test_on_cpus_gloo_joins_also_where_there_are_gpus(two_gpus, monkeypatch):
    join(monkeypatch, 1, "cpu")
    assert two_gpus == ["join by gloo", "tensor on cpu", "broadcast", "wait", "leave"]


def test_a_process_without_a_gpu_is_refused(two_gpus, monkeypatch):
    with pytest.raises(SettingError) as caught:
        join(monkeypatch, 2, "auto")
    assert str(caught.value) == (
        "device is auto, but this machine has 2 GPUs, cuda:0 to cuda:1, and none for process 2 of torchrun; "
        "start 2 or fewer processes on a machine, or use cpu"
    )
    with pytest.raises(SettingError, match="device is cuda:1 for all 2 processes of torchrun; use cuda"):
        join(monkeypatch, 1, "cuda:1")
    assert two_gpus == []


def test_processes_with_and_without_gpus_are_refused_instead_of_waiting_forever(two_gpus, monkeypatch):
    with pytest.raises(SettingError, match="there is no GPU for process 1; use cpu"):
        join(monkeypatch, 0, "auto", kinds={"0": "H000", "1": "cpu"})
    assert two_gpus == ["set cuda:0"]


def test_gpus_of_different_kinds_are_noted(two_gpus, monkeypatch):
    assert join(monkeypatch, 0, "auto").mixture == ""
    assert join(monkeypatch, 0, "auto", kinds={"0": "H000", "1": "V100"}).mixture == (
        "the processes train on GPUs of different kinds (H000, V100); the slowest sets the pace"
    )


# bf16


def samples_and_network():
    rng, samples = np.random.default_rng(0), []
    for number, gold in enumerate(([2, 2, 1, 2], [1, 0, 2], [0, 2, 1, 2])):
        features = [rng.standard_normal((size, 300)).astype(np.float32) for size in (3, 2)]
        samples += cut_samples(
            f"v{number}", *features, np.array(gold), action_set=ActionSet(ONE_TO_MANY), max_actions=9
        )
    torch.manual_seed(0)
    return samples, AlignmentNetwork(NetworkShape(300, 300, 3))


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "tolerance"), [(Precision.FP32, 1e-4), (Precision.BF16, 1e-2)])
def test_two_processes_with_sbn_equal_one(tmp_path, precision, tolerance):
    """Of the batch of three samples, one process has two, the other one."""
    samples, network = samples_and_network()
    settings = TrainSettings(epochs=2, batch_size=3, precision=precision)
    alone = copy.deepcopy(network)
    losses = [record.loss for record in fit_network(alone, samples, settings, state=TrainingState())]
    first, second = train_together(2, network, samples, settings, tmp_path)
    assert first["losses"] == second["losses"] == pytest.approx(losses, rel=tolerance)
    for name, expected in alone.state_dict().items():
        assert first["weights"][name].dtype == expected.dtype
        assert torch.equal(first["weights"][name], second["weights"][name]), name
        torch.testing.assert_close(first["weights"][name], expected, atol=tolerance, rtol=tolerance)


@pytest.fixture
def one_process_group():
    """A group of one process: statistics take the path of several."""
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def test_the_statistics_of_bf16_elements_are_those_of_fp32(one_process_group):
    """2,500 has no bf16 of its own: it is rounded to 2,496."""
    elements = torch.randn(25, 100, 4, generator=torch.Generator().manual_seed(0)).bfloat16() + 3
    mask = torch.ones(25, 100, dtype=torch.bool)
    norm, expected = SequenceBatchNorm(4).train(), torch.nn.BatchNorm1d(4)
    with torch.autocast("cpu", torch.bfloat16):
        normalised = norm(elements, mask)
    assert normalised.dtype == torch.bfloat16
    wanted = expected(elements.float().flatten(0, 1))
    torch.testing.assert_close(norm.norm.running_mean, expected.running_mean, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(norm.norm.running_var, expected.running_var, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(normalised.flatten(0, 1).float(), wanted, atol=2e-2, rtol=0)


def test_one_real_element_of_bf16_is_normalised():
    norm, mask = SequenceBatchNorm(4).train(), torch.tensor([[True, False]])
    with torch.no_grad():
        norm.norm.bias.copy_(torch.arange(4.0))
    with torch.autocast("cpu", torch.bfloat16):
        normalised = norm(torch.ones(1, 2, 4, dtype=torch.bfloat16), mask)
    assert normalised.tolist() == [[[0, 1, 2, 3], [0, 0, 0, 0]]]
