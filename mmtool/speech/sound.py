"""The sound of a film, decoded by PyAV: any container, codec, channel layout and sample rate."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import av.container
import numpy as np
from av.audio.resampler import AudioResampler
from av.stream import Disposition
from numpy.typing import NDArray

from mmtool.errors import InputError
from mmtool.video.containers import film_errors, open_container

RATE = 16_000  # samples per second, which the recogniser and most encoders take
LEAST_GAP = (
    0.1  # seconds; shorter differences between timestamps and samples are rounding and encoders' delay
)
SHORT = 0.05, 2.0  # share and seconds of a film that its sound may end before its pictures without a note
_FULL_SCALE = 32768.0
_MICROSECONDS = 1_000_000  # in which a container gives its start
_REMEDY = "re-encode its sound, or copy the film again"


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound of a film.

    Attributes:
        samples: float32 between −1 and 1, one channel; the first is at the start of the film.
        notes: What was left out or could not be decoded.
        rate: Samples per second.
    """

    samples: NDArray[np.float32]
    notes: tuple[str, ...] = ()
    rate: int = RATE

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.rate


def read_sound(path: Path, rate: int = RATE) -> Sound | None:
    """Decode the sound of a film at ``rate`` samples per second; None if it has none.

    Of several tracks the default one is read, otherwise the first. Timestamps decide where sound is: gaps,
    packets that cannot be decoded and a late start become silence, so that times are those of the film.

    Raises InputError for a file that is not a film, and for sound of which nothing can be decoded.
    """
    with film_errors(path), open_container(path) as container:
        tracks = container.streams.audio
        if not tracks:
            return None
        track = _chosen(path, tracks)
        pieces = _Pieces(start=(container.start_time or 0) / _MICROSECONDS, rate=rate)
        damaged = 0
        for frames in _decoded(container, track):
            damaged += frames is None
            for frame in frames or ():
                pieces.add(frame)
        samples = pieces.finish()
        end = (container.duration or 0) / _MICROSECONDS
    if not len(samples):
        problem = "its sound cannot be decoded" if damaged else "its track of sound is empty"
        raise InputError(path, problem, _REMEDY)
    notes = []
    if damaged:
        counted = "1 packet" if damaged == 1 else f"{damaged} packets"
        notes.append(f"{counted} of sound could not be decoded and {'is' if damaged == 1 else 'are'} silence")
    heard = len(samples) / rate
    if end - heard > max(SHORT[0] * end, SHORT[1]):
        notes.append(f"its sound ends at {heard:.1f} s, the film at {end:.1f} s")
    if len(tracks) > 1:
        number = [other.index for other in tracks].index(track.index) + 1
        notes.append(f"has {len(tracks)} tracks of sound; number {number} is used")
    return Sound(samples, tuple(notes), rate)


def _chosen(path: Path, tracks: tuple[av.AudioStream, ...]) -> av.AudioStream:
    readable = [track for track in tracks if track.codec_context is not None]
    if not readable:
        raise InputError(path, "there is no decoder here for its sound", _REMEDY)
    default = [track for track in readable if track.disposition & Disposition.default]
    return (default or readable)[0]


def _decoded(
    container: av.container.InputContainer, track: av.AudioStream
) -> Iterator[list[av.AudioFrame] | None]:
    """Yield the frames of each packet; None for a packet that cannot be decoded."""
    packets = container.demux(track)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            return  # the container is damaged from here on
        if packet is None:
            return
        try:
            yield [frame for frame in packet.decode() if isinstance(frame, av.AudioFrame)]
        except (av.FFmpegError, ValueError):
            yield None


class _Pieces:
    """Resampled sound, each frame at the time of its timestamp."""

    def __init__(self, start: float, rate: int) -> None:
        self._start, self._rate = start, rate
        self._chunks: list[NDArray[np.int16]] = []
        self._length = 0  # samples that are written
        self._resampler: AudioResampler | None = None
        self._format: tuple[object, ...] = ()
        self._heard = 0.0  # seconds of sound since the resampler was begun, which may still hold some of it
        self._begun = 0.0  # seconds of the film at which it was begun

    def add(self, frame: av.AudioFrame) -> None:
        if not frame.samples or not frame.sample_rate:
            return
        expected = self._begun + self._heard
        at = expected
        if frame.pts is not None and frame.time_base is not None:
            at = float(frame.pts * frame.time_base) - self._start
        form = (frame.format.name, frame.layout.name, frame.layout.nb_channels, frame.sample_rate)
        if self._resampler is None or form != self._format or at - expected > LEAST_GAP:
            self._flush()
            self._silence_until(at)
            self._begin(form, max(at, self._length / self._rate))
        frame.pts = None  # samples are counted; the resampler would pad by timestamps of its own
        self._heard += frame.samples / frame.sample_rate
        self._resample(frame)

    def finish(self) -> NDArray[np.float32]:
        """All samples."""
        self._flush()
        samples = np.empty(self._length, np.float32)
        at = 0
        for chunk in self._chunks:
            samples[at : at + len(chunk)] = chunk
            at += len(chunk)
        self._chunks.clear()
        samples /= _FULL_SCALE
        return samples

    def _begin(self, form: tuple[object, ...], at: float) -> None:
        self._resampler = AudioResampler(format="s16", layout="mono", rate=self._rate)
        self._format, self._heard, self._begun = form, 0.0, at

    def _resample(self, frame: av.AudioFrame | None) -> None:
        if self._resampler is None:
            return
        try:
            resampled = self._resampler.resample(frame)
        except (av.FFmpegError, ValueError):
            if frame is None:
                return
            resampled = self._resampler_of_mean(frame)
        for piece in resampled:
            self._write(piece.to_ndarray().reshape(-1).astype(np.int16, copy=False))

    def _resampler_of_mean(self, frame: av.AudioFrame) -> list[av.AudioFrame]:
        """Resample the mean of all channels, where FFmpeg knows no way from their layout to one channel."""
        values = frame.to_ndarray().astype(np.float32)
        if not frame.format.is_planar:
            values = values.reshape(-1, frame.layout.nb_channels).T
        if not frame.format.name.startswith(("flt", "dbl")):
            values /= float(2 ** (8 * frame.format.bytes - 1))
        mono = av.AudioFrame.from_ndarray(values.mean(axis=0, keepdims=True), format="fltp", layout="mono")
        mono.sample_rate = frame.sample_rate
        self._resampler = AudioResampler(format="s16", layout="mono", rate=self._rate)
        return self._resampler.resample(mono)

    def _flush(self) -> None:
        self._resample(None)
        self._resampler = None

    def _silence_until(self, at: float) -> None:
        if (missing := round(at * self._rate) - self._length) > 0:
            self._write(np.zeros(missing, np.int16))

    def _write(self, samples: NDArray[np.int16]) -> None:
        self._chunks.append(samples)
        self._length += len(samples)
