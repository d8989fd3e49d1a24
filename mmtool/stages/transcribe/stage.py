"""The sound of each film in ``videos/`` → ``transcripts/<id>.jsonl``."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from mmtool.errors import CallError, InputError, SettingError
from mmtool.extras import require_extra
from mmtool.formats.corpus import Corpus
from mmtool.formats.film_digests import film_digest
from mmtool.formats.provenance import Recipe, State, recorded, state_of
from mmtool.memory import remedy_for_memory
from mmtool.records import Failure, Progress, silent
from mmtool.settings.transcribe import TranscribeSettings
from mmtool.speech.recogniser import Recogniser
from mmtool.stages.shared.transcript_files import transcript_files
from mmtool.stages.transcribe.film import HeardFilm, determining, hear, load, versions
from mmtool.stages.transcribe.report import TranscribedFilm, TranscribeReport
from mmtool.transcripts.json_lines import write_lines
from mmtool.video import VIDEO_SUFFIXES

TICK = 0.2  # seconds between reports of progress
MORE_MEMORY = (
    "use a smaller `model` or `batch_size`, fewer `workers` or `device=cpu`; finished films are kept"
)


@dataclass(frozen=True, slots=True)
class _Job:
    id: str
    film: Path
    output: Path
    recipe: Recipe


def transcribe(
    root: Path | str,
    settings: TranscribeSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> TranscribeReport:
    """Write ``transcripts/<id>.jsonl`` for each film in ``videos/`` that has sound.

    A transcript that you wrote or changed is left alone. A call that was killed continues with the films
    that it has not finished.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`TranscribeSettings`.
        progress: Hears how many seconds of sound are transcribed.

    Returns:
        A report with the films. A film whose sound cannot be decoded is a failure beside those that are
        transcribed; a film without sound is a note.

    Raises:
        CallError: The settings are impossible, there are no films, or faster-whisper is not installed.
        InputError: The model cannot be loaded.
    """
    settings = TranscribeSettings.chosen(settings, options)
    corpus, report = Corpus.open(Path(root)), TranscribeReport()
    films, clashes = corpus.media("videos", VIDEO_SUFFIXES)
    report.failures += clashes
    if not (films or clashes):
        raise CallError(f"{root}: no films in videos/; add some, named by their id")
    require_extra("speech")
    jobs = _jobs(corpus, films, settings, report)
    if jobs:
        began = time.perf_counter()
        with remedy_for_memory(MORE_MEMORY):
            _transcribe_all(jobs, settings, report, progress)
        report.elapsed = time.perf_counter() - began
        order = list(films)
        report.films.sort(key=lambda film: order.index(film.id))
        report.done.sort(key=order.index)
    return report


def _jobs(
    corpus: Corpus, films: Mapping[str, Path], settings: TranscribeSettings, report: TranscribeReport
) -> list[_Job]:
    """The films to transcribe; those that are done or left alone go to the report."""
    choices, jobs = determining(settings), []
    for id, path in films.items():
        output = corpus.transcript(id)
        others = [other for other in transcript_files(corpus, id) if other != output]
        if others:
            report.unchanged.append(id)
            report.notes.append(f"{others[0]}: is the transcript already; remove it to have one made")
            continue
        try:
            film = film_digest(path, corpus.film_note(path)).current
        except OSError as error:
            report.failures.append(Failure(id, f"{path}: cannot be read ({error.strerror}); check the file"))
            continue
        recipe = Recipe("transcribe", choices, {path.name: film})
        state = state_of(output, recipe)
        if settings.force or state in (State.MISSING, State.STALE):
            jobs.append(_Job(id, path, output, recipe))
            continue
        report.unchanged.append(id)
        if state is State.FOREIGN:
            report.notes.append(
                f"{output}: was not made by transcribe, or was changed since; `force` replaces it"
            )
    return jobs


class _Stopped(BaseException):
    """Ends the work of a thread whose result is not needed any more."""


class _Clock:
    """Seconds of sound of all films: how many are done, and the total as far as it is known."""

    def __init__(self, films: int) -> None:
        self.stopped = threading.Event()
        self._films = films
        self._done: dict[str, float] = {}
        self._totals: dict[str, float] = {}

    def update(self, id: str, done: float, total: float) -> None:
        if self.stopped.is_set():
            raise _Stopped
        self._done[id], self._totals[id] = done, total

    def report(self, progress: Progress, finished: int) -> None:
        done, totals = sum(list(self._done.values())), list(self._totals.values())
        expected = sum(totals) / len(totals) * self._films if totals else 0.0
        total = round(max(expected, done)) if totals else None
        progress(f"{finished} of {self._films} transcribed", round(done), total, "seconds", per_second=1.0)


def _transcribe_all(
    jobs: Sequence[_Job], settings: TranscribeSettings, report: TranscribeReport, progress: Progress
) -> None:
    """Transcribe the films in threads that share one model; each is written as soon as it is done."""
    workers = min(settings.workers, len(jobs))
    progress("loading the model", 0, None, "seconds")
    recogniser, clock = load(settings, films=workers), _Clock(len(jobs))
    report.notes += recogniser.notes
    with ThreadPoolExecutor(workers, thread_name_prefix="film") as pool:
        futures = {pool.submit(_transcribe, job, recogniser, settings, clock): job for job in jobs}
        try:
            _follow(futures, report, clock, progress)
        except BaseException:  # in particular KeyboardInterrupt
            clock.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _follow(
    futures: Mapping["Future[HeardFilm | None]", _Job],
    report: TranscribeReport,
    clock: _Clock,
    progress: Progress,
) -> None:
    left = set(futures)
    while left:
        done, left = wait(left, timeout=TICK)
        for future in done:
            _add(report, futures[future], future.result)
        clock.report(progress, len(futures) - len(left))


def _add(report: TranscribeReport, job: _Job, result: Callable[[], HeardFilm | None]) -> None:
    """Add what became of a film; raises what makes the whole call impossible."""
    try:
        heard = result()
    except SettingError:
        raise
    except InputError as error:
        report.failures.append(Failure(job.id, str(error)))
        return
    if heard is None:
        report.unchanged.append(job.id)
        report.notes.append(f"{job.film}: has no sound")
        return
    report.done.append(job.id)
    report.written.append(str(job.output))
    report.notes += [f"{job.film}: {note}" for note in heard.notes]
    report.films.append(
        TranscribedFilm(
            id=job.id,
            path=job.output,
            language=heard.language,
            words=heard.words,
            duration=heard.duration,
            seconds=heard.seconds,
        )
    )


def _transcribe(
    job: _Job, recogniser: Recogniser, settings: TranscribeSettings, clock: _Clock
) -> HeardFilm | None:
    heard = hear(job.film, recogniser, settings, lambda done, total: clock.update(job.id, done, total))
    if heard is not None:
        about: dict[str, object] = {
            "language": heard.language,
            "duration": round(heard.duration, 3),
            "model": settings.model,
            "settings": job.recipe.settings,
            "film": dict(job.recipe.inputs),
            "versions": versions(),
        }
        with recorded(job.output, job.recipe) as part:
            write_lines(part, about, heard.utterances)
    return heard
