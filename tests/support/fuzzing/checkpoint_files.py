"""Checkpoints: bytes damaged, or well-formed files of torch whose entries have other types and shapes."""

import io
import json
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import torch

from support.fuzzing.cases import Case, Step, command
from support.fuzzing.mutation import change_bytes, json_bytes, nodes, odd_value
from support.fuzzing.ready import copy_but, ready_for

BOMB = 3 << 30  # bytes of zeros


def odd_tensor(rng: Random) -> object:
    """A tensor that does not fit."""
    return rng.choice(
        (
            *(
                torch.zeros(()),
                torch.zeros(0),
                torch.zeros(3, 0),
                torch.zeros(7, 7),
                torch.full((300,), torch.nan),
            ),
            *(
                torch.zeros(3, dtype=torch.int8),
                torch.zeros(3, dtype=torch.bool),
                torch.zeros(2, dtype=torch.complex64),
            ),
            *(
                torch.zeros(300, 300, dtype=torch.float64),
                torch.zeros(1).expand(10**10),
                torch.eye(3).to_sparse(),
            ),
            *(torch.zeros(2, dtype=torch.bfloat16), torch.zeros((1,) * 12), odd_value(rng)),
        )
    )


def change_content(rng: Random, content: dict[str, Any]) -> object:
    """Replace or drop entries; JSON that lies in strings is changed as JSON."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        paths = nodes(content)
        if not paths or rng.random() < 0.02:
            return odd_value(rng)
        shallow = [path for path in paths if len(path) < 3]
        *parents, key = rng.choice(shallow if rng.random() < 0.6 else paths)
        parent: Any = content
        for step in parents:
            parent = parent[step]
        entry = parent[key]
        if isinstance(entry, str) and entry.startswith(("{", "[")) and rng.random() < 0.8:
            parent[key] = json_bytes(rng, json.loads(entry)).decode("utf-8", "replace")
        elif isinstance(entry, torch.Tensor):
            parent[key] = rng.choice(
                (odd_tensor(rng), entry.reshape(-1)[:1].clone(), entry.to(torch.float64), entry * torch.inf)
            )
        elif rng.random() < 0.3:
            del parent[key]
        else:
            parent[key] = rng.choice((odd_value(rng), odd_tensor(rng)))
    return content


def small(content: Any) -> Any:
    """The same tree with tiny tensors, as `info` takes it: quick to write, to damage and to read."""
    if isinstance(content, dict):
        return {key: small(entry) for key, entry in content.items()}
    if isinstance(content, list):
        return [small(entry) for entry in content]
    if isinstance(content, torch.Tensor) and content.ndim:
        return content[tuple(slice(0, 2) for _ in content.shape)].clone()
    return content


def deflated(data: bytes, zeros: int) -> bytes:
    """The file with each of its arrays compressed, and the first one followed by zeros without end."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target,
    ):
        for entry in source.infolist():
            with target.open(zipfile.ZipInfo(entry.filename), "w", force_zip64=True) as file:
                file.write(source.read(entry))
                for _ in range(zeros >> 20 if entry.filename.endswith("data.pkl") else 0):
                    file.write(bytes(1 << 20))
    return out.getvalue()


def saved(content: object) -> bytes:
    """A file of torch."""
    out = io.BytesIO()
    torch.save(content, out)
    return out.getvalue()


class CheckpointFiles:
    """A checkpoint changed, and the commands that read it."""

    def prepare(self, seeds: Path) -> None:
        ready_for(seeds)
        run = seeds.parent / "ready" / "runs" / "r"
        for name in ("best", "last"):
            content = torch.load(run / f"{name}.pt", weights_only=True)
            shape = json.loads(content["shape"]) | {"video_dimension": 2, "text_dimension": 2}
            tiny = small(content) | {"shape": json.dumps(shape)}
            (seeds / f"small-{name}.pt").write_bytes(saved(tiny))
        (seeds / "bomb.pt").write_bytes(deflated((seeds / "small-best.pt").read_bytes(), BOMB))

    def case(self, rng: Random, seeds: Path, folder: Path) -> Case:
        name = rng.choice(("best", "last"))
        whole = rng.random() < 0.15
        path = folder / "runs" / "r" / f"{name}.pt"
        origin = seeds.parent / "ready" / "runs" / "r" / path.name if whole else seeds / f"small-{name}.pt"
        if whole:
            copy_but(seeds.parent / "ready", folder, ("film", "alignments", f"runs/r/{name}.pt"))
        else:
            path.parent.mkdir(parents=True)
        path.write_bytes(self._changed(rng, origin, seeds))
        return Case(self._steps(rng, whole, folder, path), path)

    def _changed(self, rng: Random, origin: Path, seeds: Path) -> bytes:
        how = rng.random()
        if how < 0.004:
            return (seeds / "bomb.pt").read_bytes()
        if how < 0.4:
            return change_bytes(rng, origin.read_bytes(), head=4000)
        if how < 0.45:
            return deflated(origin.read_bytes(), rng.choice((0, 1 << 20)))
        return saved(change_content(rng, torch.load(origin, weights_only=True)))

    def _steps(self, rng: Random, whole: bool, folder: Path, path: Path) -> list[Step]:
        steps = [command(folder, "info", path)]
        if whole:
            checkpoint = ("--checkpoint", path.stem)
            align = command(folder, "align", folder, "--run", "r", "--force", *checkpoint)
            train = ("train", folder, "--run", "r", "--epochs", "3", "--threads", "1", "--batch-size", "4")
            start = ("train", folder, "--run", "n", "--init-from", "r", "--epochs", "1", "--threads", "1")
            steps += [align, *([command(folder, *rng.choice((train, start)))] if rng.random() < 0.4 else [])]
        return steps
