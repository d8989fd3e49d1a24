"""Frames by index without decoding from the start: the same pixels and times as decoding everything."""

from bisect import bisect_right

import numpy as np
import pytest

from mmtool.errors import InputError
from mmtool.records import Clip
from mmtool.video import frames as frames_module
from mmtool.video import seeking
from mmtool.video.detectors.content import Content
from mmtool.video.frames import read_clip_frames, read_frames, timeline_of
from mmtool.video.opening import open_film
from mmtool.video.stream import quiet
from mmtool.video.timeline import FrameTimesUnknownError, read_timeline
from support.cuts import detect_clips
from support.films import shots, write_film
from support.footage import FOOTAGE
from support.numbered_films import make_film, number_in

OPEN = "open-gop=1:keyint=20:bframes=3"
UNEVEN = [k + 2 * (k // 7) for k in range(100)]  # every seventh frame lasts three times as long


def h264(path, **more):
    return make_film(path, options={"x264-params": OPEN}, **more)


def hevc(path):
    return make_film(path, "libx265", options={"x265-params": f"{OPEN}:log-level=none"})


def mpeg2(path):
    return make_film(path, "mpeg2video", options={"bf": "2"}, keep=15)


def recorded(path):
    """A transport stream that somebody began to record in the middle of a group."""
    data = mpeg2(path).read_bytes()
    path.write_bytes(data[: 3 * 188] + data[len(data) // 188 // 3 * 188 :])
    return path


def damaged(path):
    data = bytearray(mpeg2(path).read_bytes())
    third = len(data) // 3
    data[third : third + 2000] = bytes(value * 7 + 13 & 255 for value in data[third : third + 2000])
    path.write_bytes(data)
    return path


def truncated(path):
    data = h264(path).read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    return path


SOUGHT = {  # file name: how it is made; frames are sought
    "open.mp4": h264,
    "open.mkv": h264,
    "open.ts": h264,
    "hevc.mp4": hevc,
    "hevc.ts": hevc,
    "broadcast.ts": mpeg2,
    "recorded.ts": recorded,
    "truncated.ts": truncated,
    "old.avi": lambda path: make_film(path, "mpeg4"),
    "stills.avi": lambda path: make_film(path, "mjpeg", pixels="yuvj420p"),
    "uneven.mp4": lambda path: h264(path, ticks=UNEVEN),
    "uneven.mkv": lambda path: h264(path, ticks=UNEVEN),
    "late.mp4": lambda path: h264(path, ticks=range(250, 350)),
    "late.mkv": lambda path: h264(path, ticks=range(250, 350)),
    "turned.mp4": lambda path: h264(path, rotation=90),
    "turned.mov": lambda path: h264(path, rotation=-90),
    "upside-down.mp4": lambda path: h264(path, rotation=180),
    "odd.mp4": lambda path: make_film(path, size=(97, 63), pixels="yuv444p"),
    "deep.mov": lambda path: make_film(path, "prores_ks", pixels="yuv422p10le"),
    "one.mp4": lambda path: h264(path, frames=[7]),
}
COUNTED = {  # likewise; only decoding everything tells which frames there are
    "disc.mpg": mpeg2,  # where many packets have no timestamp of their own
    "damaged.mpg": damaged,
    "altref.webm": lambda path: make_film(
        path, "libvpx", options={"auto-alt-ref": "1", "lag-in-frames": "16"}
    ),
    "b-frames.avi": lambda path: make_film(path, "mpeg4", options={"bf": "2"}),
    "refresh.ts": lambda path: make_film(path, options={"x264-params": "intra-refresh=1:keyint=20"}),
}


def decode_all(path):
    """OpenCV's frames and PySceneDetect's times, one after the other: what the cuts are found in."""
    with open_film(path) as stream, quiet():
        frames = []
        while (frame := stream.read()) is not False:
            frames.append(frame[..., ::-1])
        return frames, stream.times


OWN_TIMES = {"disc.mpg", "damaged.mpg", "b-frames.avi"}  # where OpenCV tells some frames' times wrongly


def check(path, wanted):
    """Frames of a film are those of plain decoding; ``wanted`` are shares of its length."""
    frames, seconds = decode_all(path)
    cuts = range(0, len(frames), 9)
    clips = [Clip(seconds[k], seconds[k] + 1, k, k + 1) for k in cuts]
    indices = sorted({int(share * len(frames)) for share in wanted})
    read = list(read_frames(path, indices, timeline_of(path, clips)))
    assert len(read) == len(indices)
    for index, frame in zip(indices, read, strict=True):
        np.testing.assert_array_equal(frame.pixels, frames[index])
        if path.name not in OWN_TIMES:
            assert frame.time == pytest.approx(seconds[index], abs=1e-6)


FEW, MANY = (0.55, 0.93, 0.999), np.linspace(0, 0.999, 23)


@pytest.fixture
def counted(monkeypatch):
    """How many frames were not sought."""
    counts = []
    count_frames = frames_module._count_frames

    def spy(path, frames, pixels):
        counts.extend(frames)
        return count_frames(path, frames, pixels)

    monkeypatch.setattr(frames_module, "_count_frames", spy)
    return counts


@pytest.mark.parametrize("name", SOUGHT)
def test_sought_frames_are_those_of_plain_decoding(tmp_path, name, counted):
    path = SOUGHT[name](tmp_path / name)
    check(path, FEW)
    check(path, MANY)
    assert counted == []


@pytest.mark.parametrize("name", COUNTED)
def test_frames_that_cannot_be_sought_are_counted(tmp_path, name, counted):
    path = COUNTED[name](tmp_path / name)
    check(path, FEW)
    check(path, MANY)
    assert counted != []


@pytest.mark.parametrize("name", ["bikes.mp4", "carphone_pristine.mp4"])
def test_footage(name, counted):
    check(FOOTAGE / name, FEW)
    check(FOOTAGE / name, MANY)
    assert counted == []


def test_only_the_group_of_a_frame_is_decoded(tmp_path, monkeypatch):
    """100 frames in groups of 20: frame 95 is the sixteenth of the last group, 97 follows, 99 too."""
    decoded = []
    decode = seeking._decode

    def spy(packets):
        for frame in decode(packets):
            decoded.append(frame.pts)
            yield frame

    monkeypatch.setattr(seeking, "_decode", spy)
    path = make_film(tmp_path / "film.mp4", options={"x264-params": "keyint=20:scenecut=0:bframes=0"})
    frames = read_frames(path, [95, 97, 99], read_timeline(path))
    assert [number_in(frame.pixels) for frame in frames] == [95, 97, 99]
    assert len(decoded) == 20
    decoded.clear()
    list(read_frames(path, [15, 21], read_timeline(path)))  # the key frame 20 is near: decoded up to
    assert len(decoded) == 22


def test_a_timeline_tells_frames_keys_and_seconds(tmp_path):
    path = make_film(tmp_path / "film.mkv", ticks=UNEVEN, options={"x264-params": "keyint=20:scenecut=0"})
    timeline = read_timeline(path)
    assert [timeline.seconds(index) for index in range(100)] == pytest.approx([tick / 25 for tick in UNEVEN])
    assert [timeline.key_of(index) for index in (0, 19, 20, 99)] == [0, 0, 1, 4]
    for seconds in (0.0, 0.11, 0.27, 0.29, 1.0, 4.9):
        assert timeline.shown_at(seconds) == bisect_right(UNEVEN, seconds * 25 + 1e-6) - 1
        assert timeline.edge(seconds) == min(range(100), key=lambda k: abs(UNEVEN[k] - seconds * 25))
    assert timeline.edge(1000.0) == 100


def test_clips_with_times_alone_get_what_is_shown_then(tmp_path):
    """The film's rate varies: frame 70 begins at (70 + 20) / 25 = 3.6 s, frame 77 at 99 / 25 = 3.96 s."""
    path = make_film(tmp_path / "film.mp4", ticks=UNEVEN)
    (found,) = read_clip_frames(path, [Clip(3.6, 3.96)])
    assert number_in(found.frame.pixels) == 73
    assert found.frame.time == pytest.approx(3.72)  # (73 + 20) / 25


def test_times_are_decoded_where_packets_do_not_tell_them(tmp_path):
    """VP8; the pictures start two seconds after the sound, and last 40 or 80 ms in turn."""
    late = {"start": 2000, "sound": 5}
    path = write_film(tmp_path / "film.mkv", shots(40), durations=(40, 80), codec="libvpx", **late)
    found = list(read_clip_frames(path, [Clip(2.6, 3.2), Clip(3.2, 3.8)]))  # five times 120 ms each
    assert [number_in(each.frame.pixels) for each in found] == [15, 25]
    assert [each.frame.time for each in found] == pytest.approx([2.6 + 0.28, 3.2 + 0.28])


def test_frames_come_in_the_order_of_the_film_where_clips_overlap(tmp_path):
    path = make_film(tmp_path / "film.mp4")
    clips = [Clip(0.0, 4.0, 0, 100), Clip(0.4, 0.8, 10, 20)]
    found = [(f.clip, f.part, number_in(f.frame.pixels)) for f in read_clip_frames(path, clips, 2)]
    assert found == [(1, 0, 12), (1, 1, 17), (0, 0, 25), (0, 1, 75)]


def test_frames_that_vanish_without_a_trace_show_in_the_clips_times(tmp_path):
    """Three stills are blank: the packets are there, but decoding counts three frames less."""
    path = make_film(tmp_path / "film.avi", "mjpeg", frames=[*range(40), *range(215, 255)], pixels="yuvj420p")
    data = bytearray(path.read_bytes())
    at = data.index(b"movi") + 4
    for number in range(13):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if number >= 10:
            data[at + 8 : at + 8 + length] = bytes(length)
        at += 8 + length + length % 2
    path.write_bytes(data)
    clips = detect_clips(path, Content(), min_clip_frames=5)
    timeline = timeline_of(path, clips)
    assert len(read_timeline(path).pts) == 80
    assert timeline is None
    assert [number_in(frame.pixels) for frame in read_frames(path, [9, 10, 36], timeline)] == [9, 13, 39]


@pytest.mark.parametrize("cut", [100, 90])  # between clips, and within one
def test_a_film_that_ends_too_early_is_named(tmp_path, cut):
    path = make_film(tmp_path / "film.mp4")
    clips = [Clip(0.0, cut / 25, 0, cut), Clip(cut / 25, 8.4, cut, 300 - cut)]
    with pytest.raises(InputError, match=r"film\.mp4: frame 150 is missing, the last .* is 99; check"):
        list(read_clip_frames(path, clips))


def test_packets_that_show_nothing_are_no_timeline(tmp_path):
    with pytest.raises(FrameTimesUnknownError):
        read_timeline(COUNTED["altref.webm"](tmp_path / "altref.webm"))
