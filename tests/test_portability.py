"""macOS and Windows, simulated: calls that they lack, and what they refuse."""

import errno
import io
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from mmtool.choices import Modality
from mmtool.cli.main import write_any_text
from mmtool.errors import CallError
from mmtool.formats.atomic import _host, replacing, write_text
from mmtool.formats.checkpoints import Checkpoint, write_checkpoint
from mmtool.formats.events import EventLog
from mmtool.formats.features import FeatureGroup, FeaturesHeader
from mmtool.formats.features_builder import FeaturesBuilder
from mmtool.formats.pictures import write_picture
from support.commands import call
from support.films import draw_film

HEADER = FeaturesHeader(Modality.VIDEO, ())


def build_features(path):
    """In two parts, and once more on top of the earlier file."""
    for value in (1, 2):
        builder = FeaturesBuilder(path, HEADER)
        for id in ("a", "b"):
            builder.add(id, FeatureGroup(np.full((2, 3), value, np.float32)))
        builder.finish()


def log_events(folder):
    for earlier in ([], [{"epoch": 1, "loss": 0.5}]):
        log = EventLog(folder, earlier)
        log.append({"epoch": len(earlier) + 1, "loss": 0.25})


WRITERS = {
    "text": lambda path: write_text(path, "text"),
    "picture": lambda path: write_picture(path, b"picture"),
    "features": build_features,
    "checkpoint": lambda path: write_checkpoint(
        path, Checkpoint({}, {}, 1, {}, {"weight": torch.zeros(2)}, {}, {})
    ),
    "events": log_events,
}


@pytest.fixture
def windows_files(monkeypatch):
    """Windows neither renames open files nor flushes files that are open for reading only."""
    rename, flush = os.replace, os.fsync

    def strict_rename(source, target):
        opened = {file.resolve() for file in Path("/proc/self/fd").iterdir() if file.exists()}
        if opened & {Path(source).resolve(), Path(target).resolve()}:
            raise PermissionError(errno.EACCES, "The process cannot access the file", str(source))
        rename(source, target)

    def strict_flush(file):
        os.write(file, b"")  # raises OSError if the file is open for reading only
        flush(file)

    monkeypatch.setattr("os.replace", strict_rename)
    monkeypatch.setattr("os.fsync", strict_flush)


needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="cannot list its open files")


@needs_proc
def test_the_simulation_refuses_what_windows_refuses(tmp_path, windows_files):
    (tmp_path / "a").write_text("a")
    with (tmp_path / "a").open("rb") as file:
        with pytest.raises(PermissionError):
            (tmp_path / "a").replace(tmp_path / "b")
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fsync(file.fileno())


@needs_proc
@pytest.mark.parametrize("kind", WRITERS)
def test_files_are_flushed_for_writing_and_closed_before_they_are_renamed(tmp_path, windows_files, kind):
    WRITERS[kind](tmp_path / "new" / "file")
    assert not [path for path in tmp_path.rglob("*") if ".part" in path.name]


@pytest.mark.parametrize("room", [True, False], ids=["room", "full"])
def test_features_are_joined_where_files_cannot_be_allocated(tmp_path, monkeypatch, room):
    """macOS and Windows have no posix_fallocate; the free room of the disk is compared instead."""
    monkeypatch.delattr("os.posix_fallocate", raising=False)
    if room:
        build_features(tmp_path / "a.h5")
        assert (tmp_path / "a.h5").exists()
        return
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(CallError, match=r"a\.h5: could not be written \(No space left on device\)"):
        build_features(tmp_path / "a.h5")
    assert not (tmp_path / "a.h5").exists()


def refuse_links(*_, **__):
    raise OSError(errno.EPERM, "A required privilege is not held by the client")


POSIX_CALLS = {  # what each system lacks of what this one has, but for what Python itself calls here
    "macOS": ["sched_getaffinity", "process_cpu_count", "posix_fallocate", "posix_fadvise", "fdatasync"],
    "Windows": [
        *["sched_getaffinity", "posix_fallocate", "posix_fadvise", "fdatasync", "fork", "geteuid", "killpg"],
        *["setsid", "getpgid", "nice", "mkfifo", "chown", "fchown", "pread", "pwrite"],
        "process_cpu_count",  # which is there, but asks for the affinity where Python was built for Linux
    ],
}


@pytest.mark.parametrize("system", POSIX_CALLS)
def test_a_film_is_aligned_without_calls_that_the_system_lacks(tmp_path, monkeypatch, system):
    """From the film to features and exports; each command in this process."""
    for name in POSIX_CALLS[system]:
        monkeypatch.delattr(os, name, raising=False)
    if system == "Windows":
        monkeypatch.setattr(Path, "symlink_to", refuse_links)
        monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("on Windows, this ends the process"))
        monkeypatch.setattr("mmtool.formats.atomic.ON_WINDOWS", True)
    film, text, corpus = tmp_path / "film.mp4", tmp_path / "film.txt", tmp_path / "corpus"
    draw_film(film)
    text.write_text("one line\nanother line\n", encoding="utf-8")
    call("run", film, text, "-o", corpus)
    left = corpus / "clips" / f".film.{_host():x}-7ffffffe-1.part.csv"  # as of a writer that was killed
    left.touch()
    call("segment", corpus, "--force")
    assert left.exists() is (system == "Windows")
    call("extract", corpus, "--video-encoder", "timing", "--text-encoder", "length")
    call("info", corpus, "--verify")
    call("export", "alignments", corpus, "--format", "srt", "-o", tmp_path / "out")
    assert (tmp_path / "out" / "film.srt").exists()


@pytest.mark.parametrize(("refusals", "written"), [(0, True), (2, True), (99, False)])
def test_on_windows_writers_wait_for_readers_of_the_previous_file(tmp_path, monkeypatch, refusals, written):
    """A reader, or a scanner for viruses, has the file open for a moment, or for good."""
    (tmp_path / "a.txt").write_text("before")
    rename, asked, waited = os.replace, [], []

    def refuse(source, target):
        asked.append(target)
        if len(asked) <= refusals:
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        rename(source, target)

    monkeypatch.setattr("os.replace", refuse)
    monkeypatch.setattr("mmtool.formats.atomic.time.sleep", waited.append)
    monkeypatch.setattr("mmtool.formats.atomic.ON_WINDOWS", True)
    if written:
        write_text(tmp_path / "a.txt", "after")
    else:
        with pytest.raises(
            CallError, match=r"The process cannot access the file\); the previous file is intact"
        ):
            write_text(tmp_path / "a.txt", "after")
    assert (tmp_path / "a.txt").read_text() == ("after" if written else "before")
    assert len(waited) == min(refusals, 5)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_event_files_that_tensorboard_has_open_stay(tmp_path, monkeypatch):
    first = EventLog(tmp_path, [])
    first.append({"epoch": 1, "loss": 0.5})
    first.close()
    unlink = Path.unlink

    def refuse(path, **_):
        raise PermissionError(errno.EACCES, "The process cannot access the file", str(path))

    monkeypatch.setattr(
        "mmtool.formats.events.time.time_ns", lambda: int(next(tmp_path.iterdir()).suffix[1:])
    )
    monkeypatch.setattr(Path, "unlink", refuse)
    EventLog(tmp_path, [{"epoch": 1, "loss": 0.5}]).append({"epoch": 2, "loss": 0.25})
    assert len(list(tmp_path.iterdir())) == 2  # of one time, but not of one name
    monkeypatch.setattr(Path, "unlink", unlink)
    EventLog(tmp_path, []).append({"epoch": 1, "loss": 0.25})
    assert len(list(tmp_path.iterdir())) == 1


def test_a_link_takes_the_place_of_a_file_without_touching_its_target(tmp_path, monkeypatch):
    """The target may be a film that this user must not write."""
    (tmp_path / "film.mp4").write_bytes(b"film")
    monkeypatch.setattr("os.fsync", lambda _: pytest.fail("opened the target"))
    with replacing(tmp_path / "videos" / "a.mp4") as part:
        part.symlink_to(tmp_path / "film.mp4")
    assert (tmp_path / "videos" / "a.mp4").samefile(tmp_path / "film.mp4")


def test_without_the_right_to_make_links_run_copies_the_film(tmp_path, monkeypatch):
    draw_film(tmp_path / "film.mp4")
    (tmp_path / "film.txt").write_text("one line\nanother line\n", encoding="utf-8")

    monkeypatch.setattr(Path, "symlink_to", refuse_links)
    call("run", tmp_path / "film.mp4", tmp_path / "film.txt", "-o", tmp_path / "corpus")
    copy = tmp_path / "corpus" / "videos" / "film.mp4"
    assert copy.read_bytes() == (tmp_path / "film.mp4").read_bytes()
    assert not copy.samefile(tmp_path / "film.mp4")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_a_pipe_takes_every_character(encoding):
    """Windows gives pipes the encoding cp1252."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    write_any_text(stream)
    stream.write("映画 é")
    stream.flush()
    assert stream.buffer.getvalue() == "映画 é".encode()
