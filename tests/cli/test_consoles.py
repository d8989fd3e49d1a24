"""Every command on streams of the encoding cp1252, which Windows gives to pipes and files."""

import io
import sys
from dataclasses import replace

import pytest

from mmtool.cli.main import CONTENTS, main
from mmtool.stages.demo import demo
from support.commands import EXTRACT, TRAIN
from support.corpora import make_corpus
from support.films import draw_film

PLAN = """
title = "Ein Plan – план"
seeds = [0]
split = "test"
runs = "plan"
[[rows]]
label = "première"
preset = "rp-lars-sbn"
"""
FILM = "映画 – café"  # what cp1252 lacks, and what it has


class Console:
    """Runs commands as ``main`` does, on streams that were opened with another encoding."""

    def __init__(self, monkeypatch, encoding):
        self._patch, self._encoding = monkeypatch, encoding

    def run(self, *arguments, code=0):
        """The output of ``mmtool …``: of stdout, and of stderr."""
        streams = [io.TextIOWrapper(io.BytesIO(), encoding=self._encoding) for _ in range(2)]
        with self._patch.context() as patch:
            patch.setattr(sys, "argv", ["mmtool", *map(str, arguments)])
            patch.setattr(sys, "stdout", streams[0])
            patch.setattr(sys, "stderr", streams[1])
            with pytest.raises(SystemExit) as ended:
                main()
            for stream in streams:
                stream.flush()
        output = [stream.buffer.getvalue().decode("utf-8") for stream in streams]
        assert ended.value.code == code, output
        assert "Traceback" not in output[1]
        return output


@pytest.fixture(params=["cp1252", "ascii"])
def console(request, monkeypatch):
    return Console(monkeypatch, request.param)


COMMANDS = [name for commands in CONTENTS.values() for name in commands]
SUBCOMMANDS = [
    ("import", "yms"),
    ("import", "checkpoint"),
    ("export", "alignments"),
    ("export", "checkpoint"),
]


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS), *SUBCOMMANDS], ids=" ".join)
def test_help(console, command):
    stdout, _ = console.run(*command, "--help")
    assert "Usage: mmtool" in stdout
    assert "╭" in stdout


def test_a_film_from_its_alignment_to_exports(console, tmp_path):
    draw_film(tmp_path / f"{FILM}.mp4")
    (tmp_path / f"{FILM}.txt").write_text("ein Satz – ja\nund noch einer … 終\n", encoding="utf-8")
    corpus = tmp_path / "corpus"
    stdout, _ = console.run("run", tmp_path / f"{FILM}.mp4", tmp_path / f"{FILM}.txt", "-o", corpus)
    assert FILM in stdout or "終" in stdout
    for command, expected in (
        (("doctor", corpus), "✓"),
        (("segment", corpus), "segment"),
        (("extract", corpus, *EXTRACT), "extract"),
        (("info", corpus), "corpus folder"),
        (("info", corpus, "--verify"), ""),
        (("report", corpus), "report"),
        (("export", "alignments", corpus, "--format", "csv"), "export"),
        (("plot", corpus, "--what", "alignment"), "plot"),
        (("align", corpus), "align"),
        (("align", corpus, "--json"), FILM),
    ):
        assert expected in console.run(*command)[0], command
    _, stderr = console.run("align", corpus, "--run", "終", code=2)
    assert "終" in stderr


@pytest.mark.slow
def test_research_from_features_to_measures(console, tmp_path):
    corpus = make_corpus(tmp_path / "корпус").root
    file, plan = tmp_path / "weights.pth", tmp_path / "plan.toml"
    plan.write_text(PLAN, encoding="utf-8")
    for command in (
        ("extract", corpus, *EXTRACT),
        ("project", corpus),
        ("train", corpus, *TRAIN),
        ("train", "--presets"),
        ("train", corpus, "--preset", "semi-markov"),
        ("align", corpus, "--run", "r"),
        ("align", corpus, "--run", "timing"),
        ("evaluate", corpus, "--run", "r", "--per-video"),
        ("compare", corpus, "--run", "r", "--run", "timing"),
        ("plot", corpus, "--run", "r"),
        ("experiment", corpus, plan, "--epochs", "1", "--seeds", "0"),
        ("export", "checkpoint", corpus, "--run", "r", "-o", file),
        ("import", "checkpoint", file, corpus, "--run", "again"),
    ):
        assert any(console.run(*command)), command
    _, stderr = console.run("import", "yms", tmp_path / "фильмы", tmp_path / "new", code=2)
    assert "фильмы" in stderr


@pytest.mark.slow
def test_the_demo(console, tmp_path, monkeypatch):
    def small(root, settings, **options):
        return demo(root, replace(settings, train=2, val=1, test=1, image_size=64, proposals=10), **options)

    monkeypatch.setattr("mmtool.stages.demo.demo", small)
    stdout, _ = console.run("demo", tmp_path / "кино", "--epochs", 1)
    assert "кино" in stdout
