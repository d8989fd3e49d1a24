"""Several processes that train one matcher, as torchrun starts them."""

import copy
import multiprocessing
import os
import socket

import torch

from mmtool.settings.modalities import names_of
from mmtool.training.blending.estimating import Blender, Memory
from mmtool.training.loop import TrainingState, fit
from mmtool.training.matching_task import MatcherTask
from mmtool.training.processes import joined_processes
from support.together import environment


def blended(task, settings, **options):
    """What weighs the branches of a task; None for a matcher of one source."""
    memory = Memory((), lambda *_: None)
    plan = settings.blend_plan
    return Blender(task, settings, plan, memory=memory, **options) if settings.modalities else None


def match_together(count, network, films, settings, augmentation, folder):
    """The losses, weights of branches and final weights of each process, through files in ``folder``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spawn = multiprocessing.get_context("spawn")
    others = [
        spawn.Process(target=_train, args=(rank, count, port, network, films, settings, augmentation, folder))
        for rank in range(count)
    ]
    for process in others:
        process.start()
    for process in others:
        process.join(240)
        assert process.exitcode == 0
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(count)]


def _train(rank, count, port, network, films, settings, augmentation, folder):
    os.environ |= environment(rank, count, port)
    torch.set_num_threads(1)
    network = copy.deepcopy(network)  # multiprocessing gives all processes the same memory
    with joined_processes(torch.device("cpu")) as processes:
        names = names_of(settings.modalities)
        task = MatcherTask(network, films, settings, augmentation=augmentation, modalities=names)
        weighing = blended(task, settings, processes=processes)
        records = list(fit(task, settings, state=TrainingState(), processes=processes, weighing=weighing))
    found = {
        "losses": [record.loss for record in records],
        "blend": [{name: found.weight for name, found in record.blend.items()} for record in records],
        "weights": network.state_dict(),
    }
    torch.save(found, folder / f"{rank}.pt")
