"""The pages of the documentation, taken apart: blocks of code, headings, links."""

import importlib.util
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^ *```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (?P<text>.*?)(?: \{ #(?P<id>[\w-]+) \})?$", re.MULTILINE)


def generator(name: str) -> ModuleType:
    """A module of docs/generate."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / "generate" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Block:
    """A block of code; ``mark`` is the comment above it, empty where there is none."""

    page: str
    line: int
    language: str
    code: str
    mark: str

    @property
    def scenario(self) -> str:
        """What a test prepares for it; empty where it is not run."""
        return self.mark.removeprefix("test: ").split(" + ")[0] if self.mark.startswith("test: ") else ""

    @property
    def more(self) -> list[str]:
        """Options that make its training short."""
        return self.mark.split(" + ")[1].split() if " + " in self.mark else []

    def commands(self) -> list[str]:
        """The lines that start with ``$ mmtool``, without the prompt and the comments."""
        lines = self.code.replace("\\\n", " ").splitlines()
        return [line.strip().removeprefix("$ ") for line in lines if line.strip().startswith("$ mmtool")]


def written_pages() -> dict[str, str]:
    """The text of each page that people write, by its path below the root."""
    paths = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def generated_pages() -> dict[str, str]:
    """Those that docs/generate makes."""
    pages = generator("commands").command_pages() | generator("api").api_pages()
    return {f"docs/{path}": text for path, text in pages.items()}


def blocks(page: str, text: str) -> Iterator[Block]:
    """The blocks of code of a page."""
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start("code"))
        yield Block(page, line, found["language"], found["code"], found["mark"] or "")


def links(text: str) -> Iterator[str]:
    """Targets of a page's links and pictures, those in code left out."""
    for found in _LINK.finditer(re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text))):
        yield found["target"]


def anchors(text: str) -> set[str]:
    """The ids of a page's headings, as MkDocs and GitHub make them."""
    found = set()
    for heading in _HEADING.finditer(_FENCE.sub("", text)):
        words = re.sub(r"[^\w\s-]", "", heading["text"]).strip().lower()
        found.add(heading["id"] or re.sub(r"[-\s]+", "-", words))
    return found
