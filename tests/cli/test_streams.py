"""Standard streams that are closed, and names that would steer a terminal."""

import os
import shlex
import shutil
import subprocess
import sys

import pytest

from support.commands import call
from support.corpora import make_corpus


def mmtool_with(streams, *arguments):
    """Run the command in a shell that does something to its standard streams."""
    command = shlex.join([sys.executable, "-m", "mmtool", *map(str, arguments)])
    return subprocess.run(
        ["/bin/sh", "-c", f"{command} {streams}"], capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&-"])
@pytest.mark.parametrize("options", [[], ["--json"], ["--beam-width", "0"]], ids=["table", "json", "error"])
def test_closed_streams_do_not_matter(tmp_path, streams, options):
    corpus = make_corpus(tmp_path)
    result = mmtool_with(streams, "align", corpus.root, *options)
    assert result.returncode == (2 if "0" in options else 0)
    assert "Traceback" not in result.stderr


def test_control_characters_of_names_do_not_reach_the_terminal(tmp_path):
    """A name that would set the window's title, and one that would begin a line of its own."""
    corpus = make_corpus(tmp_path)
    for name in ("\x1b]0;title\x07", "x\nerror all is lost"):
        for folder in ("clips", "snippets"):
            shutil.copy(corpus.root / folder / "v0.csv", corpus.root / folder / f"{name}.csv")
    result = call("align", corpus.root, code=1)
    assert r"\x1b]0;title\x07: this name contains a control character" in result.stderr
    assert "\x1b" not in result.stdout + result.stderr
    assert not any(line.startswith("error") for line in (result.stdout + result.stderr).splitlines())
