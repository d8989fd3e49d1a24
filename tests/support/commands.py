"""Commands called as a user calls them."""

from pathlib import Path

from typer.testing import CliRunner

from mmtool.cli.main import app

EXTRACT = ["--video-encoder", "timing", "--text-encoder", "length"]


TRAIN = ["--run", "r", "--epochs", "2", "--threads", "1", "--batch-size", "4"]


def call(*arguments: object, code: int = 0):
    """Run ``mmtool …``; no traceback may reach the user."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def chain(root: Path) -> None:
    call("extract", root, *EXTRACT)
    call("project", root)
    call("train", root, *TRAIN)


def complaint(result, name: str) -> str:
    """The one line on stderr, which must name the file."""
    lines = [line for line in result.stderr.splitlines() if line.startswith(("failed", "error"))]
    assert len(lines) == 1, result.stderr
    assert name in lines[0]
    return lines[0]
