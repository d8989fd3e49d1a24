"""The sound of films: whatever the container, the codec and the channels, at the times of the film."""

import numpy as np
import pytest

from mmtool.errors import InputError
from mmtool.speech.sound import RATE, read_sound
from support.speech import tone, write_sound_film


def loudness(samples: np.ndarray, start: float, end: float) -> float:
    return float(np.sqrt(np.mean(samples[round(start * RATE) : round(end * RATE)] ** 2)))


def pitch(samples: np.ndarray) -> float:
    """Hertz of the strongest tone."""
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.argmax(spectrum) * RATE / len(samples))


@pytest.mark.parametrize(
    ("name", "codec", "layout", "rate"),
    [
        ("a.mkv", "pcm_s16le", "mono", 16_000),
        ("a.mkv", "pcm_s16le", "mono", 8_000),
        ("a.mkv", "pcm_s16le", "7.1", 48_000),
        ("a.mkv", "pcm_f32le", "5.1", 44_100),
        ("a.mkv", "flac", "stereo", 96_000),
        ("a.mp4", "aac", "stereo", 44_100),
        ("a.mkv", "libopus", "stereo", 48_000),
        ("a.webm", "libopus", "stereo", 24_000),
        ("a.avi", "mp3", "stereo", 22_050),
        ("a.ts", "mp2", "stereo", 48_000),
        ("a.mov", "pcm_s16be", "octagonal", 48_000),
    ],
)
def test_any_container_codec_layout_and_rate(tmp_path, name, codec, layout, rate):
    film = write_sound_film(tmp_path / name, tone(2.0, rate=rate), codec=codec, layout=layout, rate=rate)
    sound = read_sound(film)
    assert sound is not None
    assert sound.samples.dtype == np.float32
    assert sound.duration == pytest.approx(2.0, abs=0.15)
    assert pitch(sound.samples) == pytest.approx(440, abs=2)
    assert loudness(sound.samples, 0.5, 1.5) > 0.1
    assert sound.notes == ()


def test_samples_are_those_of_the_file(tmp_path):
    samples = tone(1.0)
    sound = read_sound(write_sound_film(tmp_path / "a.mkv", samples))
    np.testing.assert_allclose(sound.samples, samples, atol=1 / 30_000)


def test_sound_that_begins_late_keeps_its_time(tmp_path):
    sound = read_sound(write_sound_film(tmp_path / "a.mkv", tone(1.0), delay=1.5))
    assert sound.duration == pytest.approx(2.5, abs=0.01)
    assert loudness(sound.samples, 0.0, 1.49) == 0
    assert loudness(sound.samples, 1.51, 2.49) > 0.2


def test_a_gap_in_the_sound_is_silence(tmp_path):
    film = write_sound_film(tmp_path / "a.mkv", tone(4.0), skipped=[(1.0, 3.0)])
    sound = read_sound(film)
    assert sound.duration == pytest.approx(4.0, abs=0.01)
    assert loudness(sound.samples, 1.05, 2.95) == 0
    assert loudness(sound.samples, 3.05, 3.95) > 0.2


def test_sound_that_ends_long_before_the_film_is_said(tmp_path):
    sound = read_sound(write_sound_film(tmp_path / "a.mkv", tone(4.0), seconds=20.0))
    assert sound.notes == ("its sound ends at 4.0 s, the film at 20.0 s",)
    assert read_sound(write_sound_film(tmp_path / "b.mkv", tone(4.0), seconds=5.0)).notes == ()


def test_a_film_without_sound(tmp_path):
    assert read_sound(write_sound_film(tmp_path / "a.mp4", None, seconds=2)) is None


def test_packets_that_cannot_be_decoded_are_silence(tmp_path):
    film = write_sound_film(tmp_path / "a.mkv", tone(4.0, rate=48_000), codec="flac", rate=48_000)
    content = bytearray(film.read_bytes())
    heads = [at for at in range(len(content) - 2) if content[at : at + 2] == b"\xff\xf8"]
    for at in heads[10:20]:
        content[at : at + 60] = bytes(60)
    film.write_bytes(content)
    sound = read_sound(film)
    assert sound.duration == pytest.approx(4.0, abs=0.15)
    assert loudness(sound.samples, 2.5, 3.9) > 0.2
    assert "could not be decoded" in sound.notes[0]


def test_sound_of_which_nothing_can_be_decoded(tmp_path):
    film = write_sound_film(tmp_path / "a.mkv", tone(2.0, rate=48_000), codec="flac", rate=48_000)
    content = bytearray(film.read_bytes())
    for at in range(len(content) - 2):
        if content[at : at + 2] == b"\xff\xf8":
            content[at : at + 60] = bytes(60)
    film.write_bytes(content)
    with pytest.raises(InputError, match="its sound cannot be decoded"):
        read_sound(film)


def test_what_is_not_a_film(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no film at all")
    with pytest.raises(InputError):
        read_sound(tmp_path / "a.mp4")
