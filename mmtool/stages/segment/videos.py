"""Videos → clips, several videos at a time."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from mmtool.cores import usable_cores
from mmtool.errors import SettingError
from mmtool.formats.corpus import Corpus
from mmtool.formats.cut_lists import SUFFIXES
from mmtool.records import Progress
from mmtool.settings.segment import SegmentSettings
from mmtool.stages.segment.film import segment_film
from mmtool.stages.segment.film_job import FilmJob
from mmtool.stages.segment.report import SegmentedVideo
from mmtool.video.detectors.contract import Detector
from mmtool.video.detectors.registry import make_detector

TICK = 0.1  # seconds between reports of progress


def detector_of(settings: SegmentSettings) -> Detector:
    """The detector that the settings name; raises CallError where they do not fit it."""
    return make_detector(
        settings.detector,
        threshold=settings.threshold,
        weights=settings.weights,
        options=settings.detector_options,
    )


def segment_videos(
    corpus: Corpus,
    videos: Mapping[str, Path],
    settings: SegmentSettings,
    detector: Detector,
    progress: Progress,
) -> list[SegmentedVideo]:
    """Write ``clips/<id>.csv`` for each video, and the other outputs that are wanted.

    Decoding and scoring release Python's lock, so threads keep all cores busy, and they start at once.
    With a cut list of one film, only that film is segmented.
    """
    lists = {} if settings.clips is None else _find_cut_lists(settings.clips, videos)
    results, waiting = dict[str, SegmentedVideo](), list[FilmJob]()
    for id, path in videos.items():
        if settings.clips is not None and id not in lists:
            if settings.clips.is_dir():
                problem = f"{settings.clips}: no cuts for {id!r}; add {id}.csv, {id}.edl or {id}.txt"
                results[id] = SegmentedVideo(id=id, path=path, failure=problem)
            continue
        job = FilmJob(id, path, corpus, settings, detector, lists.get(id))
        if job.is_finished():
            results[id] = SegmentedVideo(id=id, path=path)
        else:
            waiting.append(job)
    results |= {video.id: video for video in _segment_all(waiting, settings.workers, progress)}
    return [results[id] for id in videos if id in results]


def _find_cut_lists(source: Path, videos: Mapping[str, Path]) -> dict[str, Path]:
    """The cut list of each video that has one: from one file, or from a folder with a file for each id."""
    if source.is_dir():
        files = sorted(path for path in source.iterdir() if path.suffix.lower() in SUFFIXES)
        return {_id_of(path): path for path in files if _id_of(path) in videos}
    if not source.is_file():
        raise SettingError("clips", f"{source}: no such file or folder; name a cut list, or a folder of them")
    if _id_of(source) in videos:
        return {_id_of(source): source}
    if len(videos) == 1:
        return {next(iter(videos)): source}
    raise SettingError(
        "clips",
        f"{source}: none of the {len(videos)} films has this name; rename the file, or name a folder",
    )


def _id_of(path: Path) -> str:
    return path.stem.removesuffix("-Scenes")  # which PySceneDetect appends


def _segment_all(jobs: Sequence[FilmJob], workers: int, progress: Progress) -> list[SegmentedVideo]:
    """Segment the films in ``workers`` threads; 0 stands for one per core."""
    if not jobs:
        return []
    counter = _Counter(jobs)
    with ThreadPoolExecutor(min(workers or usable_cores(), len(jobs)), thread_name_prefix="film") as pool:
        futures = [pool.submit(_segment, job, counter) for job in jobs]
        try:
            _follow(futures, counter, progress)
        except BaseException:  # in particular KeyboardInterrupt
            counter.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]


class _Stopped(BaseException):
    """Ends the work of a thread whose result is not needed any more."""


class _Counter:
    """Frames of all films: how many are done, and an estimate of the total from the films begun so far."""

    def __init__(self, jobs: Sequence[FilmJob]) -> None:
        self.stopped = threading.Event()
        self._films = len(jobs)
        self._done: dict[str, int] = {}
        self._totals: dict[str, int | None] = {}
        self._rates: dict[str, float] = {}

    def update(self, id: str, done: int, total: int | None, rate: float) -> None:
        """Take the frame count of one film, from the thread that works on it."""
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


def _segment(job: FilmJob, counter: _Counter) -> SegmentedVideo:
    try:
        return segment_film(job, lambda *frames: counter.update(job.id, *frames))
    finally:
        counter.finish(job.id)


def _follow(futures: Sequence["Future[SegmentedVideo]"], counter: _Counter, progress: Progress) -> None:
    left = set(futures)
    while left:
        done, left = wait(left, timeout=TICK)
        for future in done:
            future.result()  # raises what makes the whole call impossible
        counter.report(progress, len(futures) - len(left))
