"""What the doctor says of this machine, and of machines that lack something."""

import json
import sys
from importlib.metadata import version

import pytest
import torch
from rich.console import Console

from mmtool.cli.doctor import findings_table
from mmtool.encoders import published_weights as published
from mmtool.stages import doctor as examination
from support.commands import call
from support.plugins import install_plugin


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


@pytest.mark.parametrize(
    ("system", "machine", "state", "detail"),
    [
        ("Linux", "x86_64", "fine", "Linux 6.1, x86_64"),
        ("Darwin", "arm64", "fine", "macOS 15.2, arm64"),
        ("Darwin", "x86_64", "optional", "macOS 15.2, x86_64"),
        ("Windows", "AMD64", "fine", "Windows 6.1, AMD64"),
        ("FreeBSD", "amd64", "optional", "FreeBSD 6.1, amd64"),
    ],
)
def test_the_system_is_named_and_judged(tmp_path, monkeypatch, system, machine, state, detail):
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.release", lambda: "6.1")
    monkeypatch.setattr("platform.mac_ver", lambda: ("15.2" if system == "Darwin" else "", ("",) * 3, ""))
    monkeypatch.setattr(examination, "_libraries", list)
    monkeypatch.setattr(examination, "_weights", list)
    _, found = findings(tmp_path)
    assert (found["system"]["state"], found["system"]["detail"]) == (state, detail)


def test_a_gpu_of_apple_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    _, found = findings(tmp_path)
    assert found["GPU"]["detail"].startswith("of Apple (mps), for bert")


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
    """A configuration without tensors, which a look at the hub leaves behind, does not count."""
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
    assert "fcp7" in found["extra export"]["detail"]


@pytest.mark.parametrize("little", [0, 2**29])
def test_a_full_disk_is_in_the_way(tmp_path, monkeypatch, little):
    usage = type("Usage", (), {"free": little})
    monkeypatch.setattr(examination.shutil, "disk_usage", lambda path: usage)
    ready, found = findings(tmp_path, code=1)
    assert not ready
    assert "free some space" in found["disk"]["remedy"]


def test_a_folder_that_is_not_there_yet_is_judged_by_its_parent(tmp_path):
    _, found = findings(tmp_path / "new" / "corpus")
    assert str(tmp_path) in found["disk"]["detail"]


@pytest.mark.parametrize(("missing", "state"), [([], "fine"), (["imageio_ffmpeg"], "optional")])
def test_an_ffmpeg_may_come_with_an_extra(tmp_path, monkeypatch, missing, state):
    monkeypatch.setattr(examination.shutil, "which", lambda name: None)
    monkeypatch.setattr(examination, "missing_modules", lambda extra: missing)
    _, found = findings(tmp_path)
    assert found["ffmpeg"]["state"] == state


def test_at_80_columns_nothing_is_cut_and_words_stay_whole(capsys):
    report = examination.doctor()
    Console(width=80, force_terminal=True, color_system=None).print(findings_table(report.findings))
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    words = set(shown.split())
    for finding in report.findings:
        short = [word for word in finding.detail.split() if len(word) < 40]
        assert words.issuperset(word.rstrip(";") for word in short[:-1]), finding


def test_plug_ins_are_listed_and_broken_ones_are_not_in_the_way(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path / "site")
    entries = {"good": "tiny_format:GOOD", "bad": "tiny_format:BAD"}
    source = (
        "from mmtool.exports.contract import ExportFormat\n"
        "GOOD = ExportFormat(help='Good.', suffix='.good', write=print)\n"
    )
    install_plugin(tmp_path / "site", "tiny-format", "mmtool.exports", entries, source)
    report = examination.doctor(tmp_path)
    assert report.ready
    added = [finding for finding in report.findings if finding.name == "added export formats"]
    assert [(finding.state, finding.detail.partition(":")[0]) for finding in added] == [
        ("fine", "good"),
        ("optional", "bad"),
    ]
    assert added[1].remedy == "update or uninstall that package"
    sys.modules.pop("tiny_format")
