"""Interlaced films have the cuts of the pictures that they were made of, whichever OpenCV is there."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import mmtool.video.interlaced
from mmtool.errors import InputError
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.video.detectors.content import Content
from mmtool.video.interlaced import MOST_SAMPLES, is_interlaced
from mmtool.video.opening import open_film
from mmtool.video.pyav_stream import open_with_pyav
from mmtool.video.shots import WHOLE_FILM, Extent
from support.commands import call
from support.cuts import detect_clips
from support.films import scenes, write_film

LENGTHS = (20, 15, 25)  # frames of 40 ms
CUTS = [(0.0, 0), (0.8, 20), (1.4, 35)]
KINDS = {
    ".mp4": ("libx264", {"x264-params": "interlaced=1:tff=1"}),
    ".mkv": ("libx264", {"x264-params": "interlaced=1:bff=1"}),  # its header says progressive
    ".mpg": ("mpeg2video", {"flags": "+ildct+ilme"}),
    ".ts": ("mpeg2video", {"flags": "+ildct+ilme"}),
    ".avi": ("mpeg4", {"flags": "+ildct+ilme"}),  # its header says nothing
}


def encode(path: Path, frames: list[np.ndarray], *, interlaced: bool = True, first: int = 0) -> Path:
    """Encode frames as pictures of 40 ms, the first of them shown at ``first`` times that."""
    codec, options = KINDS[path.suffix] if interlaced else (KINDS[path.suffix][0], {})
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.height, stream.width, _ = frames[0].shape
        stream.pix_fmt, stream.bit_rate, stream.gop_size = "yuv420p", 4_000_000, 10
        for number, frame in enumerate(frames, start=first):
            shown = av.VideoFrame.from_ndarray(frame, format="rgb24")
            shown.pts, shown.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(shown))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return list(scenes(lengths=LENGTHS, size=(240, 320)))


@pytest.fixture(scope="module", params=KINDS)
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, pictures) -> Path:
    path = tmp_path_factory.mktemp("film") / f"film{request.param}"
    return encode(path, pictures)


def starts(path: Path, extent: Extent = WHOLE_FILM) -> list[tuple[float, int | None]]:
    return [
        (clip.start, clip.start_frame)
        for clip in detect_clips(path, Content(), min_clip_frames=5, extent=extent)
    ]


def test_cuts_are_found(film, tmp_path):
    assert is_interlaced(film)
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / film.name).symlink_to(film)
    call("segment", tmp_path)
    clips = read_clips(Corpus(tmp_path).clips("film"))
    assert [(clip.start, clip.start_frame) for clip in clips] == CUTS
    assert (clips[-1].end, clips[-1].end_frame) == (2.4, 60)


def test_a_part_of_the_film(film):
    assert starts(film, Extent(0.4, 2.0)) == [(0.4, 10), *CUTS[1:]]
    assert detect_clips(film, Content(), min_clip_frames=5, extent=Extent(0.4, 2.0))[-1].end == 2.0


def test_pixels_times_and_counts_are_those_of_the_other_decoder(tmp_path, pictures):
    """On a progressive film, which OpenCV can show."""
    path = write_film(tmp_path / "film.mp4", pictures, durations=(40, 60))
    assert not is_interlaced(path)
    with open_film(path) as one, open_with_pyav(path) as other:
        assert one.frame_count == other.frame_count == sum(LENGTHS)
        assert one.frame_rate == other.frame_rate
        for _ in pictures:
            np.testing.assert_array_equal(one.read(), other.read())
        assert one.read() is other.read() is False
        assert one.times == other.times


def test_a_film_that_becomes_interlaced_later(tmp_path, pictures, monkeypatch):
    """At the first cut; samples every second show it."""
    parts = [
        encode(tmp_path / "a.ts", pictures[:20], interlaced=False),
        encode(tmp_path / "b.ts", pictures[20:], first=20),
    ]
    path = tmp_path / "film.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert not is_interlaced(path)
    monkeypatch.setattr(mmtool.video.interlaced, "SAMPLE_EVERY", 1)
    assert is_interlaced(path)
    times = [time for time, _ in starts(path)]
    np.testing.assert_allclose(times, [time for time, _ in CUTS], atol=0.041)  # a frame is lost at the joint


def test_a_film_that_claims_to_last_for_ages_is_sampled_at_a_few_places(tmp_path, pictures, monkeypatch):
    """A damaged header of an AVI gives each of its pictures five years."""
    path = encode(tmp_path / "film.avi", pictures[:30], interlaced=False)
    content = bytearray(path.read_bytes())
    scale = content.index(b"strh") + 28  # units a picture, before the units a second
    struct.pack_into("<II", content, scale, 171_798_686, 1)
    path.write_bytes(content)
    samples, decode = [], mmtool.video.interlaced.decode_all
    monkeypatch.setattr(
        mmtool.video.interlaced, "decode_all", lambda *film: samples.append(1) or decode(*film)
    )
    assert not is_interlaced(path)
    assert 2 <= len(samples) <= MOST_SAMPLES + 2


def test_a_film_that_is_damaged_ends_where_decoding_does(tmp_path, pictures):
    whole = encode(tmp_path / "film.ts", pictures)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert starts(whole) == CUTS[:2]
    with pytest.raises(InputError, match="ends before 9 s"):
        starts(whole, Extent(9.0))
