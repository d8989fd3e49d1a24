"""What transcribing gives back."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from mmtool.records import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscribedFilm:
    """One film that was transcribed.

    Attributes:
        id: The film.
        path: Its transcript.
        language: ISO 639 code, as given or as detected.
        words: How many words were heard.
        duration: Seconds of sound.
        seconds: How long it took.
    """

    id: str
    path: Path
    language: str
    words: int
    duration: float
    seconds: float


@dataclass(slots=True, kw_only=True)
class TranscribeReport(Report):
    """The films of one call; those without sound are named in the notes."""

    stage: ClassVar[str] = "transcribe"
    films: list[TranscribedFilm] = field(default_factory=list)
    elapsed: float = 0.0  # seconds

    @property
    def real_time(self) -> float | None:
        """How many times faster than the films play; None if nothing was transcribed."""
        sound = sum(film.duration for film in self.films)
        return sound / self.elapsed if sound and self.elapsed else None

    @property
    def facts(self) -> dict[str, object]:
        if not self.films or self.real_time is None:
            return {}
        minutes = sum(film.duration for film in self.films) / 60
        return {
            "words": sum(film.words for film in self.films),
            "minutes of sound": round(minutes, 1),
            "times real time": round(self.real_time, 1),
        }
