"""A small corpus with everything that commands read: features, runs, alignments, measures."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from support.commands import EXTRACT, TRAIN, call
from support.corpora import TEXTS, make_corpus
from support.films import draw_film

IDS = ("v0", "v1", "v2", "v3")


def ready_for(seeds: Path) -> Path:
    """Four annotated videos, a network's run ``r`` and timing's ``timing``, both aligned and evaluated.

    Made once for all kinds, whose seeds lie beside each other.
    """
    root = seeds.parent / "ready"
    if not (root / ".ready").exists():
        _make(root)
        (root / ".ready").touch()
    return root


def _make(root: Path) -> None:
    make_corpus(root, train=2, val=1, test=1)
    (root / "texts").mkdir()
    for id in IDS:
        (root / "texts" / f"{id}.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    (root / "videos.csv").write_text(
        'id,title\nv0,A film\nv1,"Another, and more"\nv2,\nv3,x\n', encoding="utf-8"
    )
    call("extract", root, *EXTRACT)
    call("project", root)
    call("train", root, *TRAIN)
    call("train", root, "--preset", "semi-markov", "--run", "timing")
    for run in ("r", "timing"):
        call("align", root, "--run", run)
        call("evaluate", root, "--run", run)
    draw_film(root / "film" / "videos" / "v0.mp4", shots=4, frames=24)


def copy_but(source: Path, target: Path, without: Iterable[str]) -> None:
    """Copy a corpus without some of its folders or files; checkpoints are linked."""
    left = {source / name for name in without}

    def link(origin: str, place: str) -> None:
        if Path(origin).suffix == ".pt":
            Path(place).hardlink_to(origin)
        else:
            shutil.copyfile(origin, place)

    def ignore(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if Path(folder, name) in left or name == ".ready"]

    shutil.copytree(source, target, copy_function=link, ignore=ignore, dirs_exist_ok=True)
