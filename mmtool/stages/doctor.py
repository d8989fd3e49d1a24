"""This machine → what works on it, what is missing, and the remedy."""

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mmtool import __version__
from mmtool.extras import EXTRAS, missing_modules

NEEDED = {  # module → the package that brings it; without these the main job cannot run
    "numpy": "numpy",
    "cv2": "opencv-python",
    "scenedetect": "scenedetect",
    "torch": "torch",
    "torchvision": "torchvision",
    "transformers": "transformers",
    "h5py": "h5py",
}
REMEDIES = {"cv2": "pip install opencv-python-headless, which needs no display libraries"}
LITTLE_DISK = 2**30  # bytes


class State(StrEnum):
    """Of one finding: fine, not there but not needed, or in the way of the main job."""

    FINE = "fine"
    OPTIONAL = "optional"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; ``remedy`` is empty where there is nothing to do."""

    name: str
    state: State
    detail: str
    remedy: str = ""


def doctor(folder: Path) -> list[Finding]:
    """Look at Python, libraries, devices, disk (of ``folder``), weights and extras."""
    libraries = list(_libraries())
    findings = [
        Finding("mmtool", State.FINE, f"{__version__}, Python {platform.python_version()}"),
        *libraries,
    ]
    if all(finding.state is State.FINE for finding in libraries):
        findings += [*_devices(), *_weights()]
    return [*findings, _disk(folder), _ffmpeg(), *_extras()]


def _libraries() -> Iterator[Finding]:
    """Import each: a package may be installed and lack a library of the system."""
    for module, package in NEEDED.items():
        try:
            import_module(module)
            yield Finding(package, State.FINE, version(package))
        except PackageNotFoundError:  # another package brings the module
            yield Finding(package, State.FINE, "installed")
        except (ImportError, OSError, RuntimeError, AttributeError) as error:  # or a library at odds with it
            remedy = REMEDIES.get(module, f"pip install {package}")
            yield Finding(package, State.BROKEN, f"{error}".partition("\n")[0] or repr(error), remedy)


def _devices() -> Iterator[Finding]:
    import torch

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    yield Finding("CPU", State.FINE, f"{usable} cores usable, {platform.machine()}")
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(number)
            memory = f"{properties.total_memory / 2**30:.0f} GiB"
            yield Finding(f"GPU {number}", State.FINE, f"{properties.name}, {memory}")
    else:
        yield Finding("GPU", State.OPTIONAL, "none that torch can use", "aligning by timing needs none")


def _weights() -> Iterator[Finding]:
    from mmtool.encoders.published_weights import published_weights

    for weights in published_weights():
        if weights.found:
            yield Finding(weights.encoder, State.FINE, f"weights {weights.name} are here")
        else:
            detail = f"weights {weights.name} are not here"
            yield Finding(weights.encoder, State.OPTIONAL, detail, "the first call downloads them")


def _disk(folder: Path) -> Finding:
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(there).free
    detail = f"{free / 2**30:,.1f} GiB free at {there}"
    if not os.access(there, os.W_OK):
        return Finding("disk", State.BROKEN, f"{there} cannot be written to", "choose another folder")
    if free < LITTLE_DISK:
        return Finding("disk", State.BROKEN, detail, "make room, or choose a folder on another disk")
    return Finding("disk", State.FINE, detail)


def _ffmpeg() -> Finding:
    if found := shutil.which("ffmpeg"):
        return Finding("ffmpeg", State.FINE, found)
    if not missing_modules("cut"):
        return Finding("ffmpeg", State.FINE, "that of the extra cut")
    remedy = "only export --format clips and webdataset need it; pip install 'mmtool[cut]' brings one"
    return Finding("ffmpeg", State.OPTIONAL, "not here", remedy)


def _extras() -> Iterator[Finding]:
    for extra, (_, adds) in EXTRAS.items():
        missing = missing_modules(extra)
        if missing:
            detail = f"would add {adds}"
            yield Finding(f"extra {extra}", State.OPTIONAL, detail, f"pip install 'mmtool[{extra}]'")
        else:
            yield Finding(f"extra {extra}", State.FINE, adds)
