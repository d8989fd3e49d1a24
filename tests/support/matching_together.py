"""Several processes that train one matcher, as torchrun starts them."""

import copy
import multiprocessing
import os
import socket

import torch

from mmtool.training.loop import TrainingState, fit
from mmtool.training.matching_task import MatcherTask
from mmtool.training.processes import joined_processes
from support.together import environment


def match_together(count, network, films, settings, augmentation, folder):
    """The losses and the final weights of each process, whose results were written to ``folder``."""
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
        task = MatcherTask(network, films, settings, augmentation=augmentation)
        training = fit(task, settings, state=TrainingState(), processes=processes)
        losses = [record.loss for record in training]
    torch.save({"losses": losses, "weights": network.state_dict()}, folder / f"{rank}.pt")
