"""Every command on streams of the encoding cp1252, which Windows gives to pipes and files."""

import io
import sys
from dataclasses import replace

import pytest
from click import Context, Group
from typer.main import get_command

from mmtool.choices import Split
from mmtool.cli.main import CONTENTS, app, main
from mmtool.formats.splits import write_split
from mmtool.stages.demo import demo
from support.corpora import make_corpus
from support.films import draw_film
from support.region_features import write_regions
from support.retrieval_corpora import make_searchable
from support.small_models import save_clip
from support.speech import model_folder

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
    (group, name)
    for group in ("import", "export")
    for name in get_command(app).get_command(Context(Group("mmtool")), group).list_commands(None)
]


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS), *SUBCOMMANDS], ids=" ".join)
def test_help(console, command):
    stdout, _ = console.run(*command, "--help")
    assert "Usage: mmtool" in stdout
    assert "╭" in stdout


AFTER_RUN = (  # each with something that it prints
    ("doctor {corpus}", "✓"),
    ("segment {corpus}", "segment"),
    ("transcribe {corpus} --model {model} --threads 1", "has no sound"),
    ("extract {corpus} --video-encoder timing --text-encoder length", "extract"),
    ("info {corpus}", "corpus folder"),
    ("info {corpus} --verify", ""),
    ("report {corpus}", "report"),
    ("export alignments {corpus} --format srt -o {out}", "export"),
    ("export alignments {corpus} --format csv -o {out}", "export"),
    ("plot {corpus} --what alignment", "plot"),
    ("align {corpus}", "align"),
    ("align {corpus} --json", FILM),
    ("retrieve {corpus} Satz --encoder {clip}", FILM),
    ("import srt {srt} {corpus}", "pins"),
    ("import csv {csv} {corpus} --force", "pins"),
)
RESEARCH = (
    "extract {corpus} --video-encoder timing --text-encoder length",
    "project {corpus}",
    "train {corpus} --run r --epochs 2 --threads 1 --batch-size 4",
    "train --presets",
    "train {corpus} --preset semi-markov",
    "calibrate {corpus} --run r",
    "align {corpus} --run r",
    "align {corpus} --run timing",
    "evaluate {corpus} --run r --per-video",
    "compare {corpus} --run r --run timing",
    "plot {corpus} --run r",
    "experiment {corpus} {plan} --epochs 1 --seeds 0",
    "export checkpoint {corpus} --run r -o {file}",
    "import checkpoint {file} {corpus} --run again",
    "balance {corpus} --by annotations --split train --force",
)
MATCHING = (
    "train {corpus} --preset multiway --run m --epochs 2 --batch-size 8 --threads 1 --device cpu",
    "score {corpus} --run m",
    "explain {corpus} --run m --clip one:1",
    "retrieve {corpus} door --run m",
)


def words(line, places):
    """The arguments of a command; places may have spaces in their names."""
    return [places.get(word.strip("{}"), word) if word[0] == "{" else word for word in line.split()]


def test_every_command_is_run_on_such_streams():
    run = [line for line, _ in AFTER_RUN] + [*RESEARCH, *MATCHING]
    assert {line.split()[0] for line in run} | {"run", "demo"} == set(COMMANDS)


def test_a_film_from_its_alignment_to_exports(console, tmp_path):
    draw_film(tmp_path / f"{FILM}.mp4")
    (tmp_path / f"{FILM}.txt").write_text("ein Satz – ja\nund noch einer … 終\n", encoding="utf-8")
    corpus = tmp_path / "corpus"
    stdout, _ = console.run("run", tmp_path / f"{FILM}.mp4", tmp_path / f"{FILM}.txt", "-o", corpus)
    assert FILM in stdout or "終" in stdout
    out = tmp_path / "aus – 終"
    places = {"corpus": corpus, "model": model_folder(), "out": out, "clip": save_clip(tmp_path / "clip")}
    places |= {format: out / f"{FILM}.{format}" for format in ("srt", "csv")}
    for line, expected in AFTER_RUN:
        assert expected in "".join(console.run(*words(line, places))), line
    _, stderr = console.run("align", corpus, "--run", "終", code=2)
    assert "終" in stderr


@pytest.mark.slow
def test_research_from_features_to_measures(console, tmp_path):
    corpus = make_corpus(tmp_path / "корпус").root
    file, plan = tmp_path / "weights.pth", tmp_path / "plan.toml"
    plan.write_text(PLAN, encoding="utf-8")
    for line in RESEARCH:
        assert any(console.run(*words(line, {"corpus": corpus, "plan": plan, "file": file}))), line


@pytest.mark.slow
def test_a_matcher_and_what_it_is_for(console, tmp_path):
    corpus = make_searchable(tmp_path / "корпус")
    write_regions(corpus)
    write_split(corpus.split(Split.TRAIN), ["one", "two"])
    for line in MATCHING:
        assert any(console.run(*words(line, {"corpus": corpus.root}))), line


NEEDED = {"checkpoint": ["--run", "r"], "features": ["--name", "n", "--modality", "video"]}


@pytest.mark.parametrize("name", [name for group, name in SUBCOMMANDS if group == "import"])
def test_what_cannot_be_imported_is_named(console, tmp_path, name):
    make_corpus(tmp_path / "corpus", train=1, val=0, test=0)
    options = NEEDED.get(name, [])
    _, stderr = console.run("import", name, tmp_path / "фильмы", tmp_path / "corpus", *options, code=2)
    assert "фильмы" in stderr


@pytest.mark.slow
def test_the_demo(console, tmp_path, monkeypatch):
    def small(root, settings, **options):
        return demo(root, replace(settings, train=2, val=1, test=1, image_size=64, proposals=10), **options)

    monkeypatch.setattr("mmtool.stages.demo.demo", small)
    stdout, _ = console.run("demo", tmp_path / "кино", "--epochs", 1)
    assert "кино" in stdout
