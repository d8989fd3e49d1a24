"""What a terminal shows: help, in wide and narrow windows, with and without colour; and completion."""

import os
import re
import subprocess
import sys

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from mmtool import __version__
from mmtool.cli.main import CONTENTS, app
from mmtool.cli.tables import rows_table

BORDERS = "│╭╮╰╯─"


def commands(command=None, name=()):
    """The words that call each command and group."""
    command = command or typer.main.get_command(app)
    yield name
    for word, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*name, word))


def mmtool(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "mmtool", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def help_of(*words, columns):
    return CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": str(columns)}).output


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_help_has_an_example_that_is_a_call_of_it(words):
    text = help_of(*words, columns=200)
    examples = re.findall(r"Example: (mmtool .*)", text)
    assert examples
    for example in examples:
        assert example.startswith(" ".join(("mmtool", *words)).removesuffix(" alignments"))


def test_the_contents_start_where_a_newcomer_starts():
    text = help_of(columns=80)
    panels = re.findall(r"─ ([A-Z][a-z ]+) ─", text)
    assert panels == ["Options", "Start here", "Pipeline", "Analysis", "Exchange"] == ["Options", *CONTENTS]
    listed = re.findall(r"^│ ([a-z]+) ", text, flags=re.M)
    assert listed[:3] == ["run", "demo", "doctor"]
    assert listed == [name for names in CONTENTS.values() for name in names]


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_flags_show_no_type(words):
    assert "<bool>" not in help_of(*words, columns=200)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_lines_of_80_columns_break_between_words(words):
    """No line is longer, and each word of the narrow help is a word of the wide one."""
    narrow, wide = (help_of(*words, columns=columns) for columns in (80, 1000))
    assert max(map(len, narrow.splitlines())) <= 80
    there = set(wide.translate(dict.fromkeys(map(ord, BORDERS), " ")).split())
    assert set(narrow.translate(dict.fromkeys(map(ord, BORDERS), " ")).split()) - there == set()


def test_the_version():
    assert mmtool("--version") == f"mmtool {__version__}\n"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("mmtool rep", "report"), ("mmtool report --r", "--run"), ("mmtool export corpus --format o", "otio")],
)
def test_a_shell_completes_commands_options_and_choices(typed, offered):
    place = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    assert mmtool(_MMTOOL_COMPLETE="complete_bash", **place).split() == [offered]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("align {} --run ", ["first", "second", "semi-markov"]),
        ("align {} --run f", ["first"]),
        ("align {} --video t", ["timing", "timing.rp"]),
        ("align {}/nowhere --run ", []),
        ("align ~/corpus --run f", ["first"]),
        ("report {} --run ", ["first", "second", "semi-markov"]),
        ("plot {} --run s", ["second", "semi-markov"]),
        ("evaluate {} --run fi", ["first"]),
        ("export {} --run f", ["first"]),
    ],
)
def test_a_shell_completes_names_of_the_corpus(tmp_path, monkeypatch, typed, offered):
    for folder in ("runs/first", "runs/second", "alignments/semi-markov", "alignments/first", "features"):
        (tmp_path / "corpus" / folder).mkdir(parents=True)
    for file in ("runs/.DS_Store", "runs/notes.txt", "features/timing.h5", "features/timing.rp.h5"):
        (tmp_path / "corpus" / file).touch()
    (tmp_path / "corpus" / "features" / ".timing.part.h5").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    words = ["mmtool", *typed.format(tmp_path / "corpus").split(" ")]
    place = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    assert mmtool(_MMTOOL_COMPLETE="complete_bash", **place).split() == offered


def test_the_script_for_a_shell():
    """The script of --show-completion, which detects the shell; the test may run without one."""
    assert "complete -o default -F _mmtool_completion mmtool" in mmtool(_MMTOOL_COMPLETE="source_bash")


@pytest.mark.parametrize("width", [40, 80, 160])
def test_a_narrow_window_loses_no_digit(width, capsys):
    cell = "100.0 (100.0–100.0)"
    table = rows_table(["%", "video accuracy (95 % CI)", "text IoU", "micro"], [["a run"] + [cell] * 3])
    Console(width=width, force_terminal=True, color_system=None).print(table)
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= width
    assert shown.count("0") == 9 * 3


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_color_is_respected(environment, coloured):
    """On a terminal; a pipe never receives colours."""
    say = "from mmtool.cli.console import out; out.print('[red]word[/]')"
    for terminal in ({"FORCE_COLOR": "1", "TERM": "xterm"}, {}):
        clean = {name: os.environ[name] for name in os.environ if name not in ("NO_COLOR", "FORCE_COLOR")}
        shown = subprocess.run(
            [sys.executable, "-c", say], env=clean | terminal | environment, capture_output=True, check=True
        ).stdout
        assert (b"\x1b[31m" in shown) == (coloured and bool(terminal))
