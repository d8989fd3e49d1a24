"""Names of devices; whether this machine has them is found out when they are used."""

import re

from mmtool.errors import SettingError

AUTO, CPU, CUDA, MPS = "auto", "cpu", "cuda", "mps"
DEVICES = "auto, cpu, cuda, cuda:N (GPU number N, from 0), or mps (GPU of Apple)"
NETWORK_DEVICES = "auto, cpu, cuda, or cuda:N (GPU number N, from 0)"  # the alignment network's
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:(0|[1-9]\d*))?")


def check_device(name: str) -> None:
    """Raise SettingError for a name that is not a device's."""
    if not _DEVICE.fullmatch(name):
        raise SettingError("device", f"must be {DEVICES}, not {name!r}")
