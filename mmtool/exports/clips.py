"""Passages of a film as films of their own, each with its text: a folder, or a shard of WebDataset."""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmtool.exports.contract import AlignedFilm, ExportFormat
from mmtool.exports.passages import Passage
from mmtool.extras import import_extra
from mmtool.formats.atomic import replacing, write_text

SUFFIXES = (".mp4", ".txt", ".json")
NUMBER = re.compile(r"\d{4,}")


def write_clip_folder(folder: Path, film: AlignedFilm) -> None:
    """Write ``0001.mp4``, ``0001.txt`` and ``0001.json`` for each passage."""
    names = set()
    for name, passage, clip in _cut_passages(film):
        with replacing(folder / f"{name}.mp4") as part:
            part.write_bytes(clip.read_bytes())
        write_text(folder / f"{name}.txt", passage.text + "\n")
        details = json.dumps(_describe(film, passage), ensure_ascii=False)
        write_text(folder / f"{name}.json", details + "\n")
        names.add(name)
    _remove_others(folder, names)


def _remove_others(folder: Path, names: set[str]) -> None:
    """Remove the clips of an earlier alignment, which had more of them; other files stay."""
    for path in folder.glob("*"):
        if path.suffix in SUFFIXES and NUMBER.fullmatch(path.stem) and path.stem not in names:
            path.unlink()


def write_clip_shard(path: Path, film: AlignedFilm) -> None:
    """Write a shard of WebDataset with a sample (mp4, txt, json) for each passage."""
    webdataset: Any = import_extra("webdataset")
    stem = film.alignment.id.replace(".", "_")  # a key ends at its first dot
    with (
        path.open("wb") as file,  # the writer takes a path with a colon, such as C:a.tar, for a URL
        webdataset.TarWriter(file, mtime=0) as writer,
    ):
        for name, passage, clip in _cut_passages(film):
            writer.write(
                {
                    "__key__": f"{stem}_{name}",
                    "mp4": clip.read_bytes(),
                    "txt": passage.text,
                    "json": _describe(film, passage),
                }
            )


def _cut_passages(film: AlignedFilm) -> Iterator[tuple[str, Passage, Path]]:
    """Cut one passage after the other into a file that is removed before the next one."""
    found = film.passages
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        for number, passage in enumerate(found, start=1):
            film.cut(passage.interval, clip)
            yield f"{number:04}", passage, clip
            clip.unlink()
            film.progress(number, len(found), "clips")


def _describe(film: AlignedFilm, passage: Passage) -> dict[str, object]:
    return {
        "id": film.alignment.id,
        "snippet": passage.snippet,
        "start": passage.interval.start,
        "end": passage.interval.end,
        "confidence": round(passage.confidence, 6),
        "text": passage.text,
        "verdict": film.verdict or None,
    }


CLIPS = ExportFormat(
    help="A folder of clips, each with its text (.txt) and details (.json).",
    suffix="",
    write=write_clip_folder,
    needs_film=True,
)
WEBDATASET = ExportFormat(
    help="A WebDataset shard of clips with their texts.",
    suffix=".tar",
    write=write_clip_shard,
    modules=("webdataset",),
    needs_film=True,
)
