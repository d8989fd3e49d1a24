"""Detectors of other packages, from the command line and from Python."""

import json
import os
import subprocess
import sys

import pytest

import mmtool
from mmtool.errors import SettingError
from mmtool.formats.clips import read_clips
from mmtool.settings.options import settings_of
from mmtool.settings.segment import SegmentSettings
from mmtool.stages.segment import segment
from mmtool.video.detectors.registry import DETECTORS, make_detector
from support.films import shots, write_film
from support.plugins import install_plugin

GROUP = "mmtool.detectors"
EVERY = '''
"""Cuts at regular distances, whatever the frames show."""
from dataclasses import dataclass
from mmtool.video.detectors.contract import Detector, option

@dataclass(frozen=True, kw_only=True)
class Every(Detector):
    score_name = "number of the frame"
    threshold: float = option(10.0, "frames from cut to cut")
    shift: int = option(0, "frames before the first cut")

    def scores(self, frames):
        for number, _ in enumerate(frames):
            yield float(number)

    def cuts(self, scores, min_clip_frames):
        distance = max(int(self.threshold), min_clip_frames)
        return list(range(self.shift + distance, len(scores.times), distance))

class WithoutOptions(Detector):
    pass
'''


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of the import path with a package that has a detector, and one that cannot be loaded."""
    folder = tmp_path / "site"
    entries = {"every": "cut_every:Every", "incomplete": "cut_every:WithoutOptions"}
    install_plugin(folder, "cut-every", GROUP, entries, EVERY)
    install_plugin(folder, "cut-broken", GROUP, {"broken": "cut_broken:X"}, "import there_is_none")
    monkeypatch.syspath_prepend(folder)
    yield folder
    sys.modules.pop("cut_every", None)


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "corpus" / "videos").mkdir(parents=True)
    write_film(tmp_path / "corpus" / "videos" / "a.mkv", shots(20, 20))
    return tmp_path / "corpus"


def run(site, *arguments):
    """The command in a process of its own, as a user has it after installing the packages."""
    path = os.pathsep.join([str(site), str(mmtool.__path__[0] + "/..")])
    return subprocess.run(
        [sys.executable, "-m", "mmtool", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": path},
    )


def ends(corpus):
    return [clip.end_frame for clip in read_clips(corpus / "clips" / "a.csv")]


def test_a_plug_in_works_from_the_command_line(site, corpus):
    options = ["--detector", "every", "--threshold", "15", "--detector-option", "shift=2", "--stats"]
    result = run(site, "segment", corpus, *options)
    assert (result.returncode, result.stderr) == (0, "")
    assert ends(corpus) == [17, 32, 40]
    assert "1 unchanged" in run(site, "segment", corpus, *options).stdout
    assert "1 done" in run(site, "segment", corpus).stdout  # with the default detector
    assert ends(corpus) == [20, 40]


def test_a_plug_in_works_from_python(site, corpus):
    report = segment(corpus, detector="every", threshold=12)
    assert [(video.id, video.clips) for video in report.videos] == [("a", 4)]
    assert ends(corpus) == [12, 24, 36, 40]


def test_plug_ins_are_listed_and_broken_ones_named(site):
    result = run(site, "segment", "--detectors", "--json")
    assert result.returncode == 0
    rows = json.loads(result.stdout)
    assert {row["detector"] for row in rows} == {*DETECTORS.built_in, "every"}
    broken, incomplete = result.stderr.splitlines()
    assert broken.startswith(
        "plug-in broken: cut_broken:X of cut-broken 1.0 cannot be loaded: ModuleNotFound"
    )
    assert incomplete.startswith("plug-in incomplete: cut_every:WithoutOptions of cut-every 1.0 is not a ")


def test_a_broken_plug_in_is_one_line_and_stops_no_built_in_one(site, corpus):
    result = run(site, "segment", corpus, "--detector", "broken")
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("error --detector broken: cut_broken:X of cut-broken 1.0 cannot be loaded")
    assert run(site, "segment", corpus).returncode == 0


def test_an_unknown_detector_lists_the_known_ones(site, corpus):
    names = ", ".join([*DETECTORS.built_in, "broken", "every", "incomplete"])
    with pytest.raises(SettingError, match=f"^detector must be one of {names}, not 'evry'$"):
        segment(corpus, detector="evry")


def test_the_help_lists_the_built_in_detectors():
    """The bottom row cannot import the registry, so its text is compared here."""
    help = settings_of(SegmentSettings)["detector"].option.help
    assert f"How cuts are found: {', '.join(DETECTORS.built_in)}, or" in help
    assert SegmentSettings().detector in DETECTORS.built_in


def test_weights_need_a_detector_that_has_some(tmp_path):
    for name in ("content", "hash"):
        with pytest.raises(SettingError, match=f"weights has no effect with `detector={name}`"):
            make_detector(name, weights=tmp_path)
