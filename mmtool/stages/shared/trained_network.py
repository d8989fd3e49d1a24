"""The network that a checkpoint holds."""

from pathlib import Path

import torch

from mmtool.alignment.network.branches import make_network
from mmtool.alignment.network.model import AlignmentNetwork, NetworkShape
from mmtool.choices import Inputs, Normalisation
from mmtool.errors import CallError, InputError
from mmtool.formats.checkpoints import REMEDY, Checkpoint
from mmtool.fusion_choices import Fusion
from mmtool.settings.train import TrainSettings


def load_network(checkpoint: Checkpoint, path: Path) -> AlignmentNetwork:
    """The network of a checkpoint, ready to decode.

    Raises:
        InputError: ``path``, which the checkpoint was read from, declares another network than it holds.
    """
    values = checkpoint.shape
    try:
        shape = NetworkShape(
            **{
                **values,
                "inputs": Inputs(str(values["inputs"])),
                "normalisation": Normalisation(str(values["normalisation"])),
                "sources": tuple(values.get("sources", ())),  # type: ignore[arg-type]
                "fusion": Fusion(str(values.get("fusion", Fusion.LATE))),
            }
        )
        with torch.device("meta"):  # no time for random weights that the checkpoint replaces
            network = make_network(shape)
        network.load_state_dict(checkpoint.network, assign=True)
    except (KeyError, TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise InputError(path, "declares a network whose weights it does not hold", REMEDY) from error
    return network.eval()


def settings_of_run(checkpoint: Checkpoint, path: Path) -> TrainSettings:
    """The settings that a checkpoint was trained with; raises InputError where they are not settings."""
    try:
        return TrainSettings.from_dict(checkpoint.settings)
    except (TypeError, ValueError, CallError) as error:
        raise InputError(path, f"was not trained with possible settings ({error})", REMEDY) from error
