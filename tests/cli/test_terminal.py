"""What a terminal shows: help with an example, narrow windows, no colour, completion."""

import os
import re
import subprocess
import sys

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from mmtool import __version__
from mmtool.cli.main import app
from mmtool.cli.tables import rows_table


def commands(command=None, name=()):
    """The words of every command and group."""
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


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_help_has_an_example_that_is_a_call_of_it(words):
    text = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200"}).output
    examples = re.findall(r"Example: (mmtool .*)", text)
    assert examples
    for example in examples:
        assert example.startswith(" ".join(("mmtool", *words)).removesuffix(" alignments"))


def test_the_version():
    assert mmtool("--version") == f"mmtool {__version__}\n"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("mmtool rep", "report"), ("mmtool report --r", "--run"), ("mmtool export corpus --format o", "otio")],
)
def test_a_shell_completes_commands_options_and_choices(typed, offered):
    place = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    assert mmtool(_MMTOOL_COMPLETE="complete_bash", **place).split() == [offered]


def test_the_script_for_a_shell():
    """That of --show-completion, which asks what shell it was called from; the test need not have one."""
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
def test_no_colour_is_respected(environment, coloured):
    """On a terminal; a pipe never sees colours."""
    say = "from mmtool.cli.console import out; out.print('[red]word[/]')"
    for terminal in ({"FORCE_COLOR": "1", "TERM": "xterm"}, {}):
        clean = {name: os.environ[name] for name in os.environ if name not in ("NO_COLOR", "FORCE_COLOR")}
        shown = subprocess.run(
            [sys.executable, "-c", say], env=clean | terminal | environment, capture_output=True, check=True
        ).stdout
        assert (b"\x1b[31m" in shown) == (coloured and bool(terminal))
