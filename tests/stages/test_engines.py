"""Films in several processes and on a Ray cluster: the same file, whoever dies."""

import json
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from mmtool.formats.clips import write_clips
from mmtool.formats.corpus import Corpus
from mmtool.records import Failure
from mmtool.stages.extract.cluster import on_ray
from mmtool.stages.extract.engines import in_processes
from mmtool.stages.extract.frame_batches import FilmClips
from support import mortal
from support.commands import call
from support.film_corpora import add_film, cut
from support.hdf5 import contents


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, detector):
    """Three films and one that ends too early, with their features as one process makes them."""
    corpus = Corpus(tmp_path_factory.mktemp("films") / "corpus")
    for number, id in enumerate("abc"):
        add_film(corpus, id, [10 + number] * 4)
    add_film(corpus, "short", [10])
    write_clips(corpus.clips("short"), cut([10, 10]))
    run_extract(corpus, detector, "local")
    return corpus


def run_extract(corpus, detector, name, *options):
    arguments = [*detector, "--keep-regions", "--frames", 2, "--video-name", name, "--json", *options]
    report = json.loads(call("extract", corpus.root, *arguments, code=1).stdout)
    assert sorted(report["done"]) == ["a", "b", "c"]
    assert [file["device"] for file in report["features"]] == ["cpu"]
    (failure,) = report["failures"]
    assert failure["id"] == "short"
    assert "frame 12 is missing" in failure["reason"]


@pytest.mark.slow
def test_workers_write_the_same_file(corpus, detector):
    run_extract(corpus, detector, "workers", "--workers", 2)
    assert contents(corpus.features("workers")) == contents(corpus.features("local"))


@pytest.mark.slow
def test_a_cluster_writes_the_same_file(corpus, detector):
    pytest.importorskip("ray")
    run_extract(corpus, detector, "cluster", "--engine", "ray")
    assert contents(corpus.features("cluster")) == contents(corpus.features("local"))


# Processes that die


ENGINES = {
    "processes": partial(in_processes, [mortal.work] * 2),
    "ray": partial(
        on_ray, lambda *_: mortal.Work(), address=None, device="cpu", threads=1, notes=[], devices=set()
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINES)
def test_a_film_whose_process_dies_is_tried_again_and_no_other(tmp_path, name):
    if name == "ray":
        ray = pytest.importorskip("ray")
        ray.cloudpickle.register_pickle_by_value(mortal)  # the cluster does not find the tests' modules
    films = [FilmClips(id, tmp_path / id, (), id) for id in ("one", "mortal", "doomed", "three")]
    results = dict(ENGINES[name](films=films))
    died = results.pop("doomed")
    assert isinstance(died, Failure)
    assert "the process that encoded it died 2 times; check that there is enough memory" in died.reason
    assert {id: result.features[0, 0] for id, result in results.items()} == {
        "one": 3,
        "mortal": 6,
        "three": 5,
    }
    attempts = {film.id: len(film.path.read_text()) for film in films}
    assert attempts == {"one": 1, "mortal": 2, "doomed": 2, "three": 1}


ORPHAN = """
import sys, time
from pathlib import Path
from mmtool.stages.extract.engines import in_processes
from mmtool.stages.extract.frame_batches import FilmClips

def sleep(film):
    film.path.write_text(str(__import__("os").getpid()))
    time.sleep(600)

if __name__ == "__main__":
    list(in_processes([sleep], [FilmClips("a", Path(sys.argv[1]), (), "a")]))
"""


def test_workers_end_with_their_parent(tmp_path):
    program, note = tmp_path / "orphan.py", tmp_path / "worker"
    program.write_text(ORPHAN)
    parent = subprocess.Popen([sys.executable, program, note])
    wait_until(lambda: note.exists() and note.read_text())
    parent.kill()
    parent.wait()
    wait_until(lambda: not is_alive(int(note.read_text())))


def wait_until(condition, seconds=300):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


# Calls that make no sense


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--address", "auto"], "--address has no effect without --engine ray"),
        (["--engine", "ray", "--workers", "2"], "--workers has no effect with --engine ray, which uses"),
        (["--engine", "ray", "--address", "nonsense"], "--address must be HOST:PORT or auto, not nonsense"),
        (
            ["--engine", "ray", "--address", "ray://a:1"],
            "--address must be HOST:PORT or auto, not ray://a:1",
        ),
        (
            ["--engine", "ray", "--address", "127.0.0.1:1"],
            "--address 127.0.0.1:1: no Ray cluster answers there",
        ),
        (["--workers", "0"], "--workers must be at least 1, not 0"),
        (["--frames", "0"], "--frames must be at least 1, not 0"),
    ],
)
def test_settings_that_contradict_each_other(corpus, detector, options, line):
    result = call("extract", corpus.root, *detector, *options, code=2)
    assert line in result.stderr


def test_without_ray_the_remedy_is_named(corpus, detector, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    result = call("extract", corpus.root, *detector, "--video-name", "none", "--engine", "ray", code=2)
    assert "pip install 'mmtool[ray]'" in result.stderr
