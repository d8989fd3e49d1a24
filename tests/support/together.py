"""Several processes that train one network, as torchrun starts them."""

import copy
import multiprocessing
import os
import socket
from dataclasses import asdict

import torch

from mmtool.training.loop import TrainingState
from mmtool.training.network_task import fit_network
from mmtool.training.processes import joined_processes


def environment(rank: int, count: int, port: int = 0) -> dict[str, str]:
    """The variables that torchrun sets."""
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }


def train_together(count, network, samples, settings, folder):
    """The epochs and the final weights of each process, whose results were written to ``folder``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spawn = multiprocessing.get_context("spawn")
    others = [
        spawn.Process(target=_train, args=(rank, count, port, network, samples, settings, folder))
        for rank in range(count)
    ]
    for process in others:
        process.start()
    for process in others:
        process.join(120)
        assert process.exitcode == 0
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(count)]


def _train(rank, count, port, network, samples, settings, folder):
    os.environ |= environment(rank, count, port)
    torch.set_num_threads(1)
    network = copy.deepcopy(network)  # multiprocessing gives all processes the same memory
    with joined_processes(torch.device("cpu")) as processes:
        training = fit_network(network, samples, settings, state=TrainingState(), processes=processes)
        epochs = [asdict(record) for record in training]
    losses = [epoch["loss"] for epoch in epochs]
    torch.save({"losses": losses, "weights": network.state_dict()}, folder / f"{rank}.pt")
