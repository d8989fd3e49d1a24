"""Export formats of other packages: a tiny distribution, used from the command line and from Python."""

import os
import subprocess
import sys

import pytest

from mmtool.errors import CallError, SettingError
from mmtool.exports.table import EXPORT_FORMATS
from mmtool.formats.alignments import write_alignment
from mmtool.formats.corpus import Corpus
from mmtool.records import Alignment, Clip, Snippet
from mmtool.stages.export import export_alignments
from support.commands import call
from support.plugins import install_plugin

SOURCE = """
from mmtool.errors import InputError
from mmtool.exports.contract import ExportFormat


def write_chapters(path, film):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{passage.interval.start:g} {passage.text} @{film.frame_rate():g}" for passage in film.passages]
    path.write_text("\\n".join(lines))


def write_first_clip(path, film):
    film.cut(film.passages[0].interval, path)


CHAPTERS = ExportFormat(help="Chapters.", suffix=".chapters", write=write_chapters)
FILM = ExportFormat(help="The first clip.", suffix=".mp4", write=write_first_clip, needs_film=True)
MISSING = ExportFormat(help="Never.", suffix=".x", write=write_chapters, modules=("no_such_module.part",))
"""
ENTRIES = {name: f"chapter_format:{name.upper()}" for name in ("chapters", "film", "missing")}


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of the import path with the plug-in; its module is forgotten afterwards."""
    site = tmp_path / "site"
    wrong = {"wrong": "chapter_format:write_chapters"}
    install_plugin(site, "chapter-format", "mmtool.exports", ENTRIES | wrong, SOURCE)
    monkeypatch.syspath_prepend(site)
    yield site
    sys.modules.pop("chapter_format", None)


@pytest.fixture
def corpus(tmp_path):
    """One alignment of one run, without its film."""
    corpus = Corpus(tmp_path / "corpus")
    alignment = Alignment(
        id="film",
        clips=(Clip(0, 2, 0, 24), Clip(2, 4, 24, 48)),
        snippets=(Snippet("One."), Snippet("Two.")),
        matches=((0, 0), (1, 1)),
        clip_confidence=(0.9, 0.8),
        snippet_confidence=(0.9, 0.8),
        decoder="semi-markov",
        checkpoint="",
    )
    write_alignment(corpus.alignment("only", "film"), alignment, "recipe")
    return corpus


def test_a_plug_in_exports_from_the_command_line_and_the_only_run_is_taken(site, corpus):
    path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, "-m", "mmtool", "export", corpus.root, "--format", "chapters"]
    subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, check=True)
    assert (corpus.exports("only") / "film.chapters").read_text() == "0 One. @12\n2 Two. @12"


def test_a_plug_in_exports_from_python(site, corpus):
    report = export_alignments(str(corpus.root), format="chapters")
    assert (report.run, report.format, report.done) == ("only", "chapters", ["film"])
    assert report.written == [str(corpus.exports("only") / "film.chapters")]
    assert EXPORT_FORMATS.names()[-4:] == ("chapters", "film", "missing", "wrong")


def test_what_a_format_needs_is_looked_for_before_anything_is_written(site, corpus):
    with pytest.raises(CallError, match="no_such_module is not installed; pip install no_such_module"):
        export_alignments(corpus.root, format="missing")
    report = export_alignments(corpus.root, format="film")
    assert "its film is not in videos/" in report.failures[0].reason
    assert not corpus.exports("only").exists()


def test_what_is_not_a_format_is_refused(site, corpus):
    with pytest.raises(SettingError, match=r"wrong: chapter_format:write_chapters .* is not an ExportFormat"):
        export_alignments(corpus.root, format="wrong")
    with pytest.raises(SettingError, match=r"format must be one of srt, .*, not 'doc'"):
        export_alignments(corpus.root, format="doc")
    with pytest.raises(SettingError, match="format is needed"):
        export_alignments(corpus.root)


def test_several_runs_are_named(corpus):
    corpus.alignment("other", "film").parent.mkdir()
    error = call("export", corpus.root, "--format", "srt", code=2).stderr
    assert "--run is needed: there are alignments of only, other" in error
