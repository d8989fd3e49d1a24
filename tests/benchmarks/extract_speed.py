"""How fast ``extract`` is compared with its bare model, and how much memory a long film takes.

    python tests/benchmarks/extract_speed.py --encoder faster-rcnn-resnet50 [--hours 2] [--height 720]

The film is drawn: a minute of moving colours, encoded once and repeated, with a clip every 20 seconds. The
bare model gets the same frames as in the stage, from memory, in the same batches. Loading the model counts
for neither.
"""

import argparse
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from unittest.mock import patch

import av
import numpy as np

from mmtool.formats.clips import write_clips
from mmtool.formats.corpus import Corpus
from mmtool.model_names import VIDEO_ENCODERS
from mmtool.records import Clip
from mmtool.settings.extract import ExtractSettings
from mmtool.stages.extract import extract
from mmtool.stages.shared.encoders import make_video_encoder

RATE, CLIP_SECONDS, MINUTE = 25, 20, 60


def draw_minute(path: Path, height: int) -> None:
    width = height * 16 // 9 // 2 * 2
    noise = np.random.default_rng(0).integers(0, 255, (height // 8, 2 * width // 8, 3), np.uint8)
    wide = noise.repeat(8, 0).repeat(8, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "g": "125"})
        stream.width, stream.height, stream.pix_fmt = width, wide.shape[0], "yuv420p"
        for number in range(MINUTE * RATE):
            left = number * 2 % (wide.shape[1] - width)
            picture = np.ascontiguousarray(wide[:, left : left + width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def repeat(source: Path, path: Path, minutes: int) -> None:
    """Copy the packets of a minute ``minutes`` times without decoding them."""
    with av.open(str(source)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        minute = int(MINUTE / packets[0].time_base)
        with av.open(str(path), "w") as target:
            stream = target.add_stream_from_template(container.streams.video[0])
            stream.time_base = packets[0].time_base
            for number in range(minutes):
                for packet in packets:
                    copy = av.Packet(bytes(packet))
                    copy.pts, copy.dts = packet.pts + number * minute, packet.dts + number * minute
                    copy.time_base, copy.stream = Fraction(packet.time_base), stream
                    copy.is_keyframe = packet.is_keyframe
                    target.mux(copy)


def resident(name: str) -> float:
    """``VmRSS`` or ``VmHWM`` (the peak) of this process, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


class Recorder:
    """An encoder that keeps its batches, and records the memory in use at each."""

    def __init__(self, encoder, *, remember: bool) -> None:
        self.encoder, self.identity, self.remember = encoder, encoder.identity, remember
        self.batches, self.memory, self.ahead, self.device = [], [], 0, encoder.device

    def encode(self, frames):
        if self.remember:
            self.batches.append(frames)
        self.memory.append(resident("VmRSS"))
        return self.encoder.encode(frames)

    def begin(self, frames):
        encoded = self.encode(frames)
        return lambda: encoded


def run_stage(corpus: Corpus, settings: ExtractSettings, encoder) -> float:
    start = time.perf_counter()
    with patch("mmtool.stages.extract.videos.make_video_encoder", lambda _: encoder):
        report = extract(corpus.root, settings)
    if report.failures:
        raise RuntimeError(report.failures)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", default="faster-rcnn-mobilenet", choices=VIDEO_ENCODERS)
    parser.add_argument("--weights", default="random")
    parser.add_argument("--image-size", type=int)
    parser.add_argument("--proposals", type=int)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--frames", type=int, default=1)
    parser.add_argument("--hours", type=float, default=2.0, help="length of the film for the memory figure")
    parser.add_argument("--minutes", type=int, default=20, help="length of the film for the speed figure")
    parser.add_argument("--height", type=int, default=360)
    options = parser.parse_args()
    settings = ExtractSettings(
        video_encoder=options.encoder,
        video_weights=options.weights,
        image_size=options.image_size,
        proposals=options.proposals,
        batch_size=options.batch_size,
        frames=options.frames,
        keep_regions=True,
        force=True,
    )
    encoder = make_video_encoder(settings)
    with tempfile.TemporaryDirectory() as folder:
        measure_memory(
            film_of(Path(folder) / "long", round(60 * options.hours), options.height), settings, encoder
        )
        measure_speed(film_of(Path(folder) / "short", options.minutes, options.height), settings, encoder)


def film_of(root: Path, minutes: int, height: int) -> Corpus:
    corpus = Corpus(root)
    (root / "videos").mkdir(parents=True)
    draw_minute(root / "minute.mp4", height)
    repeat(root / "minute.mp4", root / "videos" / "film.mp4", minutes)
    starts = range(0, minutes * MINUTE, CLIP_SECONDS)
    write_clips(
        corpus.clips("film"),
        [Clip(start, start + CLIP_SECONDS, start * RATE, (start + CLIP_SECONDS) * RATE) for start in starts],
    )
    return corpus


def measure_memory(corpus: Corpus, settings: ExtractSettings, encoder) -> None:
    recorder = Recorder(encoder, remember=False)
    seconds = run_stage(corpus, settings, recorder)
    quarters = [recorder.memory[len(recorder.memory) * quarter // 4] for quarter in (1, 2, 3)]
    print(
        f"memory: {len(recorder.memory)} batches in {seconds:.0f} s; MiB resident after a quarter, a half "
        f"and three quarters: {', '.join(f'{mib:,.0f}' for mib in quarters)}; "
        f"peak {resident('VmHWM'):,.0f} MiB"
    )


def measure_speed(corpus: Corpus, settings: ExtractSettings, encoder) -> None:
    recorder = Recorder(encoder, remember=True)
    run_stage(corpus, settings, recorder)
    frames = sum(map(len, recorder.batches))
    stage = bare = float("inf")
    for _ in range(2):  # interleaved, the better of two, so that other programs count less
        start = time.perf_counter()
        for batch in recorder.batches:
            encoder.encode(batch)
        bare = min(bare, time.perf_counter() - start)
        stage = min(stage, run_stage(corpus, settings, encoder))
    print(
        f"speed: bare model {frames / bare:.2f}, whole stage {frames / stage:.2f} frames a second; "
        f"ratio {bare / stage:.3f}"
    )


if __name__ == "__main__":
    main()
