"""Names that some system cannot store, or takes for one, are known on every system."""

import pytest

from mmtool.portable_names import LONGEST, problem_of, same_file


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "is empty"),
        ("a:b", "with :"),
        ("Why?", "with ?"),
        ("a/b", "with /"),
        ("a\\b", "with \\"),
        ('"a"', 'with "'),
        ("a\nb", "a control character"),
        ("a\x1b[31m", "a control character"),
        ("a\x85", "a control character"),
        ("a.", "ends in a dot"),
        ("..", "ends in a dot"),
        ("a ", "ends in a space"),
        ("con", "that of a device"),
        ("NUL.old", "that of a device"),
        ("Com1 .x", "that of a device"),
        ("lpt¹", "that of a device"),
        ("ä" * 101, "more than 200 bytes"),
    ],
)
def test_what_some_system_cannot_store(name, said):
    assert said in problem_of(name)


@pytest.mark.parametrize(
    "name",
    [".a", " a", "a.b", "a b", "-a", "console", "nul-1", "at 10\u202fAM", "電影", "x" * LONGEST],
)  # fmt: skip
def test_what_every_system_can_store(name):
    assert problem_of(name) == ""


def test_what_some_system_takes_for_one_name():
    assert same_file("Zo\u00eb") == same_file("ZOE\u0308") != same_file("Zoe")
    assert same_file("Straße") == same_file("STRASSE")
