"""``mmtool transcribe``."""

from typing import TYPE_CHECKING

from mmtool.cli.console import finish, out, progress_bars
from mmtool.cli.from_settings import takes_settings
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.settings.transcribe import TranscribeSettings

if TYPE_CHECKING:
    from mmtool.stages.transcribe import TranscribeReport


@takes_settings
def transcribe(settings: TranscribeSettings, corpus: CorpusArgument = HERE, as_json: Json = False) -> None:
    """Recognise what is said in films, and when.

    Reads videos/ and writes transcripts/ID.jsonl: words with their times and probabilities, heard by Whisper
    (faster-whisper, installed with `pip install 'mmtool[speech]'`). Stretches without speech are skipped. A
    call that was interrupted continues with the films that it has not finished; transcripts that you wrote
    or changed are left alone.

    Without a network, `--model` takes a folder with a Whisper model for CTranslate2.

    Example: mmtool transcribe my-corpus --model small --language en
    """
    from mmtool.stages.transcribe import transcribe as stage

    with progress_bars(quiet=as_json) as bars:
        report = stage(corpus, settings, progress=bars)
    if not as_json and report.films:
        _show(report)
    finish(report, as_json=as_json)


def _show(report: "TranscribeReport") -> None:
    """Print a table of the films that were transcribed."""
    from mmtool.cli.tables import rows_table

    rows = []
    for film in report.films:
        minutes, seconds = divmod(round(film.duration), 60)
        speed = f"{film.duration / film.seconds:.1f}× real time"
        rows.append((film.id, film.language, f"{film.words:,}", f"{minutes}:{seconds:02}", speed))
    out.print(rows_table(("film", "language", "words", "sound", "speed"), rows))
