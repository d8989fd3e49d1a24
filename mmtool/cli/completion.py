"""What the shell completes: names that a corpus has, and names of a registry."""

from collections.abc import Callable
from pathlib import Path

import typer


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


def _complete_detectors(context: typer.Context, incomplete: str) -> list[str]:  # noqa: ARG001
    from mmtool.video.detectors.registry import DETECTORS

    return [name for name in DETECTORS.names() if name.startswith(incomplete)]


COMPLETIONS: dict[str, Callable[[typer.Context, str], list[str]]] = {
    "runs": _complete_runs,
    "features": _complete_features,
    "detectors": _complete_detectors,
}
