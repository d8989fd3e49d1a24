"""This machine → what works on it, what is missing, and how to get it."""

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar

from mmtool import __version__
from mmtool.choices import Modality
from mmtool.cores import usable_cores
from mmtool.decoders import DECODERS
from mmtool.exports.table import EXPORT_FORMATS
from mmtool.extras import EXTRAS, missing_modules
from mmtool.importers.table import IMPORTERS
from mmtool.plugins import Registry
from mmtool.records import Report

NEEDED = {  # module → the package that provides it; mmtool cannot work without these
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
    """Whether what was looked at works, is missing but not needed, or prevents the main work."""

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


@dataclass(slots=True, kw_only=True)
class DoctorReport(Report):
    """What works on this machine."""

    stage: ClassVar[str] = "doctor"
    findings: list[Finding] = field(default_factory=list)

    @property
    def broken(self) -> list[Finding]:
        """What prevents films from being cut and aligned here."""
        return [finding for finding in self.findings if finding.state is State.BROKEN]

    @property
    def ready(self) -> bool:
        """Whether films can be cut and aligned here."""
        return not self.broken


def doctor(folder: Path | str = ".") -> DoctorReport:
    """Check the system, Python, libraries, devices, weights, disk space, extras and plug-ins.

    Args:
        folder: The folder whose disk is checked; it need not exist.
    """
    libraries = list(_libraries())
    findings = [
        Finding("mmtool", State.FINE, f"{__version__}, Python {platform.python_version()}"),
        _system(),
        *libraries,
    ]
    complete = all(finding.state is State.FINE for finding in libraries)
    if complete:
        findings += [*_devices(), *_weights()]
    return DoctorReport(findings=[*findings, _disk(Path(folder)), _ffmpeg(), *_extras(), *_plugins(complete)])


def _system() -> Finding:
    system = {"Darwin": "macOS"}.get(platform.system(), platform.system())
    detail = f"{system} {platform.mac_ver()[0] or platform.release()}, {platform.machine()}"
    if system == "macOS" and platform.machine() == "x86_64":
        return Finding("system", State.OPTIONAL, detail, "there is no current torch for Intel Macs")
    if system not in ("Linux", "macOS", "Windows"):
        return Finding("system", State.OPTIONAL, detail, "Linux, macOS and Windows are supported")
    return Finding("system", State.FINE, detail)


def _libraries() -> Iterator[Finding]:
    """Import each library: a package may be installed but lack a library of the system."""
    for module, package in NEEDED.items():
        try:
            import_module(module)
            yield Finding(package, State.FINE, version(package))
        except PackageNotFoundError:  # another package provides the module
            yield Finding(package, State.FINE, "installed")
        except (
            ImportError,
            OSError,
            RuntimeError,
            AttributeError,
        ) as error:  # or one that does not fit the others
            remedy = REMEDIES.get(module, f"pip install {package}")
            yield Finding(package, State.BROKEN, f"{error}".partition("\n")[0] or repr(error), remedy)


def _devices() -> Iterator[Finding]:
    import torch

    from mmtool.stages.shared.gpus import gpus

    cores = usable_cores()
    usable = "1 core" if cores == 1 else f"{cores} cores"
    yield Finding("CPU", State.FINE, f"{usable} usable, {platform.machine()}")
    found = gpus()
    for gpu in found:
        name = f"{gpu.name}, {gpu.memory / 2**30:.0f} GiB"
        if gpu.usable:
            yield Finding(f"GPU {gpu.number}", State.FINE, name)
        else:
            kernels = ", ".join(torch.cuda.get_arch_list()) or "none"
            capability = ".".join(map(str, gpu.capability))
            detail = f"{name}: torch has no kernels for compute capability {capability}, only {kernels}"
            remedy = "install a build of torch for this GPU; until then it is left out"
            yield Finding(f"GPU {gpu.number}", State.OPTIONAL, detail, remedy)
    if not found and torch.backends.mps.is_available():
        yield Finding("GPU", State.FINE, "of Apple (mps), for bert, clip and the text side of lxmert")
    elif not found:
        yield Finding(
            "GPU", State.OPTIONAL, "none that torch can use", "alignment by timing does not need one"
        )


def _weights() -> Iterator[Finding]:
    from mmtool.encoders.published_weights import published_weights

    for weights in published_weights():
        if weights.found:
            yield Finding(weights.encoder, State.FINE, f"weights {weights.name} found")
        else:
            detail = f"weights {weights.name} not found"
            yield Finding(weights.encoder, State.OPTIONAL, detail, "they are downloaded on first use")


def _disk(folder: Path) -> Finding:
    """The free space of a folder's disk, or, where the folder does not exist, of its parent's."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{free / 2**30:,.1f} GiB free at {existing}"
    if not os.access(existing, os.W_OK):
        return Finding("disk", State.BROKEN, f"{existing} is not writable", "choose another folder")
    if free < LITTLE_DISK:
        return Finding("disk", State.BROKEN, detail, "free some space, or choose a folder on another disk")
    return Finding("disk", State.FINE, detail)


def _ffmpeg() -> Finding:
    if found := shutil.which("ffmpeg"):
        return Finding("ffmpeg", State.FINE, found)
    if not missing_modules("cut"):
        return Finding("ffmpeg", State.FINE, "provided by the extra cut")
    remedy = "pip install 'mmtool[cut]'"
    detail = "not found; only export --format clips and webdataset need it"
    return Finding("ffmpeg", State.OPTIONAL, detail, remedy)


def _extras() -> Iterator[Finding]:
    for extra, (_, adds) in EXTRAS.items():
        missing = missing_modules(extra)
        if missing:
            detail = f"would add {adds}"
            yield Finding(f"extra {extra}", State.OPTIONAL, detail, f"pip install 'mmtool[{extra}]'")
        else:
            yield Finding(f"extra {extra}", State.FINE, adds)


def _plugins(complete: bool) -> Iterator[Finding]:
    """What other packages add, and what is wrong with plug-ins that cannot be used.

    Encoders and detectors are looked at only where the libraries are complete, as they import them.
    """
    tables: dict[str, Registry[Any]] = {
        "decoders": DECODERS,
        "export formats": EXPORT_FORMATS,
        "importers": IMPORTERS,
    }
    if complete:
        from mmtool.encoders.registry import ENCODERS
        from mmtool.video.detectors.registry import DETECTORS

        tables |= {"encoders": ENCODERS[Modality.VIDEO], "detectors": DETECTORS}
    for what, table in tables.items():
        added = [name for name in table.names() if name not in table.built_in]
        problems = table.problems()
        broken = {problem.partition(":")[0] for problem in problems}
        if usable := [name for name in added if name not in broken]:
            yield Finding(f"added {what}", State.FINE, ", ".join(usable))
        for problem in problems:
            detail, _, remedy = problem.rpartition("; ")
            yield Finding(f"added {what}", State.OPTIONAL, detail or remedy, remedy if detail else "")
