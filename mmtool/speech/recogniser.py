"""Speech → words with times and probabilities, by faster-whisper (Whisper on CTranslate2)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmtool.choices import SpeechPrecision
from mmtool.errors import SettingError
from mmtool.extras import import_extra
from mmtool.memory import lacks_memory
from mmtool.records import SpokenWord
from mmtool.speech.models import not_loadable, one_line
from mmtool.speech.sound import RATE

AUTO_LANGUAGE = "auto"
GPU_BATCH = 8  # stretches of speech at a time on a GPU
SILENCE = 3000  # frames of 10 ms that Whisper hears at a time
_SEED = 0  # of what is drawn where a stretch has to be heard again at a higher temperature
_COMPUTE_TYPES = {
    SpeechPrecision.AUTO: "auto",
    SpeechPrecision.INT8: "int8",
    SpeechPrecision.FP16: "float16",
    SpeechPrecision.BF16: "bfloat16",
    SpeechPrecision.FP32: "float32",
}


@dataclass(slots=True)
class Hearing:
    """What is heard: the language and its probability; utterances come while they are iterated."""

    language: str
    language_probability: float
    utterances: Iterator[list[SpokenWord]] = field(repr=False)


@dataclass(frozen=True)
class Recogniser:
    """A loaded model, which several threads can use at a time; ``notes`` say what the user should know."""

    model: Any
    batch_size: int
    beam_width: int
    notes: tuple[str, ...] = ()

    def hear(
        self, samples: NDArray[np.float32], language: str, heard: Callable[[float], None] = lambda _: None
    ) -> Hearing:
        """Recognise speech.

        Args:
            samples: (n,) at 16 kHz.
            language: ISO 639 code, or ``auto``.
            heard: Is called with the seconds of sound that are done.

        Raises:
            SettingError: The model does not know the language.
        """
        options: dict[str, Any] = {
            "language": self._language(language),
            "beam_size": self.beam_width,
            "word_timestamps": True,
            "vad_filter": True,
            "condition_on_previous_text": False,  # which makes Whisper go round in circles
        }
        if self.batch_size > 1:
            whisper: Any = import_extra("faster_whisper")
            pipeline = whisper.BatchedInferencePipeline(self.model)
            segments, info = pipeline.transcribe(samples, batch_size=self.batch_size, **options)
        else:
            segments, info = self.model.transcribe(samples, **options)
        probability = float(info.language_probability)
        return Hearing(info.language, probability, _utterances(segments, len(samples) / RATE, heard))

    def _language(self, language: str) -> str | None:
        known = set(self.model.supported_languages)
        if language == AUTO_LANGUAGE:
            return None if self.model.model.is_multilingual else "en"
        language = language.partition("-")[0]  # of a code with a region, such as pt-br
        if language not in known:
            only = "only English" if known == {"en"} else f"only {', '.join(sorted(known))}"
            raise SettingError("language", f"is {language!r}, but the model knows {only}")
        return language


def _utterances(
    segments: Iterator[Any], duration: float, heard: Callable[[float], None]
) -> Iterator[list[SpokenWord]]:
    for segment in segments:
        words = [
            SpokenWord(
                text, float(word.start), max(float(word.start), float(word.end)), _share(word.probability)
            )
            for word in segment.words or ()
            if (text := "".join(word.word.split()))
        ]
        if words:
            yield words
        heard(min(float(segment.end), duration))


def _share(value: float) -> float:
    return min(max(float(value), 0.0), 1.0)


def load_recogniser(
    folder: Path,
    *,
    device: str,
    precision: SpeechPrecision,
    batch_size: int | None,
    beam_width: int,
    threads: int,
    films: int,
) -> Recogniser:
    """Load the model of a folder.

    Args:
        folder: Has the files of a Whisper model for CTranslate2.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        precision: Of the matrix products; ``auto`` is the fastest that the device supports.
        batch_size: Stretches of speech at a time; None is 1 on a processor, :data:`GPU_BATCH` on a GPU.
        beam_width: Hypotheses that are followed.
        threads: Of each film; 0 leaves the choice to CTranslate2.
        films: How many films will be recognised at a time.

    Raises:
        SettingError: The device is not there, or does not compute in this precision.
        InputError: The files are not a model that can be loaded.
        CallError: There is not enough memory.
    """
    kind, index = _device(device)
    load = partial(_load, folder, precision=precision, threads=threads, films=films)
    if kind == "cpu":
        return Recogniser(load(kind, index), batch_size or 1, beam_width)
    try:
        model = load(kind, index)
        _try(model)
        return Recogniser(model, batch_size or GPU_BATCH, beam_width)
    except _UnusableGpuError as error:
        problem = str(error)
    if device != "auto":
        raise SettingError(
            "device",
            f"is {device}, which CTranslate2 cannot use ({problem}); install the libraries that it needs, or "
            "use cpu",
        )
    note = f"CTranslate2 cannot use the GPU ({problem}), so speech is recognised on the CPU"
    return Recogniser(load("cpu", 0), batch_size or 1, beam_width, (note,))


class _UnusableGpuError(Exception):
    """What CTranslate2 says about a GPU that it sees and cannot use."""


def _try(model: Any) -> None:
    """Raise _UnusableGpuError if nothing can be computed: libraries are missed only then."""
    silence = np.zeros((1, model.model.n_mels, SILENCE), np.float32)
    try:
        model.encode(silence)
    except RuntimeError as error:
        if lacks_memory(error):
            raise
        raise _UnusableGpuError(one_line(error)) from error


def _load(
    folder: Path, kind: str, index: int, *, precision: SpeechPrecision, threads: int, films: int
) -> Any:
    """The model on a device; raises as :func:`load_recogniser` does."""
    whisper: Any = import_extra("faster_whisper")
    engine: Any = import_extra("ctranslate2")
    wanted = _COMPUTE_TYPES[precision]
    supported = engine.get_supported_compute_types(kind)
    if wanted != "auto" and wanted not in supported:
        known = [name for name, compute in _COMPUTE_TYPES.items() if compute in supported]
        raise SettingError("precision", f"is {precision}, but {kind} computes only in {', '.join(known)}")
    engine.set_random_seed(_SEED)
    try:
        return whisper.WhisperModel(
            str(folder),
            device=kind,
            device_index=index,
            compute_type=wanted,
            cpu_threads=threads,
            num_workers=films,
        )
    except Exception as error:  # whatever CTranslate2 and the tokenizer raise on foreign files
        if lacks_memory(error):
            raise
        if kind == "cuda" and "CUDA" in str(error):
            raise _UnusableGpuError(one_line(error)) from error
        raise not_loadable(folder, error) from error


def _device(name: str) -> tuple[str, int]:
    """The kind and the number of a device."""
    engine: Any = import_extra("ctranslate2")
    count = engine.get_cuda_device_count()
    if name == "cpu" or (name == "auto" and not count):
        return "cpu", 0
    if name == "mps":
        raise SettingError("device", "is mps, on which CTranslate2 does not compute; use cpu or auto")
    if not count:
        raise SettingError("device", f"is {name}, but CTranslate2 sees no GPU; use cpu or auto")
    number = int(name.partition(":")[2] or 0)
    if number >= count:
        gpus = "1 GPU, cuda:0" if count == 1 else f"{count} GPUs, cuda:0 to cuda:{count - 1}"
        raise SettingError("device", f"is {name}, but this machine has {gpus}")
    return "cuda", number
