"""The network that a checkpoint holds."""

import torch

from mmtool.alignment.network.model import AlignmentNetwork, NetworkShape
from mmtool.choices import Inputs, Normalisation
from mmtool.formats.checkpoints import Checkpoint


def load_network(checkpoint: Checkpoint) -> AlignmentNetwork:
    """The network of a checkpoint, ready to decode."""
    values = checkpoint.shape
    shape = NetworkShape(
        **{
            **values,
            "inputs": Inputs(str(values["inputs"])),
            "normalisation": Normalisation(str(values["normalisation"])),
        }  # type: ignore[arg-type]
    )
    with torch.device("meta"):  # no time for random weights that the checkpoint replaces
        network = AlignmentNetwork(shape)
    network.load_state_dict(checkpoint.network, assign=True)
    return network.eval()
