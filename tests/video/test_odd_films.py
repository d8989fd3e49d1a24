"""Films that one of two decoders cannot read, films that are none, and the cause that is told."""

from pathlib import Path

import av
import numpy as np
import pytest

from mmtool.errors import InputError
from mmtool.video.containers import tracks_note
from mmtool.video.detectors.content import Content
from mmtool.video.opening import open_film
from mmtool.video.probe import probe
from mmtool.video.pyav_stream import PyavStream
from mmtool.video.shots import score_frames
from mmtool.video.stream import FrameStream
from support.commands import call
from support.films import scenes
from support.numbered_films import make_film, number_in, picture

LISTS = {
    "ffconcat": "ffconcat version 1.0\nfile film.mp4\n",
    "padded": "\n \nffconcat version 1.0\nfile film.mp4\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfilm.mp4\n#EXT-X-ENDLIST\n",
    "dash": '<?xml version="1.0"?>\n<MPD type="static"></MPD>',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\nm=video 5004 RTP/AVP 96\n",
}


@pytest.mark.parametrize("content", LISTS.values(), ids=LISTS)
def test_a_list_of_other_files_is_refused_whatever_its_name(tmp_path: Path, content: str) -> None:
    make_film(tmp_path / "film.mp4", frames=range(5))
    path = tmp_path / "list.mp4"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="not a film; put the film itself there"):
        probe(path)


def test_a_film_that_opencv_does_not_show_is_read_by_pyav(tmp_path, monkeypatch) -> None:
    path = make_film(tmp_path / "film.mp4")
    seen = score_frames(path, Content())
    monkeypatch.setattr(FrameStream, "peek", lambda _: False)
    with open_film(path) as stream:
        assert isinstance(stream, PyavStream)
    other = score_frames(path, Content())
    assert (other.times == seen.times).all()
    assert (other.scores == seen.scores).all()


def test_av1_in_webm_is_cut(tmp_path) -> None:
    (tmp_path / "videos").mkdir()
    path = tmp_path / "videos" / "film.webm"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libsvtav1", rate=25, options={"preset": "12"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for frame in scenes(lengths=(20, 20)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    assert "clips 2" in call("segment", tmp_path).output


def two_tracks(path: Path, *, default: int) -> Path:
    """The first track counts from 0, the second from 100."""
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("libx264", rate=25, options={"g": "5"}) for _ in range(2)]
        for number, stream in enumerate(streams):
            stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
            stream.disposition = av.stream.Disposition.default if number == default else 0
        for index in range(10):
            for number, stream in enumerate(streams):
                frame = av.VideoFrame.from_ndarray(picture(100 * number + index), format="rgb24")
                frame.pts = index
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode())
    return path


@pytest.mark.parametrize("default", [0, 1])
def test_the_default_track_is_read_and_named(tmp_path, default: int) -> None:
    path = two_tracks(tmp_path / "film.mkv", default=default)
    with open_film(path) as stream:
        assert number_in(stream.read()) == 100 * default
    assert f"has 2 tracks of pictures; number {default + 1} is used" in tracks_note(path)


def sound_and_cover(path: Path) -> None:
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=16_000, layout="mono")
        cover = container.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 96, 64, "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        image = av.VideoFrame.from_ndarray(picture(1), format="rgb24")
        image.pts = 0
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        silence.sample_rate, silence.pts = 16_000, 0
        container.mux([*cover.encode(image), *cover.encode(), *sound.encode(silence), *sound.encode()])


def no_decoder(path: Path) -> None:
    make_film(path, frames=range(5))
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))


def no_index(path: Path) -> None:
    make_film(path, frames=range(5))
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"moov") - 4])


def half_an_index(path: Path) -> None:
    make_film(path, frames=range(5))
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"moov") + 120])  # within its header, before any track


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (half_an_index, r"it is incomplete, its index \(moov\) is missing"),
        (
            lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\n"),
            "a pointer of Git LFS",
        ),
        (lambda path: path.write_text("<!DOCTYPE html>\n<p>404</p>\n"), "is a web page, not a film"),
        (sound_and_cover, "has no moving pictures, only audio and a cover"),
        (no_decoder, r"there is no decoder here for its pictures \(zzzz\)"),
        (no_index, r"it is incomplete, its index \(moov\) is missing; it changed . s ago"),
        (lambda path: path.symlink_to("gone.mp4"), r"links to gone\.mp4, which does not exist"),
    ],
)
def test_the_cause_that_is_told_is_the_true_one(tmp_path, make, cause: str) -> None:
    make(path := tmp_path / "film.mp4")
    with pytest.raises(InputError, match=cause):
        probe(path)


def test_metadata_in_another_encoding_is_no_trouble(tmp_path) -> None:
    (tmp_path / "videos").mkdir()
    path = tmp_path / "videos" / "film.mp4"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Amxlie"
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for frame in scenes(lengths=(20, 20)):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    path.write_bytes(path.read_bytes().replace(b"Amxlie", b"Am\xe9lie"))
    assert "clips 2" in call("segment", tmp_path).output
