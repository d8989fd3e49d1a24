"""When things are shown: variable frame rates, films that start late, edit lists, and parts of films."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mmtool.errors import InputError
from mmtool.records import Clip
from mmtool.video.detectors.content import Content
from mmtool.video.film_header import count_frames_before, read_header
from mmtool.video.frames import read_frames, timeline_of
from mmtool.video.shots import Extent, score_frames
from support.cuts import detect_clips
from support.films import number_in, shots, write_film
from support.pyscenedetect import command

CONTENT = Content()
UNEVEN = (40, 83, 41)  # ms that frames last, in turn
SHOWN = np.cumsum([0, *UNEVEN * 40]) / 1000  # seconds of the first, second, … frame


def detect(path, **options):
    return detect_clips(path, CONTENT, min_clip_frames=5, **options)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])  # the second stores frames out of order
def test_clips_of_a_variable_frame_rate_have_the_times_of_their_frames(tmp_path, suffix, codec):
    path = write_film(tmp_path / f"film{suffix}", shots(20, 30, 25), durations=UNEVEN, codec=codec)
    clips = detect(path)
    assert [(clip.start_frame, clip.end_frame) for clip in clips] == [(0, 20), (20, 50), (50, 75)]
    assert [clip.start for clip in clips] == pytest.approx([0, SHOWN[20], SHOWN[50]], abs=1e-6)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_a_film_that_starts_late_starts_at_zero(tmp_path, suffix):
    """Without anything before it, players show its first picture at 0:00."""
    path = write_film(tmp_path / f"film{suffix}", shots(20, 30), start=5000)
    assert [clip.start for clip in detect(path)] == pytest.approx([0, 0.8], abs=1e-6)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_pictures_after_the_sound_keep_their_distance(tmp_path, suffix):
    """The sound starts at 0:00 and the pictures five seconds later; so players show it."""
    path = write_film(tmp_path / f"film{suffix}", shots(20, 30), start=5000, sound=8)
    clips = detect(path)
    assert [clip.start for clip in clips] == pytest.approx([5, 5.8], abs=1e-6)
    assert clips[0].start_frame == 0
    assert detect(path, extent=Extent(5.4, 6.2))[0].start == pytest.approx(5.4)


@pytest.mark.parametrize("key_frames", [1, 25])  # in the second, what is left out is decoded all the same
def test_what_an_edit_list_leaves_out_is_not_there(tmp_path, key_frames):
    path = write_film(tmp_path / "film.mp4", shots(20, 30, 25), key_frames=key_frames)
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") - 4  # size, name, flags, one entry: duration (ms), first time, rate
    ticks = struct.unpack(">I", data[(mdhd := data.index(b"mdhd")) + 16 : mdhd + 20])[0]
    data[at + 16 : at + 24] = struct.pack(">II", 2600, ticks * 400 // 1000)  # from 0.4 s on
    path.write_bytes(data)
    clips = detect(path)
    assert [(clip.start_frame, clip.end_frame) for clip in clips] == [(0, 10), (10, 40), (40, 65)]
    assert [clip.start for clip in clips] == pytest.approx([0, 0.4, 1.6], abs=1e-6)
    assert [number_in(f.pixels) for f in read_frames(path, [0, 39], timeline_of(path, clips))] == [10, 49]
    assert detect(path, extent=Extent(0.2, 1.2)) == [Clip(0.2, 0.4, 5, 10), Clip(0.4, 1.2, 10, 30)]


@pytest.mark.parametrize(
    ("suffix", "codec", "durations"),
    [
        (".mp4", "mpeg4", (40,)),
        (".mp4", "libx264", UNEVEN),
        (".mkv", "libx264", (40,)),
        (".mkv", "mpeg4", UNEVEN),
        (".avi", "mpeg4", (40,)),
        (".ts", "mpeg4", (40,)),
        (".ts", "libx264", UNEVEN),
    ],
)
def test_a_part_has_the_scores_of_the_whole_from_there_on(tmp_path, suffix, codec, durations):
    path = write_film(tmp_path / f"film{suffix}", shots(*[15] * 8), durations=durations, codec=codec)
    whole = score_frames(path, CONTENT)
    for first, last in ((1, 3), (40, 90), (77, 120), (119, 120)):
        end = whole.times[last] if last < 120 else None
        part = score_frames(path, CONTENT, extent=Extent(whole.times[first], end))
        assert part.first == first
        np.testing.assert_array_equal(part.times, whole.times[first:last])
        assert part.scores[0] == 0
        np.testing.assert_array_equal(part.scores[1:], whole.scores[first + 1 : last])


def test_cuts_of_a_part_are_those_of_the_command(tmp_path):
    path = write_film(tmp_path / "film.mp4", shots(*[25] * 8), codec="libx264")
    rows = command(
        path, tmp_path, "time", "-s", "2.4s", "-e", "6.6s", "detect-content", "-t", "20", "-m", "5"
    )
    clips = detect(path, extent=Extent(2.4, 6.6))
    assert [(clip.start_frame, clip.end_frame) for clip in clips] == rows
    assert rows[0][0] == 60
    assert rows[-1][1] == 165


def test_a_part_is_reached_without_decoding_what_is_before(tmp_path, monkeypatch):
    from mmtool.video.stream import FrameStream

    path = write_film(tmp_path / "film.mkv", shots(*[25] * 30), codec="libx264")
    looked_at = []
    position = FrameStream.position.fget
    monkeypatch.setattr(
        FrameStream, "position", property(lambda stream: looked_at.append(1) or position(stream))
    )
    part = score_frames(path, CONTENT, extent=Extent(28.0, 29.0))
    assert part.first == 700
    assert len(part.scores) == 25
    assert len(looked_at) < 120


def test_a_part_outside_the_film_is_one_line(tmp_path):
    path = write_film(tmp_path / "film.mp4", shots(20))
    with pytest.raises(InputError, match="ends before 3 s; correct `start`"):
        score_frames(path, CONTENT, extent=Extent(3.0))
    assert len(score_frames(path, CONTENT, extent=Extent(0.0, 99.0)).scores) == 20
    with pytest.raises(InputError, match=r"no frame begins between 0\.41 s and 0\.43 s"):
        score_frames(path, CONTENT, extent=Extent(0.41, 0.43))


def test_headers_tell_the_end_and_count_frames(tmp_path):
    path = write_film(tmp_path / "film.mp4", shots(20, 30), start=1000, sound=3, codec="libx264")
    header = read_header(path)
    assert header.offset == pytest.approx(1.0)
    assert header.end == pytest.approx(3.0)
    assert [count_frames_before(path, time) for time in (0, 1, 1.04, 1.05, 2, 10)] == [0, 0, 1, 2, 25, 50]


@pytest.mark.parametrize("part", [0.3, 0.6])
def test_frames_that_no_decoder_shows_are_not_counted(tmp_path, part):
    """A recording that begins within a group of frames; its first ones refer to what is not there."""
    path = write_film(tmp_path / "film.ts", shots(20, 30, 25), codec="libx264", key_frames=25)
    data = path.read_bytes()
    path.write_bytes(data[int(len(data) * part) // 188 * 188 :])
    whole = detect(path)
    start = whole[-1].start
    assert detect(path, extent=Extent(start)) == [whole[-1]]
    assert start > 0.2


def test_frames_are_decoded_to_count_them_where_packets_do_not_tell(tmp_path):
    """VP8 has packets that show nothing."""
    path = write_film(tmp_path / "film.mkv", shots(20, 30), start=1000, sound=3, codec="libvpx")
    assert [count_frames_before(path, time) for time in (0, 1, 1.04, 1.05, 2, 10)] == [0, 0, 1, 2, 25, 50]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells no peak memory")
def test_a_long_film_takes_no_more_memory_than_a_short_one(tmp_path):
    """Peak memory of a process of its own, which cuts ten times as many frames."""
    program = """
import sys
from pathlib import Path
from mmtool.video.detectors.content import Content
from mmtool.video.shots import score_frames

score_frames(Path(sys.argv[1]), Content())
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""
    peaks = []
    for count in (10, 100):
        frames = (frame for _ in range(count) for frame in shots(10, 10))
        path = write_film(tmp_path / f"{count}.mkv", frames)
        run = subprocess.run(
            [sys.executable, "-c", program, path], env=os.environ, capture_output=True, text=True, check=True
        )
        peaks.append(int(run.stdout))
    assert peaks[1] < 1.1 * peaks[0]
