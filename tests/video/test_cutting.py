"""Clips start with the picture that they should start with, whichever container the film is in."""

from pathlib import Path

import av
import pytest

from mmtool.errors import InputError
from mmtool.records import Interval
from mmtool.video.clip_check import WantedClip, find_fault
from mmtool.video.cutting import FilmCutter, find_ffmpeg
from support.numbered_films import make_film, number_in

RATE = 25
X264 = {"bf": "2", "sc_threshold": "0"}
FILMS = {
    "two.ts": ("libx264", 20, X264),
    "one.ts": ("libx264", 250, X264),  # one key frame
    "open.ts": ("libx264", 20, {"x264-params": "open-gop=1:scenecut=0:bframes=3"}),
    "open-hevc.ts": ("libx265", 20, {"x265-params": "open-gop=1:scenecut=0:log-level=none"}),
    "indexed.mkv": ("libx264", 20, X264),
}


@pytest.fixture(scope="module", params=FILMS)
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    codec, keep, options = FILMS[request.param]
    path = tmp_path_factory.mktemp("films") / request.param
    return make_film(path, codec, keep=keep, options=options, frames=range(90)), keep


def numbers(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [number_in(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


@pytest.mark.parametrize("first", [20, 33, 65])
def test_encoded_clips_are_exact(film, tmp_path, first: int) -> None:
    output = tmp_path / "clip.mp4"
    interval = Interval(first / RATE, (first + 12) / RATE)
    FilmCutter(film[0]).cut(interval, output, encode=True, ffmpeg=find_ffmpeg())
    assert numbers(output) == list(range(first, first + 12))


@pytest.mark.parametrize("first", [20, 33, 65])
def test_encoded_clips_of_program_streams_start_at_the_right_picture(tmp_path, first: int) -> None:
    """Later pictures may be doubled: such streams do not time each of them."""
    path = make_film(tmp_path / "ps.mpg", "mpeg2video", keep=15, options={"bf": "2"}, frames=range(90))
    output = tmp_path / "clip.mp4"
    interval = Interval(first / RATE, (first + 12) / RATE)
    FilmCutter(path).cut(interval, output, encode=True, ffmpeg=find_ffmpeg())
    assert numbers(output)[0] == first


def test_copied_clips_start_at_the_key_frame_before(film, tmp_path) -> None:
    path, keep = film
    output = tmp_path / "clip.mp4"
    FilmCutter(path).cut(Interval(50 / RATE, 62 / RATE), output, encode=False, ffmpeg=find_ffmpeg())
    seen = numbers(output)
    assert seen[0] == 50 // keep * keep
    assert set(range(50, 62)) <= set(seen)


def test_what_was_written_is_checked(tmp_path) -> None:
    clip = make_film(tmp_path / "clip.mp4", frames=range(10, 20))
    with av.open(str(make_film(tmp_path / "film.mp4"))) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]

    def fault(first: int, *, count: int = 10, sound: bool = False, shown: float = 0.0) -> str:
        around = (pictures[first], pictures[first - 1], pictures[first + 1])
        wanted = WantedClip(
            sound=sound, fewest=count, most=count, first=shown, tolerance=0.02, pictures=around
        )
        return find_fault(clip, wanted)

    assert fault(10) == ""
    assert fault(11) == fault(9) == fault(60) == "the clip starts with another picture"
    assert fault(10, count=11) == "the clip has 10 pictures where the film has 11"
    assert fault(10, sound=True) == "the clip has no sound"
    assert "starts with a picture of 0.04 s before" in fault(10, shown=0.04)


def test_a_clip_that_comes_out_wrong_every_time_fails_in_one_line(tmp_path, monkeypatch) -> None:
    path = make_film(tmp_path / "film.ts")
    monkeypatch.setattr("mmtool.video.cutting.find_fault", lambda *_: "the clip has no sound")
    with pytest.raises(InputError, match=r"cannot be cut at 1\.00 s \(the clip has no sound\)"):
        FilmCutter(path).cut(Interval(1, 2), tmp_path / "clip.mp4", encode=True, ffmpeg=find_ffmpeg())
