"""A Ray cluster that claims GPUs which it lacks, machines that differ, and clusters that do not answer."""

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from mmtool.errors import CallError, SettingError
from mmtool.formats.features import FeatureGroup
from mmtool.stages.extract import cluster, cluster_connection
from mmtool.stages.extract.cluster import on_ray
from mmtool.stages.extract.frame_batches import FilmClips
from mmtool.stages.extract.placement import place
from support import mortal
from support.commands import call

# What a process takes of a machine


@pytest.mark.parametrize(
    ("machines", "device", "threads", "expected"),
    [
        ([{"CPU": 8, "GPU": 8}], "auto", 8, (1, 1, 1, 8)),  # none takes all CPUs, so all GPUs work
        ([{"CPU": 64, "GPU": 8}, {"CPU": 16}], "cuda", 4, (4, 1, 4, 8)),
        ([{"CPU": 64, "GPU": 2}, {"CPU": 8, "GPU": 4}], "auto", 16, (2, 1, 2, 6)),
        ([{"CPU": 4, "GPU": 8}], "auto", 4, (0.5, 1, 1, 8)),
        ([{"CPU": 4, "GPU": 8}], "cpu", 4, (4, 0, 4, 1)),
        ([{"CPU": 8}, {"CPU": 2}], "auto", 4, (4, 0, 4, 2)),
        ([{"CPU": 2}], "auto", 8, (2, 0, 8, 1)),
    ],
)
def test_what_each_process_gets(machines, device, threads, expected):
    placement = place(machines, device, threads)
    assert (placement.cpus, placement.gpus, placement.threads, placement.slots) == expected
    assert placement.device == (device if placement.gpus else "cpu")


def test_what_the_cluster_does_not_have_is_refused():
    with pytest.raises(SettingError, match="device is cuda, but no machine of the cluster has a GPU"):
        place([{"CPU": 8}, {"CPU": 8}], "cuda", 1)
    with pytest.raises(SettingError, match="no machine of the cluster has a CPU for tasks"):
        place([{"memory": 1}], "auto", 1)


# A cluster on this machine that claims two GPUs


@pytest.fixture(scope="module")
def two_claimed_gpus():
    ray = pytest.importorskip("ray")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(address="local", num_cpus=2, num_gpus=2, include_dashboard=False, log_to_driver=False)
    ray.cloudpickle.register_pickle_by_value(mortal)
    yield ray
    ray.shutdown()


@dataclass
class Work:
    """Tells which process encoded a film, with which GPU of Ray's."""

    device: str
    finds: str = "cuda"
    fails: str = ""

    def get_ready(self):
        if self.fails:
            raise CallError(self.fails)
        return self.finds

    def __call__(self, _film):
        import numpy as np

        time.sleep(0.2)
        gpu = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        return FeatureGroup(np.array([[os.getpid(), int(gpu)]], np.float32))


@pytest.fixture
def encode(two_claimed_gpus, tmp_path, monkeypatch):
    import sys

    monkeypatch.setattr(cluster, "READY_SECONDS", 600.0)  # Ray starts slowly on a busy machine
    two_claimed_gpus.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    films = [FilmClips(str(number), tmp_path / str(number), (), "") for number in range(6)]

    def encode(device="auto", **work):
        notes, devices = [], set()
        results = on_ray(
            lambda device, threads: Work(device, **work),
            films,
            address=None,
            device=device,
            threads=2,
            notes=notes,
            devices=devices,
        )
        return dict(results), notes, devices

    return encode


@pytest.mark.slow
def test_each_process_keeps_its_gpu_and_its_model(encode):
    results, notes, devices = encode()
    pairs = {tuple(result.features[0].tolist()) for result in results.values()}
    assert len(results) == 6
    assert {gpu for _, gpu in pairs} == {0, 1}
    assert len(pairs) == 2  # two processes for six films
    assert not notes
    assert devices == {"cuda"}


@pytest.mark.slow
def test_gpus_that_torch_cannot_use_are_left_to_cpus_and_said(encode):
    results, (note,), devices = encode(finds="cpu")
    assert devices == {"cpu"}
    assert len(results) == 6
    assert "the cluster offers GPUs, but torch cannot use those of" in note


@pytest.mark.slow
def test_another_encoder_on_a_machine_is_refused_at_the_start(encode):
    with pytest.raises(CallError, match=r"cannot be used: it has the weights a, not b$"):
        encode(fails="it has the weights a, not b")


@pytest.mark.slow
def test_other_films_and_versions_are_refused_at_the_start(encode, tmp_path, monkeypatch):
    (tmp_path / "3").write_bytes(b"film")
    monkeypatch.setattr(cluster, "film_sizes", lambda films: {str(tmp_path / "3"): 5})
    with pytest.raises(CallError, match="3 has 4 bytes there, not 5; put the same films on all machines"):
        encode()
    monkeypatch.setattr(cluster, "film_sizes", lambda films: {str(tmp_path / "7"): 5})
    with pytest.raises(CallError, match=r"cannot read .*7 .No such file or directory"):
        encode()
    monkeypatch.setattr(cluster, "versions", lambda: {"mmtool": "9.9"})
    with pytest.raises(CallError, match=r"has mmtool .*, not 9\.9; install the same versions on all"):
        encode()


@pytest.mark.slow
def test_a_cluster_that_is_busy_is_not_waited_for_without_end(encode, two_claimed_gpus, monkeypatch):
    monkeypatch.setattr(cluster, "READY_SECONDS", 1.0)

    @two_claimed_gpus.remote(num_gpus=2)
    class Other:
        def work(self):
            return True

    other = Other.remote()
    assert two_claimed_gpus.get(other.work.remote())
    with pytest.raises(SettingError, match=r"engine is ray, but no machine .* had 1 CPU and a GPU free"):
        encode()
    two_claimed_gpus.kill(other)


@pytest.mark.slow
def test_a_machine_without_mmtool_is_one_line(tmp_path):
    ray = pytest.importorskip("ray")
    ray.shutdown()
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['mmtool'] = None")
    environment = {"env_vars": {"PYTHONPATH": str(tmp_path)}}
    ray.init(
        address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, runtime_env=environment
    )
    try:
        films = [FilmClips("a", tmp_path / "a", (), "")]
        with pytest.raises(CallError, match=r"has no mmtool; install mmtool\[ray\] .* there"):
            list(
                on_ray(
                    lambda *_: None, films, address=None, device="auto", threads=1, notes=[], devices=set()
                )
            )
    finally:
        ray.shutdown()


# Clusters that do not answer


def test_what_accepts_connections_but_never_answers_is_refused_in_time(tmp_path, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setattr(cluster_connection, "ANSWER_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        start = time.monotonic()
        with pytest.raises(SettingError, match=f"{address}: no Ray cluster answers there within 1 s"):
            list(
                on_ray(
                    lambda *_: None, [], address=address, device="auto", threads=1, notes=[], devices=set()
                )
            )
        assert time.monotonic() - start < 60


@pytest.mark.parametrize("device", ["cuda:1", "mps"])
def test_a_numbered_device_means_nothing_on_a_cluster(tmp_path, device):
    Path(tmp_path / "videos").mkdir()
    options = ["--video-encoder", "resnet18", "--engine", "ray", "--device", device]
    result = call("extract", tmp_path, *options, code=2)
    assert f"--device cannot be {device} with --engine ray; use auto, cpu or cuda" in result.stderr
