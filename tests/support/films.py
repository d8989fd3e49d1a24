"""Small films whose cuts, times and frame numbers are known."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import cv2
import numpy as np

TICK = Fraction(1, 1000)  # films are timed in milliseconds
SIZE = (48, 64)  # height, width


def picture(number, level):
    """A grey frame; the eight blocks along its top are the bits of its number, black or white."""
    height, width = SIZE
    frame = np.full((height, width, 3), level, np.uint8)
    for bit in range(8):
        frame[: height // 6, bit * width // 8 : (bit + 1) * width // 8] = 255 if number >> bit & 1 else 0
    return frame


def number_in(frame):
    height, width, _ = frame.shape
    return sum((int(frame[height // 16, (2 * bit + 1) * width // 16, 0]) > 127) << bit for bit in range(8))


def shots(*lengths):
    """Frames of shots that are dark and bright in turn."""
    levels = [220 if shot % 2 else 40 for shot, length in enumerate(lengths) for _ in range(length)]
    return [picture(number, level) for number, level in enumerate(levels)]


def scenes(*, lengths, fades=(), seed=0, size=(120, 160)):
    """Random pictures, one a scene, that shake a little; those in ``fades`` go to black and come from it."""
    rng = np.random.default_rng(seed)
    for scene, length in enumerate(lengths):
        coarse = rng.integers(0, 255, (size[0] // 20, size[1] // 20, 3))
        base = np.repeat(np.repeat(coarse, 20, axis=0), 20, axis=1)
        for k in range(length):
            light = min(1.0, max(0, k - 4) / 8, max(0, length - 5 - k) / 8) if scene in fades else 1.0
            yield np.clip(light * np.roll(base, k % 3, axis=1), 0, 255).astype(np.uint8)


def write_film(
    path: Path,
    frames: Iterable[np.ndarray],
    *,
    durations: Sequence[int] = (40,),
    start: int = 0,
    sound: float = 0.0,
    codec: str = "mpeg4",
    key_frames: int = 12,
) -> Path:
    """Encode frames that last ``durations`` ms in turn from ``start`` ms on, with ``sound`` s from 0 on."""
    with av.open(str(path), "w") as container:
        first = next(frames := iter(frames))
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width, _ = first.shape
        stream.pix_fmt, stream.gop_size, stream.bit_rate = "yuv420p", key_frames, 4_000_000
        stream.codec_context.time_base = TICK
        packets = list(_sound(container, sound)) if sound else []
        time = start
        for number, frame in enumerate(chain([first], frames)):
            shown = av.VideoFrame.from_ndarray(frame, format="rgb24")
            shown.pts, shown.time_base = time, TICK
            packets += stream.encode(shown)
            time += durations[number % len(durations)]
        for packet in [*packets, *stream.encode()]:
            container.mux(packet)
    return path


def _sound(container, seconds):
    stream = container.add_stream("mp2", rate=48000)
    stream.codec_context.layout = "mono"
    for block in range(int(seconds * 48000 / 1152)):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, block * 1152, Fraction(1, 48000)
        yield from stream.encode(frame)
    yield from stream.encode()


def draw_film(path: Path, shots: int = 2, frames: int = 12) -> None:
    """Plain colours, a hard cut every ``frames`` frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 12, (64, 48))
    for shot in range(shots):
        colour = [(20, 20, 200), (200, 20, 20), (20, 200, 20)][shot % 3]
        for _ in range(frames):
            writer.write(np.full((48, 64, 3), colour, np.uint8))
    writer.release()
