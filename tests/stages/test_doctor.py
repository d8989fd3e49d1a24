"""What the doctor says of this machine, and of machines that lack something."""

import json
import sys
from importlib.metadata import version

import pytest

from mmtool.encoders import published_weights as published
from mmtool.stages import doctor as examination
from support.commands import call


def findings(folder, *, code=0):
    found = json.loads(call("doctor", folder, "--json", code=code).output)
    return found["ready"], {finding["name"]: finding for finding in found["findings"]}


def test_this_machine_is_ready_and_every_library_has_a_version(tmp_path):
    ready, found = findings(tmp_path)
    assert ready
    assert found["torch"]["detail"] == version("torch")
    assert "cores usable" in found["CPU"]["detail"]
    assert "GiB free" in found["disk"]["detail"]
    assert found["bert"]["name"] == "bert"


def test_a_library_that_cannot_be_imported_is_in_the_way(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    ready, found = findings(tmp_path, code=1)
    assert not ready
    assert found["opencv-python"]["state"] == "broken"
    assert "opencv-python-headless" in found["opencv-python"]["remedy"]
    assert "not ready" in call("doctor", tmp_path, code=1).output


@pytest.mark.parametrize("error", [OSError("libGL.so.1: cannot open"), RuntimeError("no operator nms")])
def test_a_library_that_fails_otherwise_is_in_the_way_too(tmp_path, monkeypatch, error):
    def fail(module):
        raise error

    monkeypatch.setattr(examination, "import_module", fail)
    _, found = findings(tmp_path, code=1)
    assert found["torch"]["detail"] == str(error)


def test_weights_are_here_once_their_tensors_are(monkeypatch):
    """A configuration alone, which a look at the hub leaves behind, is no weights."""
    for file, wanted in (("config.json", False), ("model.safetensors", True), ("pytorch_model.bin", True)):
        monkeypatch.setattr(
            published, "try_to_load_from_cache", lambda model, name, file=file: "x" if name == file else None
        )
        assert {w.encoder: w.found for w in published.published_weights()}["bert"] == wanted


def test_a_missing_extra_is_no_problem_and_names_what_it_adds(tmp_path, monkeypatch):
    monkeypatch.setattr(examination, "missing_modules", lambda extra: ["opentimelineio"])
    ready, found = findings(tmp_path)
    assert ready
    assert found["extra export"]["state"] == "optional"
    assert found["extra export"]["remedy"] == "pip install 'mmtool[export]'"
    assert "edl" in found["extra export"]["detail"]


@pytest.mark.parametrize("little", [0, 2**29])
def test_a_full_disk_is_in_the_way(tmp_path, monkeypatch, little):
    usage = type("Usage", (), {"free": little})
    monkeypatch.setattr(examination.shutil, "disk_usage", lambda path: usage)
    ready, found = findings(tmp_path, code=1)
    assert not ready
    assert "make room" in found["disk"]["remedy"]


def test_a_folder_that_is_not_there_yet_is_judged_by_its_parent(tmp_path):
    _, found = findings(tmp_path / "new" / "corpus")
    assert str(tmp_path) in found["disk"]["detail"]


@pytest.mark.parametrize(("missing", "state"), [([], "fine"), (["imageio_ffmpeg"], "optional")])
def test_an_ffmpeg_may_come_with_an_extra(tmp_path, monkeypatch, missing, state):
    monkeypatch.setattr(examination.shutil, "which", lambda name: None)
    monkeypatch.setattr(examination, "missing_modules", lambda extra: missing)
    _, found = findings(tmp_path)
    assert found["ffmpeg"]["state"] == state
