"""How much of a Ray cluster's machines each process takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mmtool.errors import SettingError
from mmtool.settings.devices import AUTO, CPU


@dataclass(frozen=True, slots=True)
class Placement:
    """What each process gets, and how many of them the cluster has room for."""

    device: str
    cpus: float
    gpus: int
    threads: int
    slots: int

    @property
    def needs(self) -> tuple[tuple[str, float], ...]:
        """The resources of a process, by Ray's names."""
        return ("CPU", self.cpus), ("GPU", self.gpus)

    @property
    def described(self) -> str:
        cpus = "1 CPU" if self.cpus == 1 else f"{self.cpus:g} CPUs"
        return f"{cpus} and a GPU" if self.gpus else cpus


def place(machines: Sequence[Mapping[str, float]], device: str, threads: int) -> Placement:
    """Decide what each process takes of a cluster whose machines have these resources.

    With GPUs, every process gets one, and no more CPUs than leave enough for the machine's other GPUs. On
    CPUs, it gets ``threads`` of them, or all of the largest machine if that has fewer.

    Raises:
        SettingError: The cluster does not have the device.
    """
    with_gpus = [each for each in machines if each.get("GPU", 0) >= 1]
    if device != CPU and with_gpus:
        share = min(each.get("CPU", 0) / int(each["GPU"]) for each in with_gpus)
        cpus = float(min(threads, int(share))) if share >= 1 else share
        slots = sum(int(each["GPU"]) for each in with_gpus)
        return Placement(device, cpus, 1, max(1, int(cpus)), slots)
    if device not in (AUTO, CPU):
        raise SettingError("device", f"is {device}, but no machine of the cluster has a GPU; use cpu or auto")
    largest = max((int(each.get("CPU", 0)) for each in machines), default=0)
    if not largest:
        raise SettingError("engine", "is ray, but no machine of the cluster has a CPU for tasks")
    per_process = min(threads, largest)
    slots = sum(int(each.get("CPU", 0)) // per_process for each in machines)
    return Placement(CPU, float(per_process), 0, threads, slots)
