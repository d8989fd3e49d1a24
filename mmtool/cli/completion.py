"""What the shell completes: names that a corpus has, and names of a registry."""

from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name

import typer

from mmtool.choices import Modality
from mmtool.plugins import Registry


def _corpus_of(context: typer.Context) -> Path:
    return Path(context.params.get("corpus") or ".")


def _complete_runs(context: typer.Context, incomplete: str) -> list[str]:
    """Runs, and alignments without one."""
    root = _corpus_of(context)
    found = {path.name for folder in ("runs", "alignments") for path in (root / folder).glob("*/")}
    return sorted(name for name in found if name.startswith(incomplete))


def _complete_features(context: typer.Context, incomplete: str) -> list[str]:
    names = {path.stem for path in (_corpus_of(context) / "features").glob("*.h5")}
    return sorted(name for name in names if name.startswith(incomplete))


def _names_in(table: str) -> Callable[[str], list[str]]:
    """Complete the names of a registry, ``"module:attribute"``, which is loaded only then."""

    def complete(incomplete: str) -> list[str]:
        registry: Registry[object] = resolve_name(table)
        return [name for name in registry.names() if name.startswith(incomplete)]

    return complete


def _complete_encoders(modality: Modality) -> Callable[[str], list[str]]:
    def complete(incomplete: str) -> list[str]:
        from mmtool.encoders.registry import encoder_names  # plug-ins included

        return [name for name in encoder_names(modality) if name.startswith(incomplete)]

    return complete


COMPLETIONS: dict[str, Callable[..., list[str]]] = {
    "runs": _complete_runs,
    "video encoders": _complete_encoders(Modality.VIDEO),
    "text encoders": _complete_encoders(Modality.TEXT),
    "features": _complete_features,
    "decoders": _names_in("mmtool.decoders:DECODERS"),
    "detectors": _names_in("mmtool.video.detectors.registry:DETECTORS"),
    "export formats": _names_in("mmtool.exports.table:EXPORT_FORMATS"),
}
