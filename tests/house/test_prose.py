"""Phrases that readers have to decipher, which a pass over all texts has removed, do not return.

The test reads the help texts, docstrings, comments and string literals of the package, and the pages of the
documentation. Each rule is a pattern whose every match is wrong; matters of judgement are left to reviews.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pytest
import typer

import mmtool
from mmtool.cli.main import app

HOUSE = Path(mmtool.__file__).parent
ROOT = HOUSE.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ROOMS = sorted({path.relative_to(HOUSE).parts[0] for path in HOUSE.rglob("*.py")})

COUNTED = "annotation|alignment|clip|epoch|failure|film|frame|id|match|run|sentence|snippet|text|video|word"
RULES = {  # what to write instead → what not to write
    "write “is not a Y”, “has no Y” or “there is no Y”": (
        r"(?<!there )(?<!There )\b(?:is|are|was|were) no\b(?! (?:longer|more|less|fewer|better|worse)\b)"
    ),
    "write “has no effect”": r"\bmeans? nothing to\b",
    "write “leave out” or “omit”": r"\b(?:leave|leaves|leaving|left)(?: [\w`'’-]+){1,4} away\b",
    "write “again”": r"\banew\b",
    "write “is not a valid …”": r"\bor a damaged one\b",
    "say what the module is": r"\bnot a stage of its own\b",
    "write “confidence”, “similarity” or “reliability”": r"\bhow (?:sure|alike|honest)\b",
    "write the singular after 1": rf"(?<![\w.,+*/–-])1 (?:{COUNTED})(?:s|es)\b",
}


class Text(NamedTuple):
    """A text, and the place where it begins."""

    place: str
    text: str


def texts_of_module(path: Path) -> Iterator[Text]:
    """String literals, docstrings and f-strings included; and comments, joined if on adjacent lines."""
    source, place = path.read_text(encoding="utf-8"), path.relative_to(ROOT)
    tree = ast.parse(source)
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    inside |= {id(node.format_spec) for node in ast.walk(tree) if isinstance(node, ast.FormattedValue)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield Text(f"{place}:{node.lineno}", node.value)
        elif isinstance(node, ast.JoinedStr) and id(node) not in inside:
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield Text(f"{place}:{node.lineno}", "".join(map(str, parts)))
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]
    for _, block in groupby(enumerate(comments), key=lambda item: item[1][0] - item[0]):
        lines = [comment for _, comment in block]
        yield Text(f"{place}:{lines[0][0]}", " ".join(text.lstrip("# ") for _, text in lines))


def texts_of_page(path: Path) -> Iterator[Text]:
    """Paragraphs and lines of tables, without blocks of code."""
    number = 1
    for part in re.split(r"(^```.*?^```$)", path.read_text(encoding="utf-8"), flags=re.M | re.S):
        if not part.startswith("```"):
            start = number
            for paragraph in re.split(r"(\n\n+|\n(?=\|))", part):
                yield Text(f"{path.relative_to(ROOT)}:{start}", paragraph)
                start += paragraph.count("\n")
        number += part.count("\n")


def texts_of_help(command=None, name="mmtool") -> Iterator[Text]:
    """What ``--help`` shows of each command and of each of its options."""
    command = command or typer.main.get_command(app)
    yield Text(f"{name} --help", command.help or "")
    for param in command.params:
        yield Text(f"{name} {max(param.opts)}", getattr(param, "help", None) or "")
    for word, child in getattr(command, "commands", {}).items():
        yield from texts_of_help(child, f"{name} {word}")


def hits(text: Text) -> Iterator[str]:
    """Each match of a rule: where it is, what it says, and what to write instead."""
    plain = " ".join(text.text.split())
    for advice, pattern in RULES.items():
        for found in re.finditer(pattern, plain):
            start, end = max(0, found.start() - 30), found.end() + 30
            yield f"{text.place}: …{plain[start:end]}…: {advice}"


def refuse(found: Iterable[str]) -> None:
    """Fail with a line for each hit."""
    lines = list(found)
    assert not lines, "\n".join(["", *lines])


@pytest.mark.parametrize("room", ROOMS)
def test_the_package(room):
    """Each room, and each module of the bottom row, has a result of its own."""
    paths = [HOUSE / room] if room.endswith(".py") else sorted((HOUSE / room).rglob("*.py"))
    refuse(hit for path in paths for text in texts_of_module(path) for hit in hits(text))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_documentation(page):
    refuse(hit for text in texts_of_page(page) for hit in hits(text))


def test_help():
    texts = list(texts_of_help())
    assert len(texts) > 100
    refuse(hit for text in texts for hit in hits(text))
    refuse(
        f"{text.place}: begin with the noun, not with “Of”" for text in texts if text.text.startswith("Of ")
    )


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a.json is no alignment", True),
        ("{}: are no numbers", True),
        ("there is no alignment", False),
        ("There are no numbers", False),
        ("the film is no longer needed", False),
        ("is\nno alignment", True),
        ("--path: means nothing to dtw", True),
        ("leave the second one away", True),
        ("leave the second one out; put it away", False),
        ("start this run anew", True),
        ("1 videos", True),
        ("21 videos", False),
        ("0.1 videos", False),
        ("1 video", False),
        ("how sure the decoder is", True),
    ],
)
def test_the_rules(text, wrong):
    assert bool(list(hits(Text("here", text)))) is wrong


def test_the_readers_see_every_kind_of_text(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    (tmp_path / "a.py").write_text(
        '"""Docstring."""\n# one comment\n# in two lines\nX = "a" "b"  # behind\nY = f"{X} c {X!r:>3}"\n'
    )
    assert list(texts_of_module(tmp_path / "a.py")) == [
        ("a.py:1", "Docstring."),
        ("a.py:4", "ab"),
        ("a.py:5", "{} c {}"),
        ("a.py:2", "one comment in two lines behind"),
    ]
    (tmp_path / "a.md").write_text("# A\n\ntwo\nlines\n\n```sh\ncode\n```\n\n| a |\n| b |\n")
    texts = [(text.place, text.text.strip()) for text in texts_of_page(tmp_path / "a.md")]
    assert [text for text in texts if text[1]] == [
        ("a.md:1", "# A"),
        ("a.md:3", "two\nlines"),
        ("a.md:10", "| a |"),
        ("a.md:11", "| b |"),
    ]
    assert {"mmtool --help", "mmtool align --beam-width"} <= {text.place for text in texts_of_help()}
