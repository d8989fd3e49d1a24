"""Work on films in several processes on this machine.

Work turns a film into features or a failure; it must be picklable. If a process dies, its film is tried
again; other films are not affected.
"""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from threading import Thread

from mmtool.errors import InputError
from mmtool.formats.features import FeatureGroup
from mmtool.records import Failure
from mmtool.stages.extract.frame_batches import FilmClips

Result = FeatureGroup | Failure
Work = Callable[[FilmClips], Result]

RETRIES = 1  # attempts after the first one for a film whose process died


def in_processes(works: Sequence[Work], films: Sequence[FilmClips]) -> Iterator[tuple[str, Result]]:
    """Yield each film's result as it comes from processes, of which each does one of ``works``.

    Each worker is an executor of its own, so it dies alone.
    """
    waiting = deque((film, 0) for film in films)
    idle = [(_worker(), work) for work in works[: len(films)]]
    running: dict[Future[Result], tuple[ProcessPoolExecutor, Work, FilmClips, int]] = {}
    try:
        while waiting or running:
            while idle and waiting:
                (worker, work), (film, deaths) = idle.pop(0), waiting.popleft()
                running[worker.submit(work, film)] = worker, work, film, deaths
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                worker, work, film, deaths = running.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool:
                    worker.shutdown()
                    idle.append((_worker(), work))
                    if deaths < RETRIES:
                        waiting.append((film, deaths + 1))
                        continue
                    result = died(film)
                else:
                    idle.append((worker, work))
                yield film.id, result
    finally:
        for worker in [*(worker for worker, _ in idle), *(worker for worker, *_ in running.values())]:
            worker.shutdown(cancel_futures=True)


def _worker() -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")  # the threads of torch and FFmpeg do not survive a fork
    return ProcessPoolExecutor(1, mp_context=context, initializer=_end_with_parent)


def _end_with_parent() -> None:
    """End this worker when its parent is killed; otherwise it would wait for work forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        Thread(target=watch, daemon=True).start()


def died(film: FilmClips) -> Failure:
    """Why there are no features of a film whose process died at each attempt."""
    problem = f"the process that encoded it died {RETRIES + 1} times"
    remedy = "check that there is enough memory, and run the same command again"
    return Failure(film.id, str(InputError(film.path, problem, remedy)))
