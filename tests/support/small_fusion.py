"""Constructed films of which one modality informs and the other identifies clips, and a small network.

The network has what Gradient-Blending assumes and nothing else: an encoder of each modality, a classifier on
each, and late fusion. It is trained and blended by the same loop as the alignment network, in a second.
"""

import copy

import numpy as np
import torch
from torch import nn

from mmtool.settings.train import TrainSettings
from mmtool.training.blending.estimating import Blender, Memory
from mmtool.training.loop import train_epoch
from mmtool.training.processes import ALONE
from mmtool.training.rates import make_optimizer, make_rates
from mmtool.training.task import Part, Unobserved

BRANCHES = ("looks", "ids", "joint")
LOOKS, IDS, HIDDEN, CLASSES, CLIPS = 6, 48, 32, 3, 10
Films = dict[str, tuple[torch.Tensor, torch.Tensor]]


def constructed_films(count: int, seed: int) -> Films:
    """Rows (10, 54) and classes (10,) of each film.

    The class is one of three columns of ``looks``, in noise. The columns of ``ids`` are a random code of each
    clip, from which the clips of training films can be learned by heart and nothing else.
    """
    rng, found = np.random.default_rng(seed), {}
    for number in range(count):
        classes = rng.integers(0, CLASSES, CLIPS)
        looks = rng.normal(0, 0.7, (CLIPS, LOOKS))
        looks[np.arange(CLIPS), classes] += 1
        rows = np.concatenate([looks, rng.standard_normal((CLIPS, IDS))], axis=1)
        found[f"film{number}"] = torch.tensor(rows, dtype=torch.float32), torch.tensor(classes)
    return found


class SmallNetwork(nn.Module):
    """Two encoders, a classifier on each, and one on what they say together."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.encoders = nn.ModuleList(nn.Sequential(nn.Linear(n, HIDDEN), nn.ReLU()) for n in (LOOKS, IDS))
        self.heads = nn.ModuleList(nn.Linear(HIDDEN, CLASSES) for _ in range(2))
        self.register_buffer("seen", torch.ones(2))
        self.joint = nn.Sequential(nn.Linear(2 * HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, CLASSES))

    def of(self, branch: str, rows: torch.Tensor) -> torch.Tensor:
        encoded = [
            encoder(part)
            for encoder, part in zip(self.encoders, rows.split([LOOKS, IDS], dim=1), strict=True)
        ]
        if branch == "joint":
            return self.joint(
                torch.cat([part * seen for part, seen in zip(encoded, self.seen, strict=True)], dim=1)
            )
        number = BRANCHES.index(branch)
        return self.heads[number](encoded[number])


class SmallTask:
    """Batches of 40 clips."""

    branches = BRANCHES

    def __init__(self, network: SmallNetwork, every: Films, films, only: str = "") -> None:
        self.network, self._every, self.film_ids, self._only = network, every, list(films), only
        self.weights = dict.fromkeys(BRANCHES, 0.0) | {only or "joint": 1.0}

    def batches(self, epoch, _):
        order = np.random.default_rng([0, epoch]).permutation(len(self.film_ids))
        for start in range(0, len(order), 4):
            yield [self.film_ids[index] for index in order[start : start + 4]]

    def steps(self, _):
        return -(-len(self.film_ids) // 4)

    def parts(self, batch, _):
        rows, classes = (torch.cat([self._every[film][part] for film in batch]) for part in (0, 1))
        count, parts = torch.tensor(float(len(rows))), {}
        for branch in [self._only] if self._only else BRANCHES:
            loss = nn.functional.cross_entropy(self.network.of(branch, rows), classes)
            sums = torch.stack([loss.detach() * count, count])
            parts[branch] = Part(loss, sums, self.weights[branch], branch)
        return parts

    def shares_of_updates(self):
        if self._only:
            return {}
        joint, found = self.weights["joint"], {}
        for number, branch in enumerate(BRANCHES[:2]):
            found |= dict.fromkeys(self.network.encoders[number].parameters(), self.weights[branch] + joint)
            found |= dict.fromkeys(self.network.heads[number].parameters(), self.weights[branch])
        return found | dict.fromkeys(self.network.joint.parameters(), joint)

    def films(self, batch):
        return ", ".join(batch)

    def of_films(self, films):
        return SmallTask(self.network, self._every, films, self._only)

    def leave_out(self, modalities):
        self.network.seen.copy_(torch.tensor([branch not in modalities for branch in BRANCHES[:2]]))

    def comparable(self, films, _):
        return films

    def alone(self, branch, films):
        return SmallTask(copy.deepcopy(self.network), self._every, films, branch)


def train_small(films: Films, settings: TrainSettings, branch: str = "joint"):
    """A network whose branch was trained alone, or blended if the settings say so; and the weights."""
    network = SmallNetwork(settings.seed)
    task = SmallTask(network, films, films, "" if settings.blend != "none" else branch)
    memory = Memory((), lambda *_: None)
    blender = (
        Blender(task, settings, settings.blend_plan, memory=memory) if settings.blend != "none" else None
    )
    optimizer = make_optimizer(network, settings)
    rates = make_rates(optimizer, settings)
    for epoch in range(1, settings.epochs + 1):
        if blender:
            blender.before(epoch, optimizer.param_groups[0]["lr"])
        rates.begin(epoch)
        train_epoch(task, settings, optimizer, rates, epoch, Unobserved(), ALONE)
    return network, blender.current if blender else {}


@torch.no_grad()
def accuracy(network: SmallNetwork, films: Films, branch: str = "joint") -> tuple[float, float]:
    """The mean loss of a clip, and the share of right classes."""
    rows, classes = (torch.cat([film[part] for film in films.values()]) for part in (0, 1))
    logits = network.of(branch, rows)
    loss = nn.functional.cross_entropy(logits, classes).item()
    return loss, (logits.argmax(dim=1) == classes).double().mean().item()
