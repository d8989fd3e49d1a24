"""Passages of a film as films of their own, each with its text; not a stage of its own."""

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from mmtool.choices import Cut
from mmtool.exports.passages import Passage, passages
from mmtool.exports.shards import write_shard
from mmtool.formats.atomic import replacing, write_text
from mmtool.records import Alignment
from mmtool.video.cutting import cut, find_ffmpeg

SUFFIXES = (".mp4", ".txt", ".json")
NUMBER = re.compile(r"\d{4,}")
CutProgress = Callable[[int, int | None, str], None]


def write_clip_folder(
    folder: Path, alignment: Alignment, video: Path, how: Cut, progress: CutProgress
) -> Path:
    """Write ``<id>/0001.mp4``, ``0001.txt`` and ``0001.json`` for each passage."""
    own, names = folder / alignment.id, set()
    for name, passage, film in _cut(alignment, video, how, progress):
        with replacing(own / f"{name}.mp4") as part:
            part.write_bytes(film.read_bytes())
        write_text(own / f"{name}.txt", passage.text + "\n")
        write_text(own / f"{name}.json", json.dumps(_about(alignment, passage), ensure_ascii=False) + "\n")
        names.add(name)
    _drop_others(own, names)
    return own


def _drop_others(folder: Path, names: set[str]) -> None:
    """Remove the clips of an earlier alignment, which had more of them; other files stay."""
    for path in folder.glob("*"):
        if path.suffix in SUFFIXES and NUMBER.fullmatch(path.stem) and path.stem not in names:
            path.unlink()


def write_clip_shard(
    folder: Path, alignment: Alignment, video: Path, how: Cut, progress: CutProgress
) -> Path:
    """Write ``<id>.tar``, a shard of WebDataset with a sample (mp4, txt, json) a passage."""
    path = folder / f"{alignment.id}.tar"
    stem = alignment.id.replace(".", "_")  # a key ends at its first dot
    samples = (
        {
            "__key__": f"{stem}_{name}",
            "mp4": film.read_bytes(),
            "txt": passage.text,
            "json": _about(alignment, passage),
        }
        for name, passage, film in _cut(alignment, video, how, progress)
    )
    write_shard(path, samples)
    return path


def _cut(
    alignment: Alignment, video: Path, how: Cut, progress: CutProgress
) -> Iterator[tuple[str, Passage, Path]]:
    """Cut one passage after the other into a file that lasts until the next one."""
    ffmpeg, found = find_ffmpeg(), passages(alignment)
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "clip.mp4"
        for number, passage in enumerate(found, start=1):
            cut(video, passage.interval, film, encode=how is Cut.ENCODE, ffmpeg=ffmpeg)
            yield f"{number:04}", passage, film
            film.unlink()
            progress(number, len(found), "clips")


def _about(alignment: Alignment, passage: Passage) -> dict[str, object]:
    return {
        "id": alignment.id,
        "snippet": passage.snippet,
        "start": passage.interval.start,
        "end": passage.interval.end,
        "confidence": round(passage.confidence, 6),
        "text": passage.text,
    }
