"""A task with two modalities and a joint branch that trains in milliseconds: three linear maps."""

import copy

import numpy as np
import torch
from torch import nn

from mmtool.training.task import Part, Unobserved

BRANCHES = ("looks", "sound", "joint")


class ToyNetwork(nn.Module):
    """Three linear maps to two classes."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.maps = nn.ModuleList([nn.Linear(2, 2), nn.Linear(3, 2), nn.Linear(5, 2)])
        self.register_buffer("seen", torch.ones(5))

    def of(self, branch: str, rows: torch.Tensor) -> torch.Tensor:
        if branch == "joint":
            rows = rows * self.seen
        columns = {"looks": slice(0, 2), "sound": slice(2, 5), "joint": slice(0, 5)}[branch]
        return self.maps[BRANCHES.index(branch)](rows[:, columns])


def toy_films(count: int) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Rows (4, 5) and classes (4,) of each film: the first column nearly tells the class."""
    found = {}
    for number in range(count):
        rng = np.random.default_rng(number)
        classes = rng.integers(0, 2, 4)
        rows = rng.standard_normal((4, 5))
        rows[:, 0] += 2 * classes
        found[f"v{number}"] = torch.tensor(rows, dtype=torch.float32), torch.tensor(classes)
    return found


class ToyTask:
    """Batches of four films in an order of the epoch."""

    branches = BRANCHES

    def __init__(self, network, films, only="") -> None:
        self.network, self._films, self._only = network, films, only
        self.weights = dict.fromkeys(BRANCHES, 1.0)

    def batches(self, epoch, _):
        names = list(self._films)
        order = np.random.default_rng([0, epoch]).permutation(len(names))
        for start in range(0, len(order), 4):
            yield [names[index] for index in order[start : start + 4]]

    def steps(self, _):
        return -(-len(self._films) // 4)

    def parts(self, batch, _):
        rows = torch.cat([self._films[name][0] for name in batch])
        classes = torch.cat([self._films[name][1] for name in batch])
        parts = {}
        for branch in [self._only] if self._only else BRANCHES:
            loss = nn.functional.cross_entropy(self.network.of(branch, rows), classes)
            count = torch.tensor(float(len(rows)))
            sums = torch.stack([loss.detach() * count, count])
            parts[branch] = Part(loss, sums, self.weights[branch], branch)
        return parts

    def films(self, batch):
        return ", ".join(batch)

    def observer(self, _):
        return Unobserved()

    def shares_of_updates(self):
        return {}

    @property
    def film_ids(self):
        return list(self._films)

    def of_films(self, films):
        return ToyTask(self.network, {name: ALL[name] for name in films}, self._only)

    def leave_out(self, modalities):
        self.network.seen[:2] = "looks" not in modalities
        self.network.seen[2:] = "sound" not in modalities

    def comparable(self, films, _):
        return films

    def alone(self, branch, films):
        return ToyTask(copy.deepcopy(self.network), {name: ALL[name] for name in films}, branch)


ALL = toy_films(12)
