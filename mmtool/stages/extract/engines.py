"""Work on films in several processes, here or on a Ray cluster; not a stage of its own.

``work`` turns a film into features or a failure; it has to pickle. A film whose process dies is tried
again; another film's process dying does not touch it.
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

from mmtool.errors import CallError, InputError
from mmtool.extras import import_extra
from mmtool.formats.features import FeatureGroup
from mmtool.records import Failure
from mmtool.stages.extract.frame_batches import FilmClips

Result = FeatureGroup | Failure
Work = Callable[[FilmClips], Result]

RETRIES = 1  # of a film whose process died
KNOCK = 10.0  # seconds for a cluster's machine to answer
IN_FLIGHT = 2  # tasks of a cluster for each that it can run at once


def in_processes(work: Work, films: Sequence[FilmClips], workers: int) -> Iterator[tuple[str, Result]]:
    """Yield each film's result as it comes; each worker is an executor of its own, so that it dies alone."""
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
    context = multiprocessing.get_context("spawn")  # threads of torch and FFmpeg do not survive a fork
    return ProcessPoolExecutor(1, mp_context=context, initializer=_end_with_parent)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        Thread(target=watch, daemon=True).start()


def on_ray(
    work: Work, films: Sequence[FilmClips], *, address: str | None, threads: int, gpus: int
) -> Iterator[tuple[str, Result]]:
    """Yield each film's result as it comes from a Ray cluster; without an address, from one of this call.

    The cluster's machines need the films under the same paths. A task takes ``threads`` CPUs, or all of the
    largest machine's, and ``gpus``.
    """
    ray = _connect(address)
    try:
        cpus = min(threads, max(int(node["Resources"].get("CPU", 1)) for node in ray.nodes()))
        folder = Path.cwd()

        @ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=RETRIES)  # type: ignore[untyped-decorator]
        def task(film: FilmClips) -> Result:
            with suppress(OSError):
                os.chdir(folder)  # relative paths are the caller's; a machine without it needs absolute ones
            return work(film)

        room = IN_FLIGHT * max(1, int(ray.cluster_resources().get("CPU", 1)) // max(1, cpus))
        waiting = deque(films)
        running: dict[Any, FilmClips] = {}
        while waiting or running:
            while waiting and len(running) < room:
                film = waiting.popleft()
                running[task.remote(film)] = film
            (done, *_), _ = ray.wait(list(running))
            film = running.pop(done)
            try:
                result = ray.get(done)
            except ray.exceptions.RayTaskError:
                raise  # the program's own mistake
            except ray.exceptions.RayError:
                result = _died(film)
            yield film.id, result
    finally:
        ray.shutdown()


def _connect(address: str | None) -> Any:
    ray: Any = import_extra("ray")
    if address and address != "auto":
        _check_address(address)
    # "local", for without an address Ray looks for a cluster that may have died since, and waits for it
    options = {"address": address} if address else {"address": "local", "include_dashboard": False}
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
    try:
        ray.init(**options, log_to_driver=False, logging_level=logging.ERROR)
    except ConnectionError as error:
        raise CallError(
            f"--address {address}: no Ray cluster answers there, or one that wants its token: "
            "set RAY_AUTH_MODE=token and have the token in ~/.ray/auth_token"
        ) from error
    except ray.exceptions.RayError as error:
        raise CallError(f"--address {address}: refuses this call ({error})") from error
    return ray


def _check_address(address: str) -> None:
    """Ray itself takes two minutes to find that nobody is there."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal()) or "/" in host:  # ray:// is of a client that few have
        raise CallError(f"--address {address}: is no address; write HOST:PORT, or auto")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK).close()
    except (OSError, OverflowError) as error:
        raise CallError(f"--address {address}: no Ray cluster answers there ({error})") from error


def _died(film: FilmClips) -> Failure:
    problem = f"the process at work on it died {RETRIES + 1} times"
    remedy = "see that there is enough memory, and run the same command again"
    return Failure(film.id, str(InputError(film.path, problem, remedy)))
