"""Work on films on the machines of a Ray cluster, whose processes keep their models.

Every process is checked before its first film: it needs the same versions, the same films and the same
weights as the caller. If a process dies, its film is tried again in a new one.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from mmtool import __version__
from mmtool.errors import CallError, SettingError
from mmtool.stages.extract.cluster_connection import connected
from mmtool.stages.extract.engines import RETRIES, Result, died
from mmtool.stages.extract.frame_batches import FilmClips
from mmtool.stages.extract.machine import COMPARED, machine_class
from mmtool.stages.extract.placement import Placement, place

READY_SECONDS = 120.0  # in which a process must get a place on a machine and load the encoder


class FilmWork(Protocol):
    """What every process of the cluster does; it is pickled."""

    def get_ready(self) -> str:
        """Load what is needed, and return the type of the device; raises MmtoolError if that fails."""
        ...

    def __call__(self, film: FilmClips) -> Result: ...


def on_ray(
    work_on: Callable[[str, int], FilmWork],
    films: Sequence[FilmClips],
    *,
    address: str | None,
    device: str,
    threads: int,
    notes: list[str],
    devices: set[str],
) -> Iterator[tuple[str, Result]]:
    """Yield each film's result as it comes from a Ray cluster.

    Args:
        work_on: Makes the work from a device and the number of threads of its process.
        films: The films with their clips; all machines need them under the same paths.
        address: Address of a running cluster; without one, a cluster is started on this machine, unless this
            program is connected already.
        device: ``auto`` uses the cluster's GPUs if it has any, otherwise its CPUs.
        threads: Threads of a process that computes on CPUs.
        notes: Notes for the report are added to this list.
        devices: The types of devices that encode films are added to this set.

    Raises:
        CallError: The cluster lacks what is asked for, or a machine of it differs from this one.
    """
    with connected(address) as ray:
        alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        placement = place(alive, device, threads)
        work = work_on(placement.device, placement.threads)
        yield from _Processes(ray, placement, work, films, notes, devices).results()


class _Processes:
    """The processes of one call: those that get ready, those that wait for films, and those at work."""

    def __init__(
        self,
        ray: Any,
        placement: Placement,
        work: FilmWork,
        films: Sequence[FilmClips],
        notes: list[str],
        devices: set[str],
    ) -> None:
        self._ray, self._placement, self._notes, self._devices = ray, placement, notes, devices
        self._waiting = deque((film, 0) for film in films)
        self._class = ray.remote(num_cpus=placement.cpus, num_gpus=placement.gpus)(machine_class())
        self._needs = ray.put((str(Path.cwd()), ray.cloudpickle.dumps(work), versions(), film_sizes(films)))
        self._starting: dict[Any, Any] = {}  # by the reference that is awaited
        self._idle: list[Any] = []
        self._running: dict[Any, tuple[Any, FilmClips, int]] = {}
        self._unusable: list[tuple[Any, str]] = []  # with a GPU that torch cannot use, and their nodes
        for _ in range(min(len(films), placement.slots)):
            self._start()

    def results(self) -> Iterator[tuple[str, Result]]:
        """Yield the id and the result of each film."""
        try:
            if self._waiting:
                self._wait_for_first()
            while self._waiting or self._running:
                while self._idle and self._waiting:
                    process, (film, deaths) = self._idle.pop(), self._waiting.popleft()
                    self._running[process.encode.remote(film)] = process, film, deaths
                for done in self._finished(1):
                    if done in self._starting:
                        self._admit(done)
                    elif (result := self._result(done)) is not None:
                        yield result
                self._employ_unusable()
        finally:
            at_work = [process for process, *_ in self._running.values()]
            unusable = [process for process, _ in self._unusable]
            for process in [*self._starting.values(), *self._idle, *at_work, *unusable]:
                self._ray.kill(process)

    def _start(self) -> None:
        process = self._class.remote()
        self._starting[process.get_ready.remote(self._needs)] = process

    def _wait_for_first(self) -> None:
        """Hear all processes for which there is room now, so that a cluster that does not fit is refused."""
        free = self._ray.available_resources()
        room = min((free.get(name, 0.0) // each for name, each in self._placement.needs if each), default=1)
        for done in self._finished(max(1, min(len(self._starting), int(room)))):
            self._admit(done)
        self._employ_unusable()

    def _finished(self, count: int) -> list[Any]:
        """What has finished of all that is awaited; if no process is at work, that must not take long."""
        patience = None if self._running else READY_SECONDS
        awaited = [*self._running, *self._starting]
        done, _ = self._ray.wait(awaited, num_returns=count, timeout=patience)
        if not done:
            raise SettingError(
                "engine",
                f"is ray, but no machine of the cluster had {self._placement.described} free and was ready "
                f"within {READY_SECONDS:.0f} s; see `ray status`, and try again when it is less busy",
            )
        return list(done)

    def _admit(self, done: Any) -> None:
        """Take on a process that is ready; raises CallError for one that differs."""
        process = self._starting.pop(done)
        try:
            node, problem, device = self._ray.get(done)
        except self._ray.exceptions.RayTaskError:
            raise  # a bug of this program
        except self._ray.exceptions.RayError as error:
            problem = "a process died while it loaded the encoder; check that the machines have enough memory"
            raise CallError(problem) from error
        if problem:
            raise CallError(problem)
        if self._placement.gpus and device == "cpu":
            self._unusable.append((process, node))
        else:
            self._idle.append(process)
            self._devices.add(device)

    def _employ_unusable(self) -> None:
        """Let processes whose GPU torch cannot use compute on CPUs if there are no others.

        This happens only with ``device="auto"``: otherwise they have not become ready.
        """
        if not self._unusable or (self._starting and not (self._idle or self._running)):
            return
        nodes = ", ".join(sorted({node for _, node in self._unusable}))
        if self._idle or self._running:
            self._notes.append(f"torch cannot use the GPUs of {nodes}, which were left out")
            for process, _ in self._unusable:
                self._ray.kill(process)
        else:
            self._notes.append(
                f"the cluster offers GPUs, but torch cannot use those of {nodes}; films were encoded on CPUs"
            )
            self._idle += [process for process, _ in self._unusable]
            self._devices.add("cpu")
        self._unusable.clear()

    def _result(self, done: Any) -> tuple[str, Result] | None:
        """The result of a film; None if its process died and it is tried again."""
        process, film, deaths = self._running.pop(done)
        try:
            result: Result = self._ray.get(done)
        except self._ray.exceptions.RayTaskError:
            raise  # a bug of this program
        except self._ray.exceptions.RayError:
            if deaths < RETRIES:
                self._waiting.append((film, deaths + 1))
            if self._waiting:
                self._start()
            if deaths < RETRIES:
                return None
            result = died(film)
        else:
            self._idle.append(process)
        return film.id, result


def versions() -> dict[str, str]:
    """The versions that all machines must have in common, without local parts such as ``+cpu``."""
    found = {"mmtool": __version__}
    for name in COMPARED:
        try:
            found[name] = version(name).partition("+")[0]
        except PackageNotFoundError:  # another package provides it, such as opencv-python-headless
            continue
    return found


def film_sizes(films: Sequence[FilmClips]) -> Mapping[str, int]:
    """The sizes in bytes of the films that this machine has."""
    return {str(film.path): film.path.stat().st_size for film in films if film.path.is_file()}
