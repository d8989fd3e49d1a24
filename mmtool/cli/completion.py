"""Names that the shell completes: those that exist in the corpus."""

from collections.abc import Callable, Iterable
from pathlib import Path

import typer


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


def _matching(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted({name for name in names if name.startswith(incomplete)})


COMPLETIONS: dict[str, Callable[[typer.Context, str], list[str]]] = {
    "runs": _complete_runs,
    "features": _complete_features,
}
