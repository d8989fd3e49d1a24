"""Several processes that train one model together (torchrun); usually there is only one.

Each takes its part of every batch; gradients are summed, and the statistics of SBN are those of the global
batch, so that the result equals that of one process with the whole batch.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Processes:
    """How many processes there are, and which this one is."""

    rank: int = 0
    count: int = 1

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

    def agree(self, values: Sequence[float]) -> list[float]:
        """The numbers of the leading process, in every process."""
        if self.count == 1:
            return list(values)
        numbers = torch.tensor(values, dtype=torch.float64, device=_device())
        distributed.broadcast(numbers, src=0)
        return list(numbers.tolist())


ALONE = Processes()


@contextmanager
def joined_processes() -> Iterator[Processes]:
    """Join the processes that torchrun started; without torchrun, be the only one."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield ALONE
        return
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield Processes(distributed.get_rank(), count)
        distributed.barrier()  # no process leaves while another still communicates
    finally:
        distributed.destroy_process_group()


def _device() -> torch.device:
    """Where nccl and gloo expect their tensors."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
