"""JSON, YAML and TOML: alignments, runs, histories, measures, notes, detectors, plans."""

import json
import shutil
from pathlib import Path
from random import Random

import yaml

from mmtool.formats.plans import find_plan, read_plan, shipped_plans
from support.commands import call
from support.fuzzing.cases import Case, Step, command, reading
from support.fuzzing.mutation import change_json, change_text, encode, json_bytes
from support.fuzzing.ready import copy_but, ready_for
from support.fuzzing.tables import FORMATS
from support.literal_visual_genome import CONFIG, folder_of, small_checkpoint

DETECTOR = ("--image-size", "64", "--proposals", "8", "--batch-size", "1")
FILES = (
    *("alignments/r/v0.json", "alignments/timing/v0.json", "alignments/r/metrics.json", "runs/r/config.json"),
    *(
        "runs/r/metrics.jsonl",
        "runs/timing/timing.json",
        "snippets/.made/v0.csv.json",
        "detector/config.yaml",
    ),
    *("plan.toml", "alignments/r/v0.json"),
)

READ_PLAN = "import sys; from mmtool.formats.plans import *; read_plan(Path(sys.argv[1]))"


def yaml_bytes(rng: Random, text: str) -> bytes:
    """A changed configuration; sometimes aliases that grow without end, or nesting."""
    if rng.random() < 0.03:
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
        lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, rng.choice((3, 9, 20)))]
        return "\n".join(lines).encode()
    if rng.random() < 0.03:
        return (rng.choice("[{-") * rng.choice((500, 2000, 20000))).encode()
    if rng.random() < 0.5:
        changed = change_json(rng, yaml.safe_load(text.replace("!!python/tuple", "")))
        return yaml.safe_dump(changed, allow_unicode=True).encode("utf-8", "replace")
    return encode(rng, change_text(rng, text))


class JsonFiles:
    """One file of a corpus replaced, and the commands that read it."""

    def prepare(self, seeds: Path) -> None:
        film = seeds / "film"
        shutil.copytree(ready_for(seeds) / "film", film)
        (film / "detector").mkdir()
        folder_of(small_checkpoint(), film / "detector")
        call("segment", film)

    def case(self, rng: Random, seeds: Path, folder: Path) -> Case:
        name = rng.choice(FILES)
        source, path = seeds.parent / "ready", folder / name
        if name.startswith("detector/"):
            copy_but(seeds / "film", folder, ())
            path.write_bytes(yaml_bytes(rng, CONFIG))
        elif name == "plan.toml":
            text = find_plan(rng.choice(shipped_plans())).read_text(encoding="utf-8")
            path.write_bytes(encode(rng, change_text(rng, text)))
            how = f"python -c {READ_PLAN!r} {{}}/plan.toml"
            return Case([reading(how, lambda: read_plan(path))], path)
        else:
            copy_but(source, folder, ("film",))
            if name.startswith("snippets/"):
                for made in ("snippets", "clips"):
                    for file in (folder / made).glob("*.csv"):
                        file.unlink()
                call("segment", folder)
            content = path.read_text(encoding="utf-8")
            path.unlink()  # it may be a link
            if name.endswith(".jsonl"):
                lines = [json_bytes(rng, json.loads(line)) for line in content.splitlines()]
                path.write_bytes(b"\n".join(lines))
            else:
                path.write_bytes(json_bytes(rng, json.loads(content)))
        return Case(self._steps(rng, name, folder, path), path)

    def _steps(self, rng: Random, name: str, folder: Path, path: Path) -> list[Step]:
        run = name.split("/")[1] if "/" in name else ""
        read = command(folder, "info", path)
        export = ("export", "alignments", folder, "--run", run, "--format", rng.choice(FORMATS))
        if name.startswith("detector/"):
            options = ("--video-encoder", "faster-rcnn-vg", "--video-weights", path.parent)
            return [command(folder, "extract", folder, *options, *DETECTOR)]
        if name.startswith("snippets/"):
            return [command(folder, "segment", folder)]
        if name.endswith("metrics.json"):
            plot = command(folder, "plot", folder, "--run", run, "--what", "reliability")
            return [read, plot] if rng.random() < 0.3 else [read]
        if name.startswith("alignments/"):
            other = rng.choice(
                (
                    *(export, export, ("report", folder, "--run", run), ("evaluate", folder, "--run", run)),
                    ("compare", folder, "--run", run, "--run", "timing"),
                )
            )
            align = command(folder, "align", folder, "--run", run, "--show", "v0")
            return [read, command(folder, *other), align]
        if name.endswith("metrics.jsonl"):
            plot = command(folder, "plot", folder, "--run", run)
            train = command(
                folder, "train", folder, "--run", run, "--epochs", "3", "--threads", "1", "--batch-size", "4"
            )
            return [plot if rng.random() < 0.5 else train]
        steps = [read, command(folder, "align", folder, "--run", run, "--force")]
        if name.endswith("config.json") and rng.random() < 0.3:
            steps.append(
                command(
                    folder,
                    "train",
                    folder,
                    "--run",
                    run,
                    "--epochs",
                    "2",
                    "--threads",
                    "1",
                    "--batch-size",
                    "4",
                )
            )
        return steps
