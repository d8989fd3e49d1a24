"""How fast ``transcribe`` is compared with faster-whisper called directly on the same film.

    python tests/benchmarks/transcribe_speed.py [--minutes 5] [--repeats 3] [--model FOLDER]

The film repeats a recording of 44 s. The direct call gets the file and the same options; its segments are
read to the end. Both calls decode the sound; loading the model counts for neither. The
words of both are compared. Processor time, unlike wall time, does not depend on what else the machine does.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from faster_whisper import WhisperModel

from mmtool.speech.recogniser import Recogniser
from mmtool.stages.transcribe import stage, transcribe
from mmtool.transcripts.readers import read_transcript
from support.speech import model_folder, recording, write_sound_film


class Timing(NamedTuple):
    """Seconds of wall and of processor time."""

    wall: float
    processor: float


def now() -> Timing:
    return Timing(time.perf_counter(), time.process_time())


def since(began: Timing) -> Timing:
    return Timing(*(later - earlier for earlier, later in zip(began, now(), strict=True)))


def direct(model: WhisperModel, film: Path) -> tuple[Timing, list[str]]:
    began = now()
    segments, _ = model.transcribe(
        str(film), language="en", word_timestamps=True, vad_filter=True, condition_on_previous_text=False
    )
    words = ["".join(word.word.split()) for segment in segments for word in segment.words]
    return since(began), words


def ours(model: WhisperModel, root: Path, folder: Path) -> tuple[Timing, list[str]]:
    recogniser = Recogniser(model, batch_size=1, beam_width=5)
    with patch.object(stage, "load", lambda settings, films: recogniser):
        began = now()
        transcribe(root, model=str(folder), language="en", force=True)
        seconds = since(began)
    return seconds, [word.text for word in read_transcript(root / "transcripts" / "a.jsonl").words]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--model", type=Path, default=model_folder())
    arguments = parser.parse_args()
    speech = recording("two_cities")
    samples = np.tile(speech, max(1, round(arguments.minutes * 60 * 16_000 / len(speech))))
    model = WhisperModel(str(arguments.model), device="cpu", compute_type="auto")
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / "videos").mkdir()
        film = write_sound_film(root / "videos" / "a.mkv", samples)
        times: list[tuple[Timing, Timing]] = []
        for _ in range(arguments.repeats):
            (theirs, expected), (own, words) = direct(model, film), ours(model, root, arguments.model)
            times.append((own, theirs))
    duration = len(samples) / 16_000
    for kind in Timing._fields:
        own, theirs = (min(getattr(each, kind) for each in column) for column in zip(*times, strict=True))
        speed = f"{duration / own:.1f}× real time" if kind == "wall" else "all threads"
        print(f"{kind}: transcribe {own:.2f} s ({speed}), faster-whisper {theirs:.2f} s, {own / theirs:.3f}")
    print(f"the best of {arguments.repeats} runs; the same words: {words == expected}")


if __name__ == "__main__":
    main()
