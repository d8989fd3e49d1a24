"""Videos → clips; the half of ``segment`` that looks at pictures."""

import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from mmtool.errors import CallError
from mmtool.formats.corpus import Corpus
from mmtool.formats.cut_lists import SUFFIXES
from mmtool.records import Failure, Progress, StageReport
from mmtool.settings.segment import SegmentSettings
from mmtool.stages.segment.film import FilmJob, segment_film
from mmtool.stages.segment.outputs import count
from mmtool.video.detectors.registry import make_detector

TICK = 0.1  # seconds between looks at the progress


def segment_videos(
    corpus: Corpus,
    videos: Mapping[str, Path],
    settings: SegmentSettings,
    report: StageReport,
    progress: Progress,
) -> None:
    """Write ``clips/<id>.csv`` for each video, and what else is wanted; several videos at a time.

    Decoding and scoring leave Python's lock alone, so threads keep all cores busy; and they start at once.
    """
    films = _films(corpus, videos, settings, report)
    waiting = []
    for film in films:
        if _is_finished(film):
            report.unchanged.append(film.id)
        else:
            waiting.append(film)
    if not waiting:
        return
    counter = _Counter(waiting)
    workers = min(settings.workers or _cores(), len(waiting))
    with ThreadPoolExecutor(workers, thread_name_prefix="film") as pool:
        futures = [pool.submit(_segment, film, counter) for film in waiting]
        try:
            _follow(futures, counter, progress)
        except BaseException:  # above all, somebody pressed Ctrl-C
            counter.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for future in futures:
        _add(report, future.result())


def _films(
    corpus: Corpus, videos: Mapping[str, Path], settings: SegmentSettings, report: StageReport
) -> list[FilmJob]:
    options = settings.detector_options
    if settings.weights is not None:
        options = (*options, f"weights={settings.weights}")
    detector = make_detector(settings.detector, settings.threshold, options)
    lists = {} if settings.clips is None else _cut_lists(settings.clips, videos, report)
    return [
        FilmJob(id, path, corpus, settings, detector, lists.get(id))
        for id, path in videos.items()
        if settings.clips is None or id in lists
    ]


def _cut_lists(source: Path, videos: Mapping[str, Path], report: StageReport) -> dict[str, Path]:
    """Find the cut list of each video: one file, or a folder with a file an id."""
    if source.is_dir():
        files = sorted(path for path in source.iterdir() if path.suffix.lower() in SUFFIXES)
        found = {_id_of(path): path for path in files}
        report.failures += [
            Failure(id, f"{source}: has no cuts for {id!r}; add {id}.csv, .edl or .txt")
            for id in videos
            if id not in found
        ]
        return {id: path for id, path in found.items() if id in videos}
    if not source.is_file():
        raise CallError(f"--clips {source}: no such file or folder; give a cut list, or a folder of them")
    if _id_of(source) in videos:
        return {_id_of(source): source}
    if len(videos) == 1:
        return {next(iter(videos)): source}
    raise CallError(
        f"--clips {source}: is of which film? name it after one of {len(videos)}, or give a folder"
    )


def _id_of(path: Path) -> str:
    return path.stem.removesuffix("-Scenes")  # which PySceneDetect appends


def _is_finished(film: FilmJob) -> bool:
    try:
        return film.is_finished()
    except OSError:
        return False  # said when it is tried


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Stopped(BaseException):
    """Ends the work of a thread whose result nobody waits for."""


class _Counter:
    """Frames of all films: done, and how many there will be, judged by the films begun so far."""

    def __init__(self, films: Sequence[FilmJob]) -> None:
        self.stopped = threading.Event()
        self._films = len(films)
        self._done: dict[str, int] = {}
        self._totals: dict[str, int | None] = {}
        self._rates: dict[str, float] = {}

    def listen(self, id: str, done: int, total: int | None, rate: float) -> None:
        """Hear from the thread at work on a film."""
        if self.stopped.is_set():
            raise _Stopped
        self._done[id], self._totals[id], self._rates[id] = done, total, rate

    def finish(self, id: str) -> None:
        self._totals[id] = self._done.get(id, 0)

    def report(self, progress: Progress, finished: int) -> None:
        done, totals = sum(self._done.values()), list(self._totals.values())
        known = [total for total in totals if total is not None]
        expected = round(sum(known) / len(known) * self._films) if known else 0
        total = max(expected, done) if known and len(known) == len(totals) else None
        seconds = sum(count / self._rates[id] for id, count in list(self._done.items()))
        name = f"{finished} of {self._films} cut"
        progress(name, done, total, "frames", per_second=done / seconds if seconds else None)


def _segment(film: FilmJob, counter: _Counter) -> StageReport:
    try:
        return segment_film(film, lambda *frames: counter.listen(film.id, *frames))
    finally:
        counter.finish(film.id)


def _follow(futures: Sequence["Future[StageReport]"], counter: _Counter, progress: Progress) -> None:
    left = set(futures)
    while left:
        done, left = wait(left, timeout=TICK)
        for future in done:
            future.result()  # raises what makes the whole call impossible
        counter.report(progress, len(futures) - len(left))


def _add(report: StageReport, film: StageReport) -> None:
    report.done += film.done
    report.unchanged += film.unchanged
    report.failures += film.failures
    report.notes += film.notes
    report.written += film.written
    for name, number in film.facts.items():
        if isinstance(number, int):
            count(report, name, number)
