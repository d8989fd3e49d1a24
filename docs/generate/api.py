"""Pages of the Python API: one for each module behind the front door, with the names that it gives."""

import ast
from collections.abc import Iterator
from pathlib import Path

import mmtool

Pages = dict[str, str]  # Markdown by path below docs/

ORDER = (
    "run",
    "segment",
    "extract",
    "project",
    "train",
    "align",
    "evaluate",
    "compare",
    "report",
    "retrieve",
    "plot",
    "export",
    "experiment",
    "imports",
    "demo",
    "info",
    "doctor",
)
TITLES = {"records": "Records", "errors": "Errors", "choices": "Choices", "imports": "import"}


def public_names() -> Iterator[tuple[str, str]]:
    """The module and the name of everything that ``import mmtool`` offers, as its source declares it."""
    tree = ast.parse(Path(mmtool.__file__).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("mmtool."):
            for alias in node.names:
                if (alias.asname or alias.name) in dir(mmtool):
                    yield node.module, alias.asname or alias.name


def api_pages() -> Pages:
    """A page for each command, with its function, settings and report; then records and errors."""
    groups: dict[str, list[str]] = {}
    for module, name in public_names():
        groups.setdefault(_group(module), []).append(name)
    return {f"api/{group}.md": _page(group, names) for group, names in sorted(groups.items(), key=_place)}


def _group(module: str) -> str:
    """``mmtool.stages.align`` and ``mmtool.settings.align`` → ``align``; ``mmtool.errors`` → ``errors``."""
    parts = module.split(".")
    return parts[2] if parts[1] in ("stages", "settings") and len(parts) > 2 else parts[1]


def _place(group: tuple[str, list[str]]) -> tuple[int, str]:
    """Commands in the order in which data flows, then the others, records and errors last."""
    name = group[0]
    if name in ORDER:
        return ORDER.index(name), name
    return (len(ORDER) + (name in ("choices", "records", "errors")), name)


def _kind(name: str) -> int:
    """Functions first, then settings, then results and other records."""
    if name.islower():
        return 0
    return 1 if name.endswith("Settings") else 2


def _page(group: str, names: list[str]) -> str:
    """The names of one group, each with its documentation."""
    blocks, plain = [], ("separate_signature: false", "show_signature: false")
    for name in sorted(set(names), key=lambda name: (_kind(name), names.index(name))):
        options = {
            1: [
                "members: false",
                "separate_signature: false",
                "show_signature: false",
            ],  # the fields are described in the docstring
            2: ["inherited_members: true", *plain],
        }.get(_kind(name), [])
        lines = "".join(f"      {option}\n" for option in options)
        blocks.append(f"::: mmtool.{name}\n" + (f"    options:\n{lines}" if lines else ""))
    return f"# {TITLES.get(group, group)}\n\n" + "\n".join(blocks)
