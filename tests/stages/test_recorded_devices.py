"""Features files record what computed the features of each id; it is shown, and never compared."""

import json

import h5py
import pytest

from mmtool.formats.features import open_features
from mmtool.stages.shared.gpus import device_with_name
from support.commands import EXTRACT, call
from support.corpora import add_video, make_corpus
from support.pretended_gpus import pretend_gpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Two ids whose features were computed on a CPU."""
    corpus = make_corpus(tmp_path_factory.mktemp("devices"), train=2, val=0, test=0)
    call("extract", corpus.root, *EXTRACT)
    return corpus


def facts(corpus, name):
    return json.loads(call("info", corpus.features(name), "--json").stdout)


def claim(corpus, name, id, device):
    with h5py.File(corpus.features(name), "a") as file:
        file[id].attrs["device"] = device


def test_info_says_where_features_were_computed(corpus):
    for name in ("timing", "length"):
        assert facts(corpus, name)["computed on"] == "cpu"
        assert "precision" not in facts(corpus, name)  # nothing is rounded there


def test_features_of_several_devices_are_in_one_file(corpus):
    claim(corpus, "timing", "v0", "cuda (Pretended)")
    add_video(corpus, "w")
    said = call("extract", corpus.root, *EXTRACT).stdout
    assert "2 done, 4 unchanged" in said  # the third id of both files
    assert facts(corpus, "timing")["computed on"] == "cpu (2 of 3 ids), cuda (Pretended) (1 of 3 ids)"
    call("project", corpus.root, "--video", "timing", "--text", "length")
    with open_features(corpus.features("timing.rp")) as projected:
        assert [projected.read(id).device for id in ("v0", "v1", "w")] == ["cuda (Pretended)", "cpu", "cpu"]
    call("info", corpus.root, "--verify")


def test_files_that_do_not_record_it_are_read(corpus):
    with h5py.File(corpus.features("length"), "a") as file:
        for id in file:
            del file[id].attrs["device"]
    assert "computed on" not in facts(corpus, "length")


def test_a_device_that_is_no_text_is_damage(corpus):
    with h5py.File(corpus.features("length"), "a") as file:
        file["v0"].attrs["device"] = 7
    assert "is not an HDF5 file, or is damaged" in call("info", corpus.features("length"), code=2).stderr


def test_the_name_of_a_gpu_is_recorded_instead_of_its_number(monkeypatch):
    pretend_gpus(monkeypatch, (8, 0), (9, 0))
    names = [device_with_name(device) for device in ("cpu", "mps", "cuda", "cuda:1")]
    assert names == ["cpu", "mps", "cuda (Pretended)", "cuda (Pretended)"]
