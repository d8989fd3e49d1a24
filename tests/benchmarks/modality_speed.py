"""How fast ``motion`` is compared with its optical flow alone, and ``audio`` compared with the film.

    python tests/benchmarks/modality_speed.py [--minutes 10] [--height 360] [--threads 1] [--rounds 3]
    python tests/benchmarks/modality_speed.py --minutes 1 --encoders r3d_18,xclip,videoprism,sound,clap

The second call measures networks with random weights, in one thread: the share of the stage's processor time
that is spent in the network and in what prepares its inputs, without loading it. The rest reads films and
writes features.

The film is that of ``extract_speed.py``, with noise as its sound. DIS alone is measured twice, in as many
threads as the stage: on the same grey frames from memory, and with the reading of these frames from the
film, sequence by sequence, which the stage does as well. Times are the best of ``--rounds``, interleaved: by
the clock, and of the processor, which other programs change less.
"""

import argparse
import os
import tempfile
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import av
import cv2
import numpy as np
import torch
from extract_speed import MINUTE, film_of

from mmtool.encoders.contract import EncoderOptions, SequenceEncoder, SoundEncoder
from mmtool.encoders.motion.encoder import LENGTH, SHORTER_SIDE, SPACING
from mmtool.encoders.motion.flow import FlowEstimator, grey_frame
from mmtool.encoders.registry import load_video_encoder
from mmtool.formats.clips import read_clips
from mmtool.settings.extract import ExtractSettings
from mmtool.stages.extract import extract
from mmtool.video.frames import read_clip_frames
from mmtool.video.sequences import read_clip_sequences

SOUND_RATE = 48_000


def seconds_of(call) -> tuple[float, float]:
    """By the clock, and of the processor."""
    start, used = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - start, time.process_time() - used


def best(times) -> tuple[float, ...]:
    return tuple(map(min, zip(*times, strict=True)))


def add_sound(path: Path, minutes: int) -> None:
    """Put AAC sound, stereo, beside the pictures."""
    silent = path.with_name("silent.mp4")
    path.rename(silent)
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 2 * SOUND_RATE)).astype(np.float32)
    with av.open(str(silent)) as source, av.open(str(path), "w") as target:
        pictures = target.add_stream_from_template(source.streams.video[0])
        sound = target.add_stream("aac", rate=SOUND_RATE, layout="stereo")
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = pictures
                target.mux(packet)
        for second in range(minutes * MINUTE):
            frame = av.AudioFrame.from_ndarray(np.roll(noise, second * 997), format="flt", layout="stereo")
            frame.sample_rate, frame.time_base = SOUND_RATE, Fraction(1, SOUND_RATE)
            frame.pts = second * SOUND_RATE
            target.mux(sound.encode(frame))
        target.mux(sound.encode(None))
    silent.unlink()


def measure_motion(corpus, threads: int, rounds: int) -> None:
    film, clips = corpus.root / "videos" / "film.mp4", read_clips(corpus.clips("film"))

    def read():
        """The grey frames of each sequence."""
        for found in read_clip_sequences(
            film, clips, 1, length=LENGTH, spacing=SPACING, shorter_side=SHORTER_SIDE
        ):
            yield [grey_frame(frame.pixels, SHORTER_SIDE) for frame in found.frames]

    grey = list(read())
    pairs = sum(len(frames) - 1 for frames in grey)
    estimator = FlowEstimator()
    cv2.setNumThreads(1)

    def flows(sequences) -> None:
        with ThreadPoolExecutor(threads) as pool:
            for frames in sequences:
                for _ in pool.map(lambda pair: estimator.flow(*pair), pairwise(frames)):
                    pass

    def stage() -> None:
        report = extract(corpus.root, video_encoder="motion", force=True)
        if report.failures:
            raise RuntimeError(report.failures)

    stage()
    runs = [
        (seconds_of(lambda: flows(grey)), seconds_of(lambda: flows(read())), seconds_of(stage))
        for _ in range(rounds)
    ]
    height, width = grey[0][0].shape
    print(f"motion: {pairs} pairs of {width}×{height}, threads: {threads}")
    for name, *times in zip(("clock", "processor"), *map(best, zip(*runs, strict=True)), strict=True):
        alone, with_reading, whole = (1000 * seconds / pairs for seconds in times)
        print(
            f"  {name}: DIS {alone:.1f} ms, DIS and reading {with_reading:.1f} ms, "
            f"whole stage {whole:.1f} ms a pair; ratios {alone / whole:.3f} and {with_reading / whole:.3f}"
        )


def measure_audio(corpus, minutes: int) -> None:
    load_video_encoder(EncoderOptions("audio"))
    runs = [seconds_of(lambda: extract(corpus.root, video_encoder="audio", force=True)) for _ in range(3)]
    print(f"audio: {minutes} minutes of stereo")
    for name, seconds in zip(("clock", "processor"), best(runs), strict=True):
        print(f"  {name}: {seconds:.2f} s, {minutes * MINUTE / seconds:,.0f} × real time")


def measure_network(corpus, name: str, choices: dict[str, int]) -> None:
    encoder = load_video_encoder(EncoderOptions(name, weights="random", **choices))
    spent = [0.0]

    def timed(call, *given):
        start = time.thread_time()
        found = call(*given)
        spent[0] += time.thread_time() - start
        return found

    if hasattr(encoder, "begin"):
        begin = encoder.begin
        encoder.begin = lambda seen: partial(timed, timed(begin, seen))
    else:
        encoder.encode = partial(timed, encoder.encode)
    settings = ExtractSettings(video_encoder=name, video_weights="random", force=True, **choices)
    with patch("mmtool.stages.extract.videos.make_video_encoder", lambda _: encoder):
        _, seconds = seconds_of(lambda: extract(corpus.root, settings))
    clips = len(read_clips(corpus.clips("film")))
    share = spent[0] / seconds
    print(f"{name}: {seconds / clips:.3f} s of the processor a clip, {share:.3f} of them in the network")
    if isinstance(encoder, SoundEncoder):
        return
    film, known, sampling = corpus.root / "videos" / "film.mp4", read_clips(corpus.clips("film")), None
    if isinstance(encoder, SequenceEncoder):
        sampling = encoder.sampling

    def read() -> None:
        if sampling is None:
            deque(read_clip_frames(film, known, 1), maxlen=0)
            return
        found = read_clip_sequences(
            film,
            known,
            1,
            length=sampling.length,
            spacing=sampling.spacing,
            shorter_side=sampling.shorter_side,
        )
        deque(found, maxlen=0)

    alone = best([seconds_of(read) for _ in range(2)])[1]
    print(f"  reading alone {alone / clips:.3f} s: at most {spent[0] / (spent[0] + alone):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--height", type=int, default=360)
    parser.add_argument("--threads", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    parser.add_argument("--encoders", default="", help="networks to measure instead, joined by commas")
    parser.add_argument("--image-size", type=int, help="of these networks, if they read it")
    parser.add_argument("--proposals", type=int, help="of these networks, if they read it")
    options = parser.parse_args()
    if options.encoders:
        options.threads = 1
    choices = {"image_size": options.image_size, "proposals": options.proposals}
    choices = {name: value for name, value in choices.items() if value}
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        corpus = film_of(Path(folder) / "corpus", options.minutes, options.height)
        if not options.encoders:
            measure_motion(corpus, options.threads, options.rounds)
        add_sound(corpus.root / "videos" / "film.mp4", options.minutes)
        for name in filter(None, options.encoders.split(",")):
            measure_network(corpus, name, choices)
        if not options.encoders:
            measure_audio(corpus, options.minutes)


if __name__ == "__main__":
    main()
