"""The registry of implementations: built-in rows, entry points of other packages, and what can go wrong."""

import sys
from fractions import Fraction

import pytest

from mmtool.errors import SettingError
from mmtool.plugins import Registry
from support.plugins import install_plugin

GROUP = "mmtool.test_numbers"


@pytest.fixture
def registry():
    return Registry(
        GROUP,
        "number",
        {"fraction": "fractions:Fraction", "none": "decimal:Decimal"},
        expected="a type",
        accepts=lambda loaded: isinstance(loaded, type),
    )


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of the import path; modules that are loaded from it are forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path / "site")
    before = set(sys.modules)
    yield tmp_path / "site"
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_built_in_names_come_first_and_are_loaded_by_their_place(registry):
    assert registry.names() == ("fraction", "none")
    assert registry.load("fraction") is Fraction


def test_a_plug_in_is_loaded_only_when_it_is_used(registry, site):
    install_plugin(site, "my-numbers", GROUP, {"mine": "my_numbers:Mine"}, "class Mine: pass")
    assert registry.names() == ("fraction", "none", "mine")
    assert "my_numbers" not in sys.modules
    assert registry.load("mine").__name__ == "Mine"
    assert registry.problems() == []


def test_a_built_in_name_does_not_look_for_plug_ins(registry, monkeypatch):
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: pytest.fail("looked for plug-ins"))
    assert registry.load("fraction") is Fraction


def test_an_unknown_name_lists_the_known_ones(registry, site):
    install_plugin(site, "my-numbers", GROUP, {"mine": "my_numbers:Mine"}, "class Mine: pass")
    with pytest.raises(SettingError) as caught:
        registry.load("main")
    assert str(caught.value) == "number must be one of fraction, none, mine, not 'main'"


@pytest.mark.parametrize(
    ("source", "value", "problem"),
    [
        (
            "import there_is_none",
            "bad:X",
            "cannot be loaded: ModuleNotFoundError: No module named 'there_is_",
        ),
        ("raise ValueError('two\\nlines')", "bad:X", "cannot be loaded: ValueError: two lines"),
        ("", "bad:X", "cannot be loaded: AttributeError: module 'bad' has no attribute 'X'"),
        ("", "not a place", "cannot be loaded: "),
        ("X = 3", "bad:X", "is not a type"),
    ],
)
def test_a_broken_plug_in_is_named_in_one_line(registry, site, source, value, problem):
    install_plugin(site, "bad", GROUP, {"broken": value}, source, version="0.3")
    with pytest.raises(SettingError) as caught:
        registry.load("broken")
    line = str(caught.value)
    assert line.startswith(f"number broken: {value} of bad 0.3 {problem}")
    assert line.endswith("; update or uninstall that package")
    assert "\n" not in line
    assert registry.problems() == [line.removeprefix("number ")]
    assert registry.load("fraction") is Fraction


def test_a_built_in_name_wins_over_a_plug_in(registry, site):
    install_plugin(site, "bold", GROUP, {"fraction": "bold:Mine"}, "class Mine: pass")
    assert registry.names() == ("fraction", "none")
    assert registry.load("fraction") is Fraction
    assert registry.problems() == ["bold:Mine of bold 1.0 is ignored: fraction is built in"]


def test_a_name_that_two_packages_claim_cannot_be_used(registry, site):
    for package in ("one", "two"):
        install_plugin(site, package, GROUP, {"mine": f"{package}:Mine"}, "class Mine: pass")
    line = "mine is claimed by one:Mine of one 1.0 and by two:Mine of two 1.0; uninstall all but one"
    assert registry.names() == ("fraction", "none")
    with pytest.raises(SettingError, match=line):
        registry.load("mine")
    assert registry.problems() == [line]


def test_malformed_metadata_leaves_the_built_in_names(registry, site):
    install_plugin(site, "odd", GROUP, {"mine": "odd:Mine"})
    (site / "odd-1.0.dist-info" / "entry_points.txt").write_text(f"[{GROUP}]\nno value\n", encoding="utf-8")
    assert registry.load("fraction") is Fraction
    assert registry.names() == ("fraction", "none")
    with pytest.raises(SettingError, match="must be one of fraction, none, not 'mine'; plug-ins cannot be"):
        registry.load("mine")
