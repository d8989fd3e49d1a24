"""What ``import mmtool`` offers."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import mmtool

TYPED_CALLS = """
import mmtool
from mmtool import AlignReport, AlignSettings


def doubtful(report: AlignReport) -> list[str]:
    return [video.id for video in report.videos if video.verdict is mmtool.Verdict.DOUBTFUL]


def whole(film: str, text: str) -> list[tuple[float, float, float, str]]:
    alignment = mmtool.align_film(film, text)
    return [(match.start, match.end, match.confidence, match.text) for match in alignment.matches]


mmtool.segment("corpus", split="sentences", threshold=20)
print(doubtful(mmtool.align("corpus", AlignSettings(run="first"))))
"""


def test_the_names_for_type_checkers_are_those_that_are_imported():
    tree = ast.parse(Path(mmtool.__file__).read_text(encoding="utf-8"))
    [block] = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {alias.asname for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert typed == set(dir(mmtool))


@pytest.mark.parametrize("name", dir(mmtool))
def test_every_name_is_there(name):
    assert getattr(mmtool, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'aling'"):
        _ = mmtool.aling


def test_importing_takes_under_50_ms_and_loads_no_torch():
    """The best of five, in processor time."""
    program = (
        "import sys, time; start = time.process_time(); import mmtool; spent = time.process_time() - start\n"
        "print(spent, {'torch', 'numpy', 'typer'}.intersection(sys.modules) or '')"
    )
    calls = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        for _ in range(5)
    ]
    seconds = [call.stdout.split() for call in calls]
    assert {len(parts) for parts in seconds} == {1}
    assert min(float(parts[0]) for parts in seconds) < 0.05


@pytest.mark.slow
def test_callers_outside_of_the_package_are_typed(tmp_path):
    (tmp_path / "caller.py").write_text(TYPED_CALLS, encoding="utf-8")
    home = Path(mmtool.__file__).parents[1]
    is_installed = home.name == "site-packages"  # mypy finds it there, and checks the caller alone
    options = ["--strict", "--cache-dir", tmp_path / "cache", "--follow-imports=silent"]
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "caller.py"],
        cwd=tmp_path,
        env=os.environ | ({} if is_installed else {"MYPYPATH": str(home)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_the_package_says_that_it_is_typed():
    assert (Path(mmtool.__file__).parent / "py.typed").exists()
