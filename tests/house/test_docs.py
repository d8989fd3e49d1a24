"""The documentation is true: its code runs, its commands exist, its links lead somewhere.

A block below the comment ``<!-- test: NAME -->`` is run in a folder that holds what ``prepare`` puts there
for NAME; blocks of one page share the folder. Options after ``+`` are added to ``mmtool train``. A block that
is marked as a plug-in is installed as a package with the entry point that the block above it declares.
"""

import csv
import importlib
import re
import shlex
import shutil
import sys
import tomllib
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
import typer

from mmtool.choices import Split
from mmtool.cli.main import app
from mmtool.formats.annotations import write_annotations
from mmtool.formats.corpus import Corpus
from mmtool.formats.plans import read_plan
from mmtool.formats.splits import write_split
from mmtool.synthetic.drawing import write_video
from mmtool.synthetic.movies import make_movie
from mmtool.text.readers import read_text
from mmtool.training.presets import preset_settings
from support.commands import call
from support.documentation import ROOT, Block, anchors, blocks, generated_pages, links, written_pages
from support.plugins import install_plugin

PAGES = written_pages()
REFERENCE = generated_pages()
BLOCKS = [block for page, text in PAGES.items() for block in blocks(page, text)]
SCENARIOS = {"film", "screenplay", "corpus", "library"}
RUN = SCENARIOS | {"plugin"}
FILM = "movie-000"
SCREENPLAY = "".join(
    f"INT. ROOM {k} - DAY\n\nA shape moves across the room. It stops.\n\nANNA\nI can see shape {k}.\n\n"
    for k in range(3)
)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory) -> Path:
    """A corpus of five drawn movies with texts, annotations and splits."""
    corpus = Corpus(tmp_path_factory.mktemp("drawn") / "corpus")
    ids = [f"movie-{number:03}" for number in range(5)]
    (corpus.root / "videos").mkdir(parents=True)
    (corpus.root / "texts").mkdir()
    for seed, id in enumerate(ids, start=1):
        movie = make_movie(seed=seed)
        write_video(movie, corpus.root / "videos" / f"{id}.mp4")
        text = "".join(f"{snippet}\n" for snippet in movie.snippets)
        (corpus.root / "texts" / f"{id}.txt").write_text(text, encoding="utf-8")
        write_annotations(corpus.annotations(id), movie.annotations)
    for split, part in ((Split.TRAIN, ids[:2]), (Split.VAL, ids[2:3]), (Split.TEST, ids[3:])):
        write_split(corpus.split(split), part)
    return corpus.root


def prepare(scenario: str, drawn: Path) -> None:
    """Put what a scenario needs into the current folder."""
    film, text = drawn / "videos" / f"{FILM}.mp4", drawn / "texts" / f"{FILM}.txt"
    if scenario in ("film", "screenplay") and not Path("film.mp4").exists():
        shutil.copy(film, "film.mp4")
        shutil.copy(text, "narration.txt")
        Path("film.fountain").write_text(SCREENPLAY, encoding="utf-8")
    if scenario in ("corpus", "library") and not Path(scenario).exists():
        shutil.copytree(drawn, scenario)


def install(declaration: Block, source: Block, site: Path) -> str:
    """Install the code of a block as a module, with the entry points of the block above it; its name."""
    ((group, entries),) = tomllib.loads(declaration.code)["project"]["entry-points"].items()
    module = next(iter(entries.values())).partition(":")[0]
    install_plugin(site, module.replace("_", "-"), group, entries, source.code)
    return module


@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS if block.scenario in RUN}))
def test_the_code_of_a_page_runs(page, drawn, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0}, raising=False)  # training takes one thread
    names: dict[str, object] = {}
    for above, block in pairwise(BLOCKS):
        if block.page != page or block.scenario not in RUN:
            continue
        if block.scenario == "plugin":
            module = install(above, block, tmp_path / "site")
            monkeypatch.syspath_prepend(tmp_path / "site")
            request.addfinalizer(partial(sys.modules.pop, module, None))
            continue
        prepare(block.scenario, drawn)
        if block.language == "python":
            source = "\n" * block.line + block.code  # so that a traceback names the line of the page
            exec(compile(source, page, "exec"), names)  # noqa: S102
            continue
        assert block.commands(), f"{page}:{block.line} has nothing to run"
        for line in block.commands():
            words = shlex.split(line, comments=True)[1:]
            call(*words, *(block.more if words[0] == "train" else []))


def test_every_mark_is_known():
    """A typing error in a mark must not switch a test off."""
    others = {"plan", "header", "texts"}
    for block in BLOCKS:
        if block.mark:
            kind = re.split(r"[ /]", block.scenario)[0]
            assert block.mark.startswith("not run: ") or kind in RUN | others, (block.page, block.mark)


@pytest.mark.parametrize(
    "block",
    [block for block in BLOCKS if block.language == "python"],
    ids=lambda block: f"{block.page}:{block.line}",
)
def test_python_is_run_or_says_why_not(block):
    assert block.mark, "mark it with <!-- test: … --> or <!-- not run: reason -->"
    compile(block.code, block.page, "exec")


COMMANDS = [
    (block.page, line)
    for block in [*BLOCKS, *(block for page, text in REFERENCE.items() for block in blocks(page, text))]
    for line in block.commands()
    if block.scenario not in SCENARIOS  # those are run
]


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_commands_and_options_exist(page, line):
    """Arguments are parsed as the program parses them, without running anything."""
    _, *words = shlex.split(line, comments=True)
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        groups = command.commands
        command = groups[words.pop(0)] if words[0] in groups else next(iter(groups.values()))
    command.make_context(line, list(words))


def test_a_wrong_option_would_be_noticed():
    with pytest.raises(Exception, match="--beam-breadth"):
        test_commands_and_options_exist("", "mmtool align corpus --beam-breadth 3")


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.scenario == "plan"])
def test_plans_are_plans(block, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(block.code, encoding="utf-8")
    for row in read_plan(path).rows:
        if row.preset:
            preset_settings(row.preset, row.settings)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.scenario.startswith("texts/")])
def test_texts_are_read(block, tmp_path):
    path = tmp_path / Path(block.scenario).name
    path.write_text(block.code, encoding="utf-8")
    text = read_text(path, split="none", language="en")
    assert len(text.snippets) >= 2
    if path.suffix in (".csv", ".jsonl"):
        assert (text.snippets[0].start, text.snippets[0].end, text.snippets[0].kind) == (1.5, 4, "action")


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.scenario.startswith("header ")])
def test_headers_are_those_that_are_written(block):
    name = block.scenario.removeprefix("header ")
    home = "exports" if name == "listings" else "formats"
    module = importlib.import_module(f"mmtool.{home}.{name}")
    optional = ("kind", *module.PLACE) if name == "snippets" else ()
    assert tuple(next(csv.reader([block.code.strip()]))) == (*module.COLUMNS, *optional)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    every = PAGES | REFERENCE
    for target in links(PAGES[page]):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (ROOT / page).parent / path if path else ROOT / page
        name = there.resolve().relative_to(ROOT).as_posix()
        picture = ROOT / "examples" / there.name  # copied to docs/assets when the pages are built
        assert name in every or there.exists() or picture.exists(), f"{page} links to {target}"
        assert not anchor or anchor in anchors(every[name]), f"{page} links to {target}"
    if page.startswith("docs/"):
        outside = [target for target in links(PAGES[page]) if target.startswith("../../")]
        assert outside == [], "pages of docs/ can only link to each other"


def test_every_page_is_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n")[1]
    listed = {f"docs/{path}" for path in re.findall(r"[\w/-]+\.md", navigation)}
    assert listed == {page for page in PAGES if page.startswith("docs/")}


def test_the_readme_is_short_and_keeps_its_set_up_commands():
    text = PAGES["README.md"]
    assert len(text.splitlines()) <= 150
    assert "$ pip install . && mmtool demo " in text
    assert "$ pip install '.[test]' && python -m pytest " in text
    words = typer.main.get_command(app).commands
    rows = re.findall(r"^\| (`[^|]*`) \|", text, re.MULTILINE)
    assert set(words) - set(re.findall(r"`(\w+)`", " ".join(rows))) == set()


def commands_of(command, path=()):
    """Every command with its words."""
    if not hasattr(command, "commands"):
        yield path, command
    for word, below in getattr(command, "commands", {}).items():
        yield from commands_of(below, (*path, word))


@pytest.mark.parametrize(("path", "command"), list(commands_of(typer.main.get_command(app))))
def test_the_reference_has_every_option_with_its_default(path, command):
    if command.hidden:
        return
    page = REFERENCE[f"docs/commands/{path[0]}.md"]
    section = page.split(f"## {' '.join(path)}\n")[-1].split("\n## " if len(path) > 1 else "\0")[0]
    context = command.context_class(command, info_name=" ".join(path))
    entries = dict(re.findall(r"^`([^`\n]+)`\n:   (.*)$", section, re.MULTILINE))
    for param in command.get_params(context):
        if param.name == "help" or getattr(param, "hidden", False):
            continue
        names, help = param.get_help_record(context)
        assert names in entries
        default = re.search(r"\[default: \(?(.*?)\)?\]$", help)
        assert ("Default: " in entries[names]) is bool(default)
        if default:
            assert default[1].rstrip(")") in entries[names].replace("\\", "")
        assert ("**Required.**" in entries[names]) is help.endswith("[required]")
