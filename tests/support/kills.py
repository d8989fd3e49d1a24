"""Commands that are killed at any moment and called again: the corpus must be as if nothing had happened.

A job starts from a prepared corpus. Its reference is the corpus after one call that nothing disturbed; each
kill starts from the prepared corpus again, ends the command and all its children (SIGKILL), calls it once
more without ``--force``, and compares all files with the reference.
"""

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
import torch

from mmtool.choices import Split
from mmtool.formats.splits import write_split
from support.commands import EXTRACT, TRAIN, call
from support.corpora import TEXTS, make_corpus
from support.hdf5 import contents
from support.region_features import write_regions
from support.retrieval_corpora import make_searchable
from support.speech import RATE, model_folder, recording, write_sound_film
from support.zygote import Call, Zygote

CUES = "1\n00:00:00,000 --> 00:00:02,000\nA short line.\n\n2\n00:00:02,000 --> 00:00:09,000\nAnother one.\n"
LATER = 2 * 3600.0  # seconds between a kill and the second call
TICK = 0.005  # seconds between looks at the corpus
IDLE = 0.15  # share of the kills that fall anywhere, also before the first write; the others follow it


@dataclass(frozen=True)
class Job:
    """A command; ``{}`` is the corpus. ``without`` are patterns of what it, and what follows it, makes."""

    arguments: tuple[str, ...]
    without: tuple[str, ...] = ()
    base: str = "chain"


AFTER_ALIGN = ("reports", "plots", "exports", "alignments/*/metrics.json")
AFTER_TRAIN = (*AFTER_ALIGN, "alignments/r")
AFTER_EXTRACT = (*AFTER_TRAIN, "runs", "features/*.rp.h5")
ALL = (*AFTER_EXTRACT, "features", "alignments")
UNREAD = ("features", "runs/*/*.pt")  # large, and not read by what comes after alignment
EXPORT = ("export", "alignments", "{}", "--run", "semi-markov", "--format")
FORMATS = ("srt", "csv", "jsonl", "otio", "edl", "fcpxml", "fcp7", "eaf", "clips", "webdataset")
BOTH = ("--run", "semi-markov", "--run", "r")
PLANNED = ("--threads", "1")
MATCHER = ("--preset", "multiway", "--run", "m", "--batch-size", "8", "--threads", "1", "--device", "cpu")
PLAN = """
title = "Two presets"
seeds = [0]
[[rows]]
label = "first"
preset = "rp-lars-sbn"
settings = { epochs = 2, batch_size = 4 }
[[rows]]
label = "second"
preset = "no-pretraining"
settings = { epochs = 1, batch_size = 4 }
"""

JOBS: dict[str, Job] = {
    "segment": Job(("segment", "{}", "--stats"), (*ALL, "clips", "snippets")),
    "segment-3000": Job(("segment", "{}"), base="texts"),
    "extract": Job(("extract", "{}", *EXTRACT), ALL),
    "extract-motion": Job(("extract", "{}", "--video-encoder", "motion"), ALL),
    "extract-audio": Job(("extract", "{}", "--video-encoder", "audio"), ALL),
    "project": Job(("project", "{}"), (*AFTER_EXTRACT, "alignments")),
    "train": Job(("train", "{}", *TRAIN[:2], "--epochs", "4", *TRAIN[4:]), (*AFTER_TRAIN, "runs")),
    "train-timing": Job(("train", "{}", "--preset", "semi-markov", "--run", "t"), ALL),
    "align": Job(("align", "{}"), ALL),
    "align-network": Job(("align", "{}", "--run", "r"), (*AFTER_TRAIN, "alignments")),
    "evaluate": Job(("evaluate", "{}", "--run", "r"), (*AFTER_ALIGN, *UNREAD)),
    "report": Job(("report", "{}", "--run", "r"), (*AFTER_ALIGN, *UNREAD)),
    "plot": Job(("plot", "{}", "--run", "r"), (*AFTER_ALIGN, *UNREAD)),
    **{f"export-{form}": Job((*EXPORT, form), (*AFTER_ALIGN, *UNREAD)) for form in FORMATS},
    "export-checkpoint": Job(("export", "checkpoint", "{}", "--run", "r", "-o", "{}/r.pth"), AFTER_ALIGN),
    "calibrate": Job(("calibrate", "{}", "--run", "r"), (*AFTER_TRAIN, "runs/*/calibration.json")),
    "compare": Job(("compare", "{}", *BOTH, "--table", "{}/table.tex"), (*AFTER_ALIGN, *UNREAD)),
    "experiment": Job(("experiment", "{}", "{}/plan.toml", *PLANNED), (*AFTER_TRAIN, "alignments", "runs")),
    "transcribe": Job(("transcribe", "{}", "--threads", "1", "--model", "{}/model"), base="heard"),
    "import-srt": Job(("import", "srt", "{}/v1.srt", "{}"), (*AFTER_ALIGN, *UNREAD)),
    "import-yms": Job(("import", "yms", "{}/yms", "{}/imported"), base="yms"),
    "balance": Job(("balance", "{}", "--by", "annotations", "--split", "val"), ("splits/val.txt", *UNREAD)),
    "train-multiway": Job(
        ("train", "{}", *MATCHER, "--epochs", "3"), ("runs", "features/m-*", "scores"), base="matched"
    ),
    "score": Job(("score", "{}", "--run", "m"), ("scores",), base="matched"),
    "explain": Job(("explain", "{}", "--run", "m", "--clip", "one:1"), base="matched"),
    "run": Job(("run", "{}/film.mp4", "{}/film.txt", "-o", "{}/out"), base="film"),
}
MANY = 3000


def _film(path: Path, pictures: int = 60) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 5, (64, 48))
    for number in range(pictures):
        film.write(np.full((48, 64, 3), 120 * (number // 10 % 2), np.uint8))
    film.release()


def _chain(root: Path) -> None:
    """Six annotated films through all commands."""
    corpus = make_corpus(root)
    for number, id in enumerate(corpus.clip_ids()):
        _film(root / "videos" / f"{id}.mp4")
        suffix, text = (".srt", CUES) if number % 2 else (".txt", "\n".join(TEXTS))
        (root / "texts").mkdir(exist_ok=True)
        (root / "texts" / f"{id}{suffix}").write_text(text, encoding="utf-8")
    for arguments in (("extract", root, *EXTRACT), ("project", root), ("train", root, *TRAIN)):
        call(*arguments)
    call("align", root)
    call("align", root, "--run", "r")
    (root / "plan.toml").write_text(PLAN, encoding="utf-8")
    (root / "v1.srt").write_text(CUES.replace("Another one.", TEXTS[1]), encoding="utf-8")


def _texts(root: Path) -> None:
    (root / "texts").mkdir(parents=True)
    for number in range(MANY):
        (root / "texts" / f"t{number}.txt").write_text(f"one {number}\ntwo\n", encoding="utf-8")


def _yms(root: Path) -> None:
    folder, ids = root / "yms", [f"{number:04}" for number in range(60)]
    folder.mkdir(parents=True)
    span = "00.00.01.500-00.00.03.000"
    files = {
        "annotations_phrases.txt": [f"{id}_{span}\tIn 1989" for id in ids],
        "clip_segmentation.txt": [
            f"{id}/{id}_{cut}" for id in ids for cut in ("00.00.00.000-00.00.01.500", span)
        ],
        "movie_list.txt": [f"{id}\tFilm {id}" for id in ids],
        "url_list.txt": [f"{id}    https://example.org/{id}" for id in ids],
        "training_split.txt": ids[:40],
        "val_split.txt": ids[40:50],
        "test_split.txt": ids[50:],
    }
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _one_film(root: Path) -> None:
    _film(root / "film.mp4")
    (root / "film.txt").write_text("\n".join(TEXTS), encoding="utf-8")


def _heard(root: Path) -> None:
    """Three films in which a sentence is said."""
    (root / "videos").mkdir(parents=True)
    for number in range(3):
        sound = recording()[number * RATE : (number + 3) * RATE]
        write_sound_film(root / "videos" / f"heard{number}.mkv", sound)
    (root / "model").symlink_to(model_folder(), target_is_directory=True)


def _matched(root: Path) -> None:
    """Three annotated films, and a matcher of their regions."""
    corpus = make_searchable(root)
    write_regions(corpus)
    write_split(corpus.split(Split.TRAIN), ["one", "two"])
    call("train", root, *MATCHER, "--epochs", "2")


BASES: dict[str, Callable[[Path], None]] = {
    "matched": _matched,
    "chain": _chain,
    "texts": _texts,
    "yms": _yms,
    "film": _one_film,
    "heard": _heard,
}


@dataclass(frozen=True)
class Reference:
    """What an undisturbed call leaves: files, the number of renames, and when it writes."""

    files: Mapping[str, object]
    renames: int
    first_write: float  # seconds from the start of the call
    seconds: float


@dataclass(frozen=True)
class Fate:
    """What came of one kill; no ``problems``: the corpus was whole after the second call."""

    moment: str
    running: bool  # whether the command was still at work
    problems: list[str]


class Killing:
    """The kills of one job; ``place`` keeps the prepared corpus of each base."""

    def __init__(self, name: str, place: Path, zygote: Zygote) -> None:
        self.name, self.job, self.place, self._zygote = name, JOBS[name], place, zygote
        self.prepared = place / "bases" / self.job.base
        if not (self.prepared / ".ready").exists():
            shutil.rmtree(self.prepared, ignore_errors=True)
            BASES[self.job.base](self.prepared)
            (self.prepared / ".ready").touch()

    def _fresh(self) -> Path:
        """The corpus before the command."""
        root = self.place / "work" / "corpus"
        shutil.rmtree(root.parent, ignore_errors=True)
        shutil.copytree(self.prepared, root, symlinks=True)
        (root / ".ready").unlink()
        for pattern in self.job.without:
            for path in root.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return root

    def _start(self, root: Path, when: int = 0) -> Call:
        arguments = [argument.replace("{}", str(root)) for argument in self.job.arguments]
        return self._zygote.start(arguments, when)

    def reference(self) -> Reference:
        """Call the command, undisturbed."""
        root = self._fresh()
        before, started, first = _stamps(root), time.monotonic(), 0.0
        call = self._start(root)
        while call.wait(TICK) is None:
            if not first and _stamps(root) != before:
                first = time.monotonic() - started
        seconds = time.monotonic() - started
        assert call.code == 0, call.said
        return Reference(files_of(root), call.renames, first or 0.8 * seconds, seconds)

    def kill(self, reference: Reference, rng: Random) -> Fate:
        """Kill at a random moment, mostly after the first write; call again, compare."""
        root = self._fresh()
        before, started = _stamps(root), time.monotonic()
        call = self._start(root)
        moment = rng.uniform(0.0, reference.seconds)
        if rng.random() > IDLE:
            while call.wait(TICK) is None and _stamps(root) == before:
                pass
            moment = time.monotonic() - started + rng.uniform(0.0, reference.seconds - reference.first_write)
        running = call.wait(started + moment - time.monotonic()) is None
        call.kill()
        return Fate(f"{moment:.3f} s", running, self._again(root, reference.files))

    def kill_at_rename(self, reference: Reference, when: int) -> Fate:
        """Kill after the N-th file got its name, or for ``-N`` just before; call again, compare."""
        root = self._fresh()
        running = self._start(root, when).wait() == -signal.SIGKILL
        return Fate(f"rename {when}", running, self._again(root, reference.files))

    def _again(self, root: Path, files: Mapping[str, object]) -> list[str]:
        _age(root)
        call = self._start(root)
        if call.wait() is None:
            call.kill()
            return ["the second call did not end"]
        if call.code:
            lines = call.said.replace(str(root), "{}").strip().splitlines()
            return [f"the second call ended with {call.code}: {line}" for line in lines[-1:] or [""]]
        return differences(files, files_of(root))


def _age(root: Path) -> None:
    """Make partial files as old as if the second call came hours later: young ones may be somebody's."""
    for path in root.rglob(".*.part*"):
        os.utime(path, (time.time() - LATER,) * 2, follow_symlinks=False)


def _stamps(root: Path) -> list[tuple[str, int]]:
    """When each folder was last written into."""
    return [(folder, Path(folder).stat().st_mtime_ns) for folder, _, _ in _walk(root)]


def _walk(root: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in ("videos", "texts", "yms")]
        yield folder, folders, names


def files_of(root: Path) -> dict[str, object]:
    """All files below a corpus by their path, as what is compared."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_file() and not name.endswith(".lock") and "/events/" not in name:
            found[name] = _content(path, root)
    return found


def _content(path: Path, root: Path) -> object:
    """A file's bytes without what tells times; features and checkpoints as their arrays."""
    if path.suffix == ".h5" and not path.name.startswith("."):
        return contents(path)
    if path.suffix in (".pt", ".pth") and not path.name.startswith("."):
        return _plain(torch.load(path, weights_only=True))
    data = path.read_bytes().replace(str(root).encode(), b"{}")
    if path.suffix == ".eaf":
        return re.sub(rb'DATE="[^"]*"', b"", data)
    if path.name == "metrics.jsonl":
        return [_plain(json.loads(line)) for line in data.splitlines()]
    if path.name == "calibration.json":  # its keys are digests of checkpoints, which hold times
        return list(json.loads(data)["checkpoints"].values())
    return data


def _plain(value: Any) -> Any:
    """Tensors as bytes, and nothing that measures time."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items() if "seconds" not in str(key)}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, torch.Tensor):
        bytes_of = value.reshape(-1).view(torch.uint8).numpy().tobytes()
        return str(value.dtype), tuple(value.shape), bytes_of
    return value


def differences(wanted: Mapping[str, object], found: Mapping[str, object]) -> list[str]:
    """What is missing, left over or different, by file."""
    said = [f"missing: {name}" for name in wanted.keys() - found.keys()]
    said += [f"left over: {name}" for name in found.keys() - wanted.keys()]
    said += [f"different: {name}" for name in wanted.keys() & found.keys() if wanted[name] != found[name]]
    return sorted(said)
