"""Write docs/licences.md: python docs/generate/licences.py, where mmtool and its extras are installed.

Licences are those that the installed packages declare in their metadata.
"""

import re
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
EXTRAS = ("transnetv2", "export", "cut", "pe-av", "ray", "speech")
READ = {"pympi-ling": "MIT"}  # in its files; the metadata do not say it
NVIDIA = "NVIDIA's CUDA licence (proprietary)"
HEAD = """# Licences

The packages that mmtool installs, with its extras `cut`, `export`, `pe-av`, `ray`, `speech` and
`transnetv2`, and the licences that they declare. `python docs/generate/licences.py` makes this page
from what is installed.

Copyleft and proprietary parts:

- The wheels of av, opencv-python and imageio-ffmpeg contain builds of FFmpeg. That of imageio-ffmpeg is
  a program under the GPL, which mmtool calls and never links; that of opencv-python is under the LGPL.
  The build of av contains x264 and x265, which are under the GPL: who distributes mmtool together with
  av's wheel distributes GPL code.
- On Linux, torch installs NVIDIA's CUDA libraries, which are proprietary and free of charge; builds of
  torch for CPUs do without.

| package | version | licence |
|---|---|---|
"""


def packages() -> dict[str, Distribution]:
    """What is installed of the dependencies, of the extras, and of their dependencies, by canonical name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for extra in EXTRAS for line in extras[extra])]
    pending, found = [Requirement(line) for line in lines], {}
    while pending:
        requirement = pending.pop()
        name = canonicalize_name(requirement.name)
        try:
            package = distribution(name)
        except PackageNotFoundError:  # of another system, or of an extra that nobody asked for
            continue
        if name in found:
            continue
        found[name] = package
        wanted = [{"extra": extra} for extra in requirement.extras] or [{"extra": ""}]
        for needed in map(Requirement, package.requires or ()):
            if needed.marker is None or any(needed.marker.evaluate(extra) for extra in wanted):
                pending.append(needed)
    return found


def licence(name: str, package: Distribution) -> str:
    """The licence that a package declares: as an SPDX expression, by classifiers, or in the old field."""
    metadata = package.metadata
    if expression := metadata.get("License-Expression"):
        return expression
    classifiers = [c.rpartition(" :: ")[2] for c in metadata.get_all("Classifier") or () if "License ::" in c]
    known = [c for c in classifiers if c != "OSI Approved"]
    field = (metadata.get("License") or "").strip().partition("\n")[0]
    default = NVIDIA if name.startswith(("nvidia-", "cuda-")) else READ.get(name, "not declared")
    return ", ".join(known) or field or default


def page() -> str:
    """The page in Markdown."""
    rows = []
    for name, package in sorted(packages().items()):
        said = re.sub(r"\s+", " ", licence(name, package)).replace("|", "or")
        rows.append(f"| {package.metadata['Name']} | {package.version} | {said} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    (ROOT / "docs" / "licences.md").write_text(page(), encoding="utf-8")
