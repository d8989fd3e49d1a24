"""Cuts, frames and headers of videos; most of them are drawn here, each frame with its own number in it."""

import csv
import logging
import os
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mmtool.errors import InputError
from mmtool.records import Clip
from mmtool.video import VIDEO_SUFFIXES
from mmtool.video.detectors.content import Content
from mmtool.video.frames import clip_frames, read_frames, timeline_of
from mmtool.video.probe import VideoInfo, probe
from mmtool.video.timeline import Timeline
from support.cuts import detect_clips
from support.footage import FOOTAGE

SHOTS = (20, 30, 25)  # frames; black, white, black
RATE = 25.0


def picture(number: int, *, white: bool, size: tuple[int, int] = (64, 48)) -> NDArray[np.uint8]:
    """A black or white frame; the eight blocks along its top are the bits of its number."""
    width, height = size
    frame = np.full((height, width, 3), 255 if white else 0, np.uint8)
    for bit in range(8):
        frame[: height // 6, bit * width // 8 : (bit + 1) * width // 8] = 255 if number >> bit & 1 else 0
    return frame


def number_in(frame: NDArray[np.uint8]) -> int:
    height, width, _ = frame.shape
    return sum((frame[height // 12, (2 * bit + 1) * width // 16, 0] > 127) << bit for bit in range(8))


def pictures(shots: Sequence[int], size: tuple[int, int] = (64, 48)) -> Iterator[NDArray[np.uint8]]:
    shot_of_frame = [shot for shot, length in enumerate(shots) for _ in range(length)]
    for number, shot in enumerate(shot_of_frame):
        yield picture(number, white=shot % 2 == 1, size=size)


def draw(path: Path, shots: Sequence[int] = SHOTS, *, codec: str = "mp4v") -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), RATE, (64, 48))
    for frame in pictures(shots):
        writer.write(frame)
    writer.release()
    return path


def draw_jpegs(path: Path, shots: Sequence[int], size: tuple[int, int]) -> Path:
    """Bare JPEGs, one after the other: any size, and a file that does not say how many there are."""
    path.write_bytes(b"".join(cv2.imencode(".jpg", frame)[1].tobytes() for frame in pictures(shots, size)))
    return path


def slow_down(path: Path, *, after: int, total: int) -> Path:
    """Make the frames of an MP4 from ``after`` on last three times as long: a variable frame rate."""
    data = path.read_bytes().replace(b"edts", b"free")  # the edit list would cut the longer film
    at = data.index(b"stts") - 4  # size, name, flags, one entry: (frames, duration of each)
    duration = struct.unpack(">I", data[at + 20 : at + 24])[0]
    table = struct.pack(">I4sII4I", 32, b"stts", 0, 2, after, duration, total - after, 3 * duration)
    patched = bytearray(data[:at] + table + data[at + 24 :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):  # all that hold the table grow by 8 bytes
        start = patched.index(box) - 4
        patched[start : start + 4] = struct.pack(">I", struct.unpack(">I", patched[start : start + 4])[0] + 8)
    path.write_bytes(patched)
    return path


def blank(path: Path, start: bytes, end: bytes) -> Path:
    """Put zeros where the frames were, between two marks of the container, and keep its headers."""
    data = path.read_bytes()
    first, last = data.index(start) + 4, data.index(end) - 4
    path.write_bytes(data[:first] + bytes(last - first) + data[last:])
    return path


def frames_at(path: Path, wanted: Sequence[int], clips: Sequence[Clip] = ()) -> Iterator[NDArray[np.uint8]]:
    for frame in read_frames(path, wanted, timeline_of(path, clips)):
        yield frame.pixels


def detect(path: Path, *, threshold: float = 27, min_clip_frames: int = 15) -> list[Clip]:
    return detect_clips(path, Content(threshold=threshold), min_clip_frames=min_clip_frames)


def frame_ranges(clips: Sequence[Clip]) -> list[tuple[int | None, int | None]]:
    return [(clip.start_frame, clip.end_frame) for clip in clips]


def scenedetect_rows(
    path: Path, folder: Path, threshold: float, min_clip_frames: int
) -> list[dict[str, str]]:
    options = [
        "detect-content",
        "-t",
        str(threshold),
        "-m",
        str(min_clip_frames),
        "list-scenes",
        "--skip-cuts",
    ]
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}  # nobody's own scenedetect.cfg
    command = [sys.executable, "-m", "scenedetect", "-q", "-i", str(path), "-o", str(folder), *options]
    subprocess.run(command, check=True, env=os.environ | home)
    with (folder / f"{path.stem}-Scenes.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("name", "threshold", "min_clip_frames"),
    [
        ("bikes.mp4", 27, 15),
        ("bikes.mp4", 8, 5),
        ("bikes.mp4", 4, 15),
        ("bigbuckbunny.mp4", 4, 15),
        ("carphone_pristine.mp4", 8, 5),  # 29.97 frames a second
        ("drawn.mp4", 27, 15),
        ("drawn.mp4", 27, 0),
    ],
)
def test_clips_are_those_of_the_scenedetect_command(
    tmp_path: Path, name: str, threshold: float, min_clip_frames: int
) -> None:
    path = draw(tmp_path / name, (20, 5, 5, 20)) if name == "drawn.mp4" else FOOTAGE / name
    rows = scenedetect_rows(path, tmp_path, threshold, min_clip_frames)
    clips = detect(path, threshold=threshold, min_clip_frames=min_clip_frames)
    assert len(rows) > 1
    assert frame_ranges(clips) == [(int(row["Start Frame"]) - 1, int(row["End Frame"])) for row in rows]
    assert [(f"{clip.start:.3f}", f"{clip.end:.3f}") for clip in clips] == [
        (row["Start Time (seconds)"], row["End Time (seconds)"]) for row in rows
    ]


def test_clips_end_where_the_drawn_shots_end(tmp_path: Path) -> None:
    clips = detect(draw(tmp_path / "film.mp4"))
    assert frame_ranges(clips) == [(0, 20), (20, 50), (50, 75)]
    assert [time for clip in clips for time in clip.interval] == pytest.approx([0, 0.8, 0.8, 2.0, 2.0, 3.0])


@pytest.mark.parametrize(("min_clip_frames", "ends"), [(5, [20, 25, 30, 50]), (10, [20, 50])])
def test_cuts_too_close_together_are_merged(tmp_path: Path, min_clip_frames: int, ends: list[int]) -> None:
    clips = detect(draw(tmp_path / "film.mp4", (20, 5, 5, 20)), min_clip_frames=min_clip_frames)
    assert [clip.end_frame for clip in clips] == ends


@pytest.mark.parametrize("length", [1, 40])
def test_video_without_cuts_is_one_clip(tmp_path: Path, length: int) -> None:
    path = draw(tmp_path / "film.mp4", (length,))
    (clip,) = detect(path)
    assert clip == Clip(start=0.0, end=pytest.approx(length / RATE), start_frame=0, end_frame=length)
    assert [number_in(frame) for frame in frames_at(path, clip_frames(None, clip))] == [length // 2]


def test_variable_frame_rate_keeps_times_and_counts_frames(tmp_path: Path) -> None:
    path = slow_down(draw(tmp_path / "film.mp4"), after=40, total=75)
    rows = scenedetect_rows(path, tmp_path, 27, 5)
    clips = detect(path, min_clip_frames=5)
    assert frame_ranges(clips) == [(0, 20), (20, 50), (50, 75)]
    assert [f"{clip.start:.3f}" for clip in clips] == ["0.000", "0.800", "2.800"]  # 2.8 = (40 + 3 × 10) / 25
    assert [row["Start Time (seconds)"] for row in rows] == ["0.000", "0.800", "2.800"]
    assert [number_in(frame) for frame in frames_at(path, [35, 62, 74])] == [35, 62, 74]


def test_odd_size_and_unknown_length(tmp_path: Path) -> None:
    path = draw_jpegs(tmp_path / "film.avi", (20, 21), size=(33, 17))
    progress: list[tuple[int, int | None, float]] = []
    clips = detect_clips(path, Content(), min_clip_frames=5, on_frames=lambda *call: progress.append(call))
    assert frame_ranges(clips) == [(0, 20), (20, 41)]
    assert progress == [(done, None, 25.0) for done in range(1, 42)]
    assert probe(path) == VideoInfo(frame_rate=25.0, frame_count=None, width=33, height=17, duration=None)
    assert [frame.shape for frame in frames_at(path, [40])] == [(17, 33, 3)]


def test_progress_counts_frames_against_the_total(tmp_path: Path) -> None:
    progress: list[tuple[int, int | None, float]] = []
    detect_clips(
        draw(tmp_path / "film.mp4"),
        Content(),
        min_clip_frames=15,
        on_frames=lambda *call: progress.append(call),
    )
    assert progress == [(done, 75, 25.0) for done in range(1, 76)]


def test_failing_progress_ends_the_detection(tmp_path: Path) -> None:
    def stop(done: int, total: int | None, rate: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        detect_clips(draw(tmp_path / "film.mp4"), Content(), min_clip_frames=15, on_frames=stop)


# Seeking by frame index misses in the MPEG stream.
@pytest.mark.parametrize(
    ("name", "codec"), [("film.mp4", "mp4v"), ("film.mkv", "mp4v"), ("film.avi", "MJPG"), ("film.ts", "mpg2")]
)
def test_frames_are_exact(tmp_path: Path, name: str, codec: str) -> None:
    path = draw(tmp_path / name, codec=codec)
    wanted = [0, 3, 3, 4, 10, 19, 20, 21, 50, 72, 74, 74]
    assert [number_in(frame) for frame in frames_at(path, wanted)] == wanted


def test_frames_of_footage_are_those_of_plain_decoding() -> None:
    path = FOOTAGE / "bikes.mp4"
    wanted = [0, 1, 60, 61, 187, 249]
    capture = cv2.VideoCapture(str(path))
    plain = [cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB) for _ in range(250)]
    for index, frame in zip(wanted, frames_at(path, wanted), strict=True):
        np.testing.assert_array_equal(frame, plain[index])


def test_frames_are_rgb(tmp_path: Path) -> None:
    path = tmp_path / "red.avi"
    path.write_bytes(cv2.imencode(".jpg", np.full((16, 16, 3), (0, 0, 255), np.uint8))[1].tobytes())  # BGR
    (frame,) = frames_at(path, [0])
    assert frame.dtype == np.uint8
    assert frame.reshape(-1, 3).mean(axis=0) == pytest.approx([255, 0, 0], abs=5)


@pytest.mark.parametrize("wanted", [[3, 2], [-1]])
def test_decreasing_frame_indices_are_a_mistake_of_the_caller(tmp_path: Path, wanted: list[int]) -> None:
    with pytest.raises(ValueError, match="must not decrease"):
        list(frames_at(draw(tmp_path / "film.mp4"), wanted))


def test_probe_reads_the_header(tmp_path: Path) -> None:
    assert probe(draw(tmp_path / "film.mp4")) == VideoInfo(
        frame_rate=25.0, frame_count=75, width=64, height=48, duration=3.0
    )
    assert probe(FOOTAGE / "carphone_pristine.mp4").frame_rate == pytest.approx(30000 / 1001, abs=1e-12)


def test_a_clip_is_its_central_frame() -> None:
    clock = Timeline(pts=list(range(100)), keys=[], start=Fraction(0), time_base=Fraction(1, 25))
    clips = [
        Clip(0.0, 0.04, 7, 8),
        Clip(0.0, 0.16, 10, 14),
        Clip(0.0, 1.0, 50, 60),
        Clip(0.4, 0.56),
        Clip(3.98, 4.0),
    ]
    assert [clip_frames(clock, clip) for clip in clips] == [[7], [12], [55], [12], [99]]


@pytest.mark.parametrize(
    ("frames", "per_clip", "central"),
    [((0, 12), 3, [2, 6, 10]), ((10, 20), 2, [12, 17]), ((7, 8), 3, [7, 7, 7]), ((0, 2), 4, [0, 0, 1, 1])],
)
def test_several_frames_are_central_to_equal_parts(frames, per_clip, central) -> None:
    assert clip_frames(None, Clip(0.0, 1.0, *frames), per_clip) == central


def missing(path: Path) -> Path:
    return path


def empty(path: Path) -> Path:
    path.touch()
    return path


def text(path: Path) -> Path:
    path.write_text("INT. KITCHEN – NIGHT\n" * 50)
    return path


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def header_only(path: Path) -> Path:
    return draw(path, ())


def blank_avi(path: Path) -> Path:
    return blank(draw(path.with_suffix(".avi"), codec="MJPG"), b"movi", b"idx1")


def blank_mp4(path: Path) -> Path:
    return blank(draw(path), b"mdat", b"moov")


def cut_off(path: Path) -> Path:
    path.write_bytes(draw(path).read_bytes()[:1500])  # an MP4's table of contents comes last
    return path


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (missing, "no such file"),
        (empty, "empty"),
        (folder, "cannot be read"),
        (text, "not a video"),
        (header_only, "not a video"),
        (cut_off, "not a video"),
        (blank_avi, "no frame can be decoded"),
        (blank_mp4, "no frame can be decoded"),
    ],
)
@pytest.mark.parametrize("use", [detect, probe, lambda path: list(frames_at(path, [0]))])
def test_unusable_file_is_named_in_one_line(tmp_path: Path, make, problem: str, use) -> None:
    path = make(tmp_path / "film01.mp4")
    with pytest.raises(InputError, match=problem) as caught:
        use(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_truncated_video_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    path = draw(tmp_path / "film.avi", codec="MJPG")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    first, last = detect(path)
    assert frame_ranges([first]) == [(0, 20)]
    assert last.start_frame == 20
    assert 20 < last.end_frame < 75
    assert last.end == pytest.approx(last.end_frame / RATE)
    frames = frames_at(path, [20, last.end_frame])
    assert number_in(next(frames)) == 20
    with pytest.raises(InputError, match=f"frame {last.end_frame} is missing"):
        next(frames)


def test_frames_that_cannot_be_decoded_are_not_counted(tmp_path: Path) -> None:
    path = draw(tmp_path / "film.avi", (40, 35), codec="MJPG")
    data = bytearray(path.read_bytes())
    at = data.index(b"movi") + 4
    for number in range(13):  # chunks: name, length, JPEG, padding to an even length
        length = struct.unpack("<I", data[at + 4 : at + 8])[0]
        if number >= 10:
            data[at + 8 : at + 8 + length] = bytes(length)
        at += 8 + length + length % 2
    path.write_bytes(data)
    clips = detect(path)
    assert frame_ranges(clips) == [(0, 37), (37, 72)]
    assert clips[1].start == pytest.approx(1.6)  # its time has not moved
    assert [number_in(frame) for frame in frames_at(path, [9, 10, 36, 37, 71], clips)] == [9, 13, 39, 40, 74]


def test_joined_streams_are_refused(tmp_path: Path) -> None:
    path = draw(tmp_path / "film.ts", codec="mpg2")
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(InputError, match="timestamps run backwards"):
        detect(path)


def test_path_that_looks_like_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(tmp_path / "film.mp4").rename(tmp_path / "title: 100%d.mp4")
    monkeypatch.chdir(tmp_path)
    assert len(detect(Path("title: 100%d.mp4"))) == 3


def test_libraries_stay_quiet_and_keep_their_settings(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    paths = [
        text(tmp_path / "text.mp4"),
        cut_off(tmp_path / "cut.mp4"),
        blank_mp4(tmp_path / "blank.mp4"),
    ]
    program = """
import sys
from pathlib import Path
import cv2
from mmtool.errors import InputError
from mmtool.video.detectors.content import Content
from mmtool.video.shots import score_frames

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_DEBUG)
for path in sys.argv[1:]:
    try:
        score_frames(Path(path), Content())
    except InputError as error:
        print(error)
"""
    run = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, text=True, check=True)
    assert len(run.stdout.splitlines()) == 3
    assert run.stderr == ""

    def settings() -> tuple[int, int, str | None]:
        logger = logging.getLogger("pyscenedetect")
        return cv2.utils.logging.getLogLevel(), logger.level, os.environ.get("OPENCV_FFMPEG_LOGLEVEL")

    before = settings()
    with pytest.raises(InputError):
        detect(paths[0])
    detect(draw(tmp_path / "film.mp4"))
    assert settings() == before
    assert caplog.records == []


def test_suffixes_are_known_without_opencv() -> None:
    program = "import sys, mmtool.video; print('cv2' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
    assert {".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v", ".mpg", ".mpeg", ".ts"} <= set(VIDEO_SUFFIXES)


LOADED_UNPATCHED = """
import subprocess, sys
call = subprocess.call
import mmtool.video.shots
assert subprocess.call is call
assert None not in sys.modules.values()  # no module is hidden from scenedetect
assert "tqdm" in sys.modules  # which scenedetect loads itself
"""


def test_scenedetect_is_loaded_without_patching_the_process():
    subprocess.run([sys.executable, "-c", LOADED_UNPATCHED], check=True)
