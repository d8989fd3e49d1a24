"""Configurations of the detector that are small on disk and endless in memory are refused quickly."""

from pathlib import Path

import pytest

from mmtool.encoders.visual_genome.config import DetectorSettings, read_settings
from mmtool.errors import InputError

ALIASES = "\n".join(
    ["a0: &a0 [x, x, x, x]", *(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 30))]
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (ALIASES + "\nmax_detections: *a29", "cannot be read as YAML"),
        ("a: &a x\nb: [" + "*a, " * 200 + "]", "cannot be read as YAML"),
        ("a: &a [*a]\nmax_detections: *a", "cannot be read as YAML"),
        ("[" * 100_000, "cannot be read as YAML"),
        ("- " * 100_000, "cannot be read as YAML"),
        ("a: " + "9" * 10_000, "cannot be read as YAML"),
        ("a: 2001-99-99", "cannot be read as YAML"),
        ("#" * (2 << 20), "cannot be read as YAML"),
        ("input: {min_size_test: 1e400}", "min_size_test is '1e400', not a value like 800"),
        ("input: {min_size_test: .inf}", "min_size_test is inf, not a value like 800"),
        ("input: {min_size_test: '" + "(" * 5000 + "'}", "not a value like 800"),
    ],
    ids=lambda value: value[:20],
)
def test_endless_configurations_are_refused(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=problem):
        read_settings(path, remedy="mend it")


def test_an_alias_for_a_value_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("input: {max_size_test: &size 640, min_size_test: *size}", encoding="utf-8")
    assert read_settings(path, remedy="mend it").shortest_side == 640 != DetectorSettings().shortest_side
