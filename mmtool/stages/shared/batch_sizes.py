"""How many frames and snippets an encoder gets at a time where the user does not say."""

import torch

from mmtool.choices import Modality
from mmtool.stages.shared.gpus import gpu_of

ON_CPU = 8  # more take more memory, and no less time
MOST_FRAMES = 64
FRAMES_PER_GIB = 1  # of a GPU's memory: detectors take up to 0.5 GiB for a frame
SNIPPETS_PER_FRAME = 32  # on a GPU, where token limits bound a batch of long ones


def batch_size_for(device: torch.device, modality: Modality) -> int:
    """The default batch size: a power of 2 that grows with the memory of an NVIDIA or AMD GPU."""
    if device.type != "cuda":
        return ON_CPU
    room = int(gpu_of(device).memory / 2**30 * FRAMES_PER_GIB)
    frames = min(MOST_FRAMES, max(ON_CPU, 1 << max(0, room.bit_length() - 1)))
    return frames if modality is Modality.VIDEO else frames * SNIPPETS_PER_FRAME
