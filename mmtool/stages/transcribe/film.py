"""The sound of one film → what is said in it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from mmtool.cores import usable_cores
from mmtool.formats.digests import fingerprint
from mmtool.records import Progress, SpokenWord, Transcript, silent
from mmtool.settings.transcribe import TranscribeSettings
from mmtool.speech.models import WEIGHTS, find_model
from mmtool.speech.recogniser import Recogniser, load_recogniser
from mmtool.speech.sound import read_sound

MOST_LANGUAGES = 0.5  # a language that is less probable is worth a note


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardFilm:
    """What was heard in a film.

    Attributes:
        utterances: Words that are said together, in order of time.
        language: ISO 639 code.
        duration: Seconds of sound.
        seconds: How long it took.
        notes: What the user should know, without the name of the film.
    """

    utterances: tuple[tuple[SpokenWord, ...], ...]
    language: str
    duration: float
    seconds: float
    notes: tuple[str, ...]

    @property
    def words(self) -> int:
        return sum(map(len, self.utterances))


def load(settings: TranscribeSettings, *, films: int = 1) -> Recogniser:
    """Load the recogniser for so many films at a time; raises MmtoolError if that is impossible."""
    return load_recogniser(
        find_model(settings.model),
        device=settings.device,
        precision=settings.precision,
        batch_size=settings.batch_size,
        beam_width=settings.beam_width,
        threads=settings.threads or max(1, usable_cores() // films),
        films=films,
    )


def determining(settings: TranscribeSettings) -> dict[str, object]:
    """What determines a transcript besides the film; raises MmtoolError if the model cannot be found."""
    return {
        "weights": fingerprint(find_model(settings.model) / WEIGHTS),
        "language": settings.language,
        "precision": str(settings.precision),
        "batch_size": settings.batch_size,
        "beam_width": settings.beam_width,
    }


def versions() -> dict[str, str]:
    """The libraries that compute a transcript."""
    return {name: version(name) for name in ("faster-whisper", "ctranslate2", "av")}


def hear(
    path: Path,
    recogniser: Recogniser,
    settings: TranscribeSettings,
    heard: Callable[[float, float], None],
) -> HeardFilm | None:
    """Transcribe a film; None if it has no sound.

    Args:
        path: The film.
        recogniser: May be in use by other threads.
        settings: Say which language is spoken.
        heard: Is called with the seconds of sound that are done, and how many there are.

    Raises:
        MmtoolError: The sound cannot be decoded, or the model does not know the language.
    """
    began = time.perf_counter()
    sound = read_sound(path)
    if sound is None:
        return None
    duration = sound.duration
    heard(0.0, duration)
    hearing = recogniser.hear(sound.samples, settings.language, lambda done: heard(done, duration))
    utterances = tuple(map(tuple, hearing.utterances))
    heard(duration, duration)
    notes = list(sound.notes)
    if not utterances:
        notes.append("nobody speaks: the transcript has no words")
    elif hearing.language_probability < MOST_LANGUAGES:
        certainty = f"{100 * hearing.language_probability:.0f} %"
        notes.append(f"language {hearing.language} is uncertain ({certainty}); name it with `language`")
    return HeardFilm(
        utterances=utterances,
        language=hearing.language,
        duration=duration,
        seconds=time.perf_counter() - began,
        notes=tuple(notes),
    )


def hear_film(
    path: Path, settings: TranscribeSettings, *, progress: Progress = silent
) -> tuple[Transcript, HeardFilm] | None:
    """Transcribe one film in memory; None if it has no sound. The notes are those of the film and the model.

    Raises MmtoolError if the model cannot be loaded or the sound cannot be decoded.
    """

    def heard(done: float, total: float) -> None:
        progress("transcribing", round(done), round(total), "seconds", per_second=1.0)

    recogniser = load(settings)
    film = hear(path, recogniser, settings, heard)
    if film is None:
        return None
    film = replace(film, notes=(*recogniser.notes, *film.notes))
    words = tuple(word for utterance in film.utterances for word in utterance)
    return Transcript(words, film.language, path.name), film
