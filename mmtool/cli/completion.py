"""What the shell completes: names that exist in the corpus, and names in a registry."""

from collections.abc import Callable, Iterable
from pathlib import Path
from pkgutil import resolve_name

import typer

from mmtool.choices import Modality
from mmtool.plugins import Registry


def _corpus_of(context: typer.Context) -> Path:
    """The corpus that the line names so far, otherwise the current folder.

    The option that is being completed has no value yet, so click leaves the arguments of the command
    unassigned. The shell does not expand ``~``.
    """
    arguments = [param.name for param in context.command.params if param.param_type_name == "argument"]
    values = dict(zip(arguments, context.args, strict=False))
    return Path(values.get("corpus", ".")).expanduser()


def _complete_runs(context: typer.Context, incomplete: str) -> list[str]:
    """Complete trained runs, and the names of alignments without a run."""
    root = _corpus_of(context)
    folders = [path for parent in ("runs", "alignments") for path in (root / parent).glob("[!.]*")]
    return _matching((path.name for path in folders if path.is_dir()), incomplete)


def _complete_features(context: typer.Context, incomplete: str) -> list[str]:
    files = (_corpus_of(context) / "features").glob("[!.]*.h5")
    return _matching((path.stem for path in files), incomplete)


def _complete_scores(context: typer.Context, incomplete: str) -> list[str]:
    folders = (_corpus_of(context) / "scores").glob("[!.]*")
    return _matching((path.name for path in folders if path.is_dir()), incomplete)


def _matching(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted({name for name in names if name.startswith(incomplete)})


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
    "scores": _complete_scores,
    "decoders": _names_in("mmtool.decoders:DECODERS"),
    "detectors": _names_in("mmtool.video.detectors.registry:DETECTORS"),
    "export formats": _names_in("mmtool.exports.table:EXPORT_FORMATS"),
}
