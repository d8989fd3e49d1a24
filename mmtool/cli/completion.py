"""What the shell completes: names in a corpus, and encoders."""

from collections.abc import Callable
from pathlib import Path

import typer

from mmtool.choices import Modality


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


def _complete_encoders(modality: Modality) -> Callable[[typer.Context, str], list[str]]:
    def complete(_: typer.Context, incomplete: str) -> list[str]:
        from mmtool.encoders.registry import encoder_names  # plug-ins included

        return [name for name in encoder_names(modality) if name.startswith(incomplete)]

    return complete


COMPLETIONS: dict[str, Callable[[typer.Context, str], list[str]]] = {
    "runs": _complete_runs,
    "features": _complete_features,
    "video encoders": _complete_encoders(Modality.VIDEO),
    "text encoders": _complete_encoders(Modality.TEXT),
}
