"""The three rules of docs/architecture.md, read off the paths of the source files.

The arrows between rooms and the homes of libraries are the tables of that page, so that the page and the
rules cannot drift apart.
"""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mmtool

ROOT = Path(mmtool.__file__).parent
PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
CHAINS = {"run", "demo", "experiment", "retrieve"}  # the stages that call others
HEAVY = {"torch", "torchvision", "transformers", "cv2", "scenedetect", "av", "h5py", "numpy", "matplotlib"}


def table(heading: str) -> list[list[str]]:
    """The names in backticks of each row of the table below a heading of the page, by column."""
    section = PAGE.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[" ".join(re.findall(r"`([^`]+)`", cell)) for cell in row] for row in rows[2:]]


ARROWS = {(above, below) for above, below, *_ in table("Arrows between rooms")}
HOMES = {library: set(rooms.split()) for library, rooms in table("Homes of libraries")}


def name_of(path: Path) -> str:
    """``mmtool/cli/main.py`` → ``mmtool.cli.main``."""
    parts = ("mmtool", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}
PACKAGES = {name for name, path in MODULES.items() if path.name == "__init__.py"}
BOTTOM = {path.stem for path in ROOT.glob("[a-z]*.py")} | {"settings"}
ROOMS = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"cli", "stages", "settings"}


def imports_of(name: str):
    """Full names of the modules that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports by a relative path"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else node.module


IMPORTS = {name: set(imports_of(name)) for name in MODULES}
PAIRS = [
    (importer, imported)
    for importer, names in IMPORTS.items()
    for imported in sorted(names)
    if imported.startswith("mmtool.")
]


def room_of(name: str) -> str:
    """The part of the house that a module belongs to; empty for the package itself."""
    return name.split(".")[1] if "." in name else ""


def goes_down(importer: str, imported: str) -> bool:
    """Rule 1."""
    above, below = room_of(importer), room_of(imported)
    if importer == "mmtool":  # the front door names what users import
        return below in {"stages"} | BOTTOM
    if above == "__main__":
        return below == "cli"
    if above in BOTTOM:
        return below in BOTTOM
    if above == below or below in BOTTOM:
        return True
    if above == "cli":
        return below in ROOMS | {"stages"}
    if above == "stages":
        return below in ROOMS
    return (above, below) in ARROWS


def keeps_to_its_stage(importer: str, imported: str) -> bool:
    """Rule 2."""
    stage = ".".join(imported.split(".")[:3])
    inside = importer == stage or importer.startswith(stage + ".")
    if room_of(imported) != "stages" or inside or imported == "mmtool.stages":
        return True
    if stage == "mmtool.stages.shared":
        return room_of(importer) == "stages"
    if stage in PACKAGES and imported != stage:
        return False  # a private module of a stage's folder
    return room_of(importer) != "stages" or importer.split(".")[2] in CHAINS


def test_the_walk_sees_the_house():
    """Otherwise the rules below would hold for an empty tree."""
    assert {"formats", "video", "text", "encoders", "features", "alignment", "training"} <= ROOMS
    assert {"settings", "records", "choices", "errors"} <= BOTTOM
    assert "mmtool.stages.align" in IMPORTS["mmtool.stages.demo"]
    assert "mmtool.stages.train" in IMPORTS["mmtool.cli.train"]  # inside a function
    assert {(above, below) for above in ROOMS for below in ROOMS} >= ARROWS
    used = {(room_of(importer), room_of(imported)) for importer, imported in PAIRS}
    assert used >= ARROWS, "the page draws an arrow that nothing needs"


def test_imports_go_down():
    assert [f"{a} → {b}" for a, b in PAIRS if not goes_down(a, b)] == []


def test_stages_keep_to_themselves():
    assert [f"{a} → {b}" for a, b in PAIRS if not keeps_to_its_stage(a, b)] == []


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("mmtool.cli.train", "mmtool.stages.train", True),
        ("mmtool.stages.train.network", "mmtool.cli.train", False),
        ("mmtool.formats.clips", "mmtool.stages.segment", False),
        ("mmtool.training.loop", "mmtool.alignment.network.model", True),
        ("mmtool.alignment.network.model", "mmtool.training.loop", False),
        ("mmtool.video.shots", "mmtool.formats.clips", False),
        ("mmtool.records", "mmtool.choices", True),
        ("mmtool.settings.train", "mmtool.training.presets", False),
    ],
)
def test_rule_one(importer, imported, allowed):
    assert goes_down(importer, imported) is allowed


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("mmtool.stages.align.stage", "mmtool.stages.align.by_timing", True),
        ("mmtool.stages.run", "mmtool.stages.align", True),
        ("mmtool.stages.run", "mmtool.stages.align.by_timing", False),
        ("mmtool.stages.plot.stage", "mmtool.stages.align", False),
        ("mmtool.stages.plot.stage", "mmtool.stages.shared.truth", True),
        ("mmtool.stages.shared.truth", "mmtool.stages.evaluate", False),
        ("mmtool.cli.align", "mmtool.stages.align", True),
        ("mmtool.cli.align", "mmtool.stages.align.by_timing", False),
        ("mmtool.cli.align", "mmtool.stages.shared.truth", False),
    ],
)
def test_rule_two(importer, imported, allowed):
    assert keeps_to_its_stage(importer, imported) is allowed


@pytest.mark.parametrize("library", HOMES)
def test_a_library_lives_only_in_its_rooms(library):
    """Rule 3."""
    users = {room_of(name) for name, names in IMPORTS.items() if library in {n.split(".")[0] for n in names}}
    assert users, f"nothing imports {library}: remove it from the page"
    assert users <= HOMES[library]


def test_the_bottom_row_loads_nothing_heavy():
    for module, imported in IMPORTS.items():
        if room_of(module) in BOTTOM:
            libraries = {name.split(".")[0] for name in imported} - {"mmtool", "numpy"}
            assert libraries <= sys.stdlib_module_names, module


def test_no_module_is_a_catch_all():
    assert {path.stem for path in MODULES.values()} & {"utils", "util", "helpers", "common", "misc"} == set()


def test_stages_read_like_the_table_of_contents():
    """Each command of the command line is a file or folder of its own below ``stages/``."""
    from mmtool.cli.main import app

    command = __import__("typer").main.get_command(app)
    aliases = {"import": "imports"}
    there = {path.stem for path in (ROOT / "stages").iterdir() if not path.name.startswith("_")}
    assert there - {"shared"} == {aliases.get(name, name) for name in command.commands}


HELP_OF_ALL = """
import json, sys
import typer
from typer.testing import CliRunner
from mmtool.cli.main import app

def commands(command, path):
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, [*path, name])

paths = list(commands(typer.main.get_command(app), []))
codes = {" ".join(path): CliRunner().invoke(app, [*path, "--help"]).exit_code for path in paths}
print(json.dumps([codes, sorted(sys.modules)]))
"""


def test_help_loads_no_heavy_library():
    """Neither the help of mmtool nor that of any command."""
    output = subprocess.run([sys.executable, "-c", HELP_OF_ALL], capture_output=True, text=True, check=True)
    codes, modules = json.loads(output.stdout)
    assert {"", "segment", "train", "import yms", "demo"} <= codes.keys()
    assert set(codes.values()) == {0}
    assert "mmtool.settings" in modules
    assert HEAVY.intersection(modules) == set()


def test_help_answers_within_a_second():
    """Processor time, the best of three, so that other programs on the machine do not count."""
    resource = pytest.importorskip("resource", reason="this system does not measure other processes")
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "mmtool", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(seconds) < 1


LOADED_BY_A_COMMAND = """
import sys
from mmtool.cli.main import app
try:
    app(["segment", sys.argv[1]])
except SystemExit:
    print([name for name in sys.modules if name.startswith("mmtool.cli.") or name == "torch"])
"""


def test_a_command_loads_no_other_command(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("A line.", encoding="utf-8")
    output = subprocess.run(
        [sys.executable, "-c", LOADED_BY_A_COMMAND, tmp_path], capture_output=True, text=True, check=True
    ).stdout
    loaded = set(ast.literal_eval(output.splitlines()[-1]))
    commands = {f"mmtool.cli.{path.stem}" for path in (ROOT / "stages").iterdir()}
    assert loaded & commands == {"mmtool.cli.segment"}
    assert "torch" not in loaded
