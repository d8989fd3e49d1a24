"""Work on films in several processes, on this machine or on a Ray cluster.

``work`` turns a film into features or a failure; it must be picklable. If a process dies, its film is tried
again; other films are not affected.
"""

import logging
import multiprocessing
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

from mmtool.errors import InputError, SettingError
from mmtool.extras import import_extra
from mmtool.formats.features import FeatureGroup
from mmtool.records import Failure
from mmtool.stages.extract.frame_batches import FilmClips

Result = FeatureGroup | Failure
Work = Callable[[FilmClips], Result]

RETRIES = 1  # attempts after the first one for a film whose process died
CONNECT_SECONDS = 10.0  # in which a cluster must answer
TASKS_PER_SLOT = 2  # tasks submitted to a cluster for each one that it can run at a time


def in_processes(work: Work, films: Sequence[FilmClips], workers: int) -> Iterator[tuple[str, Result]]:
    """Yield each film's result as it comes. Each worker is an executor of its own, so it dies alone."""
    waiting = deque((film, 0) for film in films)
    idle = [_worker() for _ in range(min(workers, len(films)))]
    running: dict[Future[Result], tuple[ProcessPoolExecutor, FilmClips, int]] = {}
    try:
        while waiting or running:
            while idle and waiting:
                worker, (film, deaths) = idle.pop(), waiting.popleft()
                running[worker.submit(work, film)] = worker, film, deaths
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                worker, film, deaths = running.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool:
                    worker.shutdown()
                    idle.append(_worker())
                    if deaths < RETRIES:
                        waiting.append((film, deaths + 1))
                        continue
                    result = _died(film)
                else:
                    idle.append(worker)
                yield film.id, result
    finally:
        for worker in [*idle, *(worker for worker, _, _ in running.values())]:
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


def on_ray(
    work: Work, films: Sequence[FilmClips], *, address: str | None, threads: int, gpus: int
) -> Iterator[tuple[str, Result]]:
    """Yield each film's result as it comes from a Ray cluster; without an address, one is started.

    The cluster's machines need the films under the same paths. A task takes ``threads`` CPUs, or all CPUs of
    the largest machine if it has fewer, and ``gpus`` GPUs.
    """
    ray = _connect(address)
    try:
        cpus = min(threads, max(int(node["Resources"].get("CPU", 1)) for node in ray.nodes()))
        folder = Path.cwd()

        @ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=RETRIES)  # type: ignore[untyped-decorator]
        def task(film: FilmClips) -> Result:
            with suppress(OSError):
                os.chdir(folder)  # relative paths are the caller's; machines without it need absolute ones
            return work(film)

        limit = TASKS_PER_SLOT * max(1, int(ray.cluster_resources().get("CPU", 1)) // max(1, cpus))
        waiting = deque(films)
        running: dict[Any, FilmClips] = {}
        while waiting or running:
            while waiting and len(running) < limit:
                film = waiting.popleft()
                running[task.remote(film)] = film
            (done, *_), _ = ray.wait(list(running))
            film = running.pop(done)
            try:
                result = ray.get(done)
            except ray.exceptions.RayTaskError:
                raise  # a bug of this program
            except ray.exceptions.RayError:
                result = _died(film)
            yield film.id, result
    finally:
        ray.shutdown()


def _connect(address: str | None) -> Any:
    ray: Any = import_extra("ray")
    if address and address != "auto":
        _check_address(address)
    # "local" because without an address, Ray looks for a cluster that may have died, and waits for it
    options = {"address": address} if address else {"address": "local", "include_dashboard": False}
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # otherwise Ray reports its use to its makers
    try:
        ray.init(**options, log_to_driver=False, logging_level=logging.ERROR)
    except ConnectionError as error:
        raise SettingError(
            "address",
            f"{address}: no Ray cluster answers there, or it requires a token: set RAY_AUTH_MODE=token and "
            "put the token into ~/.ray/auth_token",
        ) from error
    except ray.exceptions.RayError as error:
        raise SettingError("address", f"{address}: the cluster refuses this call ({error})") from error
    return ray


def _check_address(address: str) -> None:
    """Raise SettingError if nothing listens there, for which Ray itself needs two minutes."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal()) or "/" in host:  # ray:// needs a separate client
        raise SettingError("address", f"must be HOST:PORT or auto, not {address}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise SettingError("address", f"{address}: no Ray cluster answers there ({error})") from error


def _died(film: FilmClips) -> Failure:
    problem = f"the process that encoded it died {RETRIES + 1} times"
    remedy = "check that there is enough memory, and run the same command again"
    return Failure(film.id, str(InputError(film.path, problem, remedy)))
