"""Importers of other packages: a tiny distribution, used from the command line and from Python."""

import os
import subprocess
import sys

import pytest

from mmtool.errors import SettingError
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.snippets import read_snippets
from mmtool.formats.splits import read_split
from mmtool.records import Clip, Snippet
from mmtool.stages.imports import import_corpus
from support.plugins import install_plugin

SOURCE = """
from dataclasses import dataclass
from typing import Annotated

from mmtool.choices import Split
from mmtool.importers.contract import ImportedCorpus, ImportedVideo, Importer
from mmtool.records import Clip, Snippet
from mmtool.settings.options import Option, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings(Settings):
    seconds: Annotated[float, Option("Seconds per clip.", above=0)] = 2.0


def read_lines(source, settings):
    videos = {}
    for path in sorted(source.glob("*.lines")):
        texts = path.read_text(encoding="utf-8").splitlines()
        clips = [Clip(k * settings.seconds, (k + 1) * settings.seconds) for k in range(len(texts))]
        snippets = [Snippet(text) for text in texts]
        videos[path.stem] = ImportedVideo(clips=clips, snippets=snippets, title=path.stem.upper(),
                                          details={"source": path.name})
    videos["../away"] = ImportedVideo(snippets=[Snippet("escapes")])
    videos["backward"] = ImportedVideo(clips=[Clip(4, 5), Clip(0, 1)], snippets=[Snippet("never read back")])
    videos["empty"] = ImportedVideo()
    return ImportedCorpus(videos=videos, splits={Split.TEST: list(videos)}, notes=["read by lines"])


LINES = Importer(help="Import texts with one clip per line.", read=read_lines, settings=LineSettings)
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of the import path with the plug-in; its module is forgotten afterwards."""
    site = tmp_path / "site"
    entries = {
        "lines": "line_importer:LINES",
        "broken": "line_importer:NOTHING",
        "yms": "line_importer:LINES",
    }
    install_plugin(site, "line-importer", "mmtool.importers", entries, SOURCE)
    monkeypatch.syspath_prepend(site)
    yield site
    sys.modules.pop("line_importer", None)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "a.lines").write_text("One.\nTwo.\n", encoding="utf-8")
    return folder


def mmtool(site, *arguments):
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, "-m", "mmtool", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_plug_in_imports_from_the_command_line(site, source, tmp_path):
    corpus = Corpus(tmp_path / "corpus")
    done = mmtool(site, "import", "lines", source, corpus.root, "--seconds", 3)
    assert done.returncode == 1, done.stderr
    assert "import  1 done, 3 failed · videos 1 · splits 1 · clips 2 · snippets 2" in done.stdout
    assert "note read by lines" in done.stderr
    assert read_clips(corpus.clips("a")) == [Clip(0, 3), Clip(3, 6)]
    assert (
        "--seconds must be above 0"
        in mmtool(site, "import", "lines", source, corpus.root, "--seconds", 0).stderr
    )


def test_help_lists_plug_ins_and_says_what_is_wrong_with_a_broken_one(site, source, tmp_path):
    overview = mmtool(site, "import", "--help").stdout
    assert "Import texts with one clip per line." in overview
    assert "Import YouTube Movie Summaries" in overview  # a built-in name is not replaced
    assert "Not available: broken: line_importer:NOTHING" in overview
    assert "Seconds per clip." in mmtool(site, "import", "lines", "--help").stdout
    broken = mmtool(site, "import", "broken")
    assert broken.returncode == 2
    assert "line_importer:NOTHING of line-importer 1.0 cannot be loaded" in broken.stderr
    assert "Traceback" not in broken.stderr


def test_a_plug_in_imports_from_python_and_its_bad_records_fail_alone(site, source, tmp_path):
    corpus = Corpus(tmp_path / "corpus")
    report = import_corpus(corpus.root, source=source, importer="lines", seconds=1)
    assert (report.importer, report.done, report.clips) == ("lines", ["a"], 2)
    assert read_snippets(corpus.snippets("a")) == [Snippet("One."), Snippet("Two.")]
    assert (corpus.root / "videos.csv").read_text() == "id,title,source\na,A,a.lines\n"
    assert read_split(corpus.root / "splits" / "test.txt") == ["a"]
    reasons = {failure.id: failure.reason for failure in report.failures}
    assert "a name with / is not possible" in reasons["../away"]
    assert "backward.csv" in reasons["backward"]
    assert "neither clips nor snippets" in reasons["empty"]
    assert corpus.known_ids() == {"a"}  # nothing half-written
    assert not list(tmp_path.glob("**/away*"))
    with pytest.raises(SettingError, match="seconds must be above 0, not -1"):
        import_corpus(corpus.root, source=source, importer="lines", seconds=-1, force=True)
