"""Speaks the annotations of a corpus over noise and chords, and writes what Whisper hears as transcripts.

    python tests/benchmarks/spoken_narration.py CORPUS OUT MODEL [--split val] [--ids ID ...] [--voice en-us]
    python tests/benchmarks/word_evidence.py OUT

Needs espeak-ng on the path and the extra ``speech``; MODEL is a folder with Whisper for faster-whisper, such
as tiny.en. Every text is spoken at its annotated time, and as fast as that needs. OUT becomes a corpus of the
same clips, snippets and annotations.
"""

import argparse
import io
import json
import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np

from mmtool.arrays import Floats
from mmtool.choices import Split
from mmtool.formats.annotations import read_annotations
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.records import Annotation

RATE = 16_000  # samples a second
SLOWEST, USUAL, FASTEST = 90, 170, 400  # words a minute
NOISE, CHORD, VOICE = 0.03, 0.01, 0.3  # amplitudes
CHORD_TONES = (220.0, 277.0, 330.0)  # Hz


def spoken(text: str, speed: float, voice: str) -> Floats:
    """The samples of a text that a voice reads at so many words a minute."""
    speed = min(FASTEST, max(SLOWEST, speed))
    command = ["espeak-ng", "-v", voice, "-s", str(int(speed)), "--stdin", "--stdout"]
    said = subprocess.run(command, input=text.encode(), check=True, capture_output=True).stdout
    if not said:
        return np.zeros(1)  # nothing in it is read aloud
    with wave.open(io.BytesIO(said)) as sound:
        rate = sound.getframerate()
    samples = np.frombuffer(said[44:], dtype=np.int16) / 2**15  # the header does not say how many there are
    times = np.arange(int(len(samples) * RATE / rate)) * rate / RATE
    return np.asarray(np.interp(times, np.arange(len(samples)), samples))


def narration(annotations: list[Annotation], seconds: float, seed: int, voice: str) -> Floats:
    """All texts at their times, over low noise and slow chords."""
    rng = np.random.default_rng(seed)
    drift = np.cumsum(rng.standard_normal(int((seconds + 1) * RATE)))
    noise = drift - np.convolve(drift, np.full(2000, 1 / 2000), "same")
    times = np.arange(len(noise)) / RATE
    step = 1 + 0.1 * (np.floor(times / 4) % 3)
    sound = NOISE * noise / noise.std()
    sound += CHORD * sum(np.sin(2 * np.pi * tone * times * step) for tone in CHORD_TONES)
    for one in annotations:
        speed, said = float(USUAL), spoken(one.text, USUAL, voice)
        for _ in range(2):
            speed *= len(said) / RATE / max(one.end - one.start, 0.1)
            said = spoken(one.text, speed, voice)
        first = int(one.start * RATE)
        sound[first : first + len(said)] += VOICE * said[: max(len(sound) - first, 0)]
    return np.asarray(sound.clip(-1, 1))


def main() -> None:
    """Speak and listen to one film after another."""
    from faster_whisper import WhisperModel

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("corpus", "out", "model"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--split", choices=[str(split) for split in Split], default="val")
    parser.add_argument("--ids", nargs="*", default=[])
    parser.add_argument("--voice", default="en-us", help="of espeak-ng")
    arguments = parser.parse_args()
    corpus = Corpus.open(arguments.corpus)
    model = WhisperModel(str(arguments.model), device="cpu", compute_type="int8")
    for number, id in enumerate(arguments.ids or corpus.split_ids(Split(arguments.split))):
        for path in (corpus.clips(id), corpus.snippets(id), corpus.annotations(id)):
            copy = arguments.out / path.relative_to(corpus.root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        seconds = max(clip.end for clip in read_clips(corpus.clips(id)))
        sound = narration(list(read_annotations(corpus.annotations(id))), seconds, number, arguments.voice)
        found, _ = model.transcribe(
            sound.astype(np.float32), language="en", beam_size=1, vad_filter=True, word_timestamps=True
        )
        segments = [
            {
                "start": one.start,
                "end": one.end,
                "text": one.text,
                "words": [{"word": w.word, "start": w.start, "end": w.end} for w in one.words or ()],
            }
            for one in found
        ]
        transcript = arguments.out / "transcripts" / f"{id}.json"
        transcript.parent.mkdir(exist_ok=True)
        transcript.write_text(json.dumps({"language": "en", "segments": segments}), encoding="utf-8")
        print(f"{id}: {sum(len(one['words']) for one in segments)} words", flush=True)


if __name__ == "__main__":
    main()
