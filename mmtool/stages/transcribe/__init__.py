"""Speech → transcripts."""

from mmtool.stages.transcribe.film import HeardFilm, hear_film
from mmtool.stages.transcribe.report import TranscribedFilm, TranscribeReport
from mmtool.stages.transcribe.stage import transcribe

__all__ = ["HeardFilm", "TranscribeReport", "TranscribedFilm", "hear_film", "transcribe"]
