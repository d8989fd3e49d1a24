"""Several processes that train one model together (torchrun); usually there is only one.

Each takes its part of every batch; gradients are summed, and the statistics of SBN are those of the global
batch, so that the result equals that of one process with the whole batch.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn

from mmtool.errors import SettingError

T = TypeVar("T")
CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True)
class Processes:
    """How many processes there are, and which this one is."""

    rank: int = 0
    count: int = 1
    device: torch.device = CPU  # where tensors must be that are exchanged
    mixture: str = ""  # a note where the processes have GPUs of different kinds

    @property
    def leads(self) -> bool:
        """Whether this process validates, writes files and prints."""
        return self.rank == 0

    def share(self, samples: Sequence[T]) -> Sequence[T]:
        """This process's part of a batch, which may be empty."""
        return samples[self.rank :: self.count]

    def total(self, values: Tensor) -> Tensor:
        """The sum of a tensor over all processes."""
        if self.count > 1:
            distributed.all_reduce(values)
        return values

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Sum each parameter's gradient over all processes; a parameter that none used keeps no gradient."""
        if self.count == 1:
            return
        weights = list(parameters)
        used = torch.tensor([float(w.grad is not None) for w in weights], device=weights[0].device)
        distributed.all_reduce(used)
        kept = [w for w, uses in zip(weights, used.tolist(), strict=True) if uses]
        flat = torch.cat([(torch.zeros_like(w) if w.grad is None else w.grad).flatten() for w in kept])
        distributed.all_reduce(flat)
        offset = 0
        for w in kept:
            w.grad = flat[offset : offset + w.numel()].view_as(w)
            offset += w.numel()

    def gather(self, own: Tensor, sizes: Sequence[int]) -> Tensor:
        """The rows (size, D) of all processes, one after the other, of which only the own have a gradient.

        Args:
            own: This process's rows.
            sizes: How many rows each process has.
        """
        if self.count == 1:
            return own
        padded = own.new_zeros(max(sizes), *own.shape[1:])
        padded[: len(own)] = own.detach()
        found = [torch.empty_like(padded) for _ in sizes]
        distributed.all_gather(found, padded)
        parts = [rows[:size] for rows, size in zip(found, sizes, strict=True)]
        return torch.cat([*parts[: self.rank], own, *parts[self.rank + 1 :]])

    def agree_on(self, values: Mapping[str, float]) -> dict[str, float]:
        """The named numbers of the leading process, in every process."""
        if self.count == 1:
            return dict(values)
        told = json.dumps(dict(values)).encode()  # numbers are read back as they are
        size = torch.tensor([len(told)], device=self.device)
        distributed.broadcast(size, src=0)
        text = torch.zeros(int(size), dtype=torch.uint8, device=self.device)
        if self.leads:
            text = torch.frombuffer(bytearray(told), dtype=torch.uint8).to(self.device)
        distributed.broadcast(text, src=0)
        heard: dict[str, float] = json.loads(bytes(text.cpu().tolist()))
        return heard

    def agree(self, values: Sequence[float]) -> list[float]:
        """The numbers of the leading process, in every process."""
        if self.count == 1:
            return list(values)
        numbers = torch.tensor(values, dtype=torch.float64, device=self.device)
        distributed.broadcast(numbers, src=0)
        return list(numbers.tolist())


ALONE = Processes()


@contextmanager
def joined_processes(device: torch.device) -> Iterator[Processes]:
    """Join the processes that torchrun started; without torchrun, be the only one.

    Args:
        device: The device of this process, on which nccl (GPUs) or gloo (CPUs) exchanges tensors.

    Raises:
        SettingError: The processes have devices of different kinds.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)  # otherwise nccl would use the first GPU in every process
    store, rank, count = next(distributed.rendezvous("env://"))  # type: ignore[attr-defined]
    mixture = _compared(store, rank, count, device)
    backend = "nccl" if device.type == "cuda" else "gloo"
    distributed.init_process_group(backend, store=store, rank=rank, world_size=count)
    try:
        yield Processes(rank, count, device, mixture)
        distributed.barrier()  # no process leaves while another still communicates
    finally:
        distributed.destroy_process_group()


def _compared(store: Any, rank: int, count: int, device: torch.device) -> str:
    """A note where the processes have GPUs of different kinds.

    Raises SettingError in each process if some have GPUs and others have not: they would wait forever.
    """
    own = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    store.set(f"mmtool/device/{rank}", own)
    names = [store.get(f"mmtool/device/{other}").decode() for other in range(count)]
    without = [str(other) for other, name in enumerate(names) if name == "cpu"]
    if without and len(without) < count:
        raise SettingError(
            "device",
            "must be the same for all processes of torchrun, but there is no GPU for "
            f"{'process' if len(without) == 1 else 'processes'} {', '.join(without)}; use cpu",
        )
    kinds = list(dict.fromkeys(names))
    if len(kinds) == 1:
        return ""
    return f"the processes train on GPUs of different kinds ({', '.join(kinds)}); the slowest sets the pace"
