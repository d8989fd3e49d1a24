"""tests/floors.txt pins the oldest version that is allowed of each package; the documentation lists each."""

import re
import tomllib
from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from support.documentation import ROOT

EXTRAS = ("transnetv2", "export", "cut", "pe-av", "ray", "speech")  # of users, not of developers
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements() -> Iterator[Requirement]:
    """What users install: the dependencies, and those of the extras."""
    lines = [*PROJECT["dependencies"]]
    for extra in EXTRAS:
        lines += PROJECT["optional-dependencies"][extra]
    return map(Requirement, lines)


def floors() -> dict[str, Version]:
    lines = (ROOT / "tests" / "floors.txt").read_text(encoding="utf-8").splitlines()
    pins = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): Version(version) for name, version in pins}


def test_each_floor_is_the_oldest_version_that_is_allowed():
    pinned = floors()
    for requirement in requirements():
        (bound,) = (Version(part.version) for part in requirement.specifier if part.operator == ">=")
        pin = pinned[canonicalize_name(requirement.name)]
        given = len(bound.release)
        padded = (*pin.release, *(0,) * given)[:given]
        assert padded == bound.release, f"{requirement} in pyproject.toml, {pin} in tests/floors.txt"


def test_dependencies_are_listed_with_their_licences():
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    licences = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    listed = {canonicalize_name(name) for name in re.findall(r"^\| ([\w.-]+) \|", licences, re.MULTILINE)}
    for requirement in requirements():
        name = requirement.name
        assert re.search(rf"\b{re.escape(name)}\b", page), f"{name} is missing from docs/dependencies.md"
        assert canonicalize_name(name) in listed, f"{name} is missing from docs/licences.md"
