"""Whether a run continues: its settings, data and first weights must be those that are asked for."""

from collections.abc import Container, Mapping
from pathlib import Path

from mmtool.errors import CallError
from mmtool.formats.runs import RunConfig, read_run, write_run

ANOTHER = "name another with `run`, or start it again with `force`"


def prepare_run(
    folder: Path, config: RunConfig, defaults: Mapping[str, object], free: Container[str]
) -> bool:
    """Whether there is a checkpoint to continue from; raises CallError for other settings or data.

    Args:
        folder: The run's folder, whose configuration is written if there is none.
        config: The configuration that is asked for.
        defaults: Settings that the run may lack, because it is older than they are.
        free: Settings that may change when a run continues.
    """
    path = folder / "config.json"
    if not path.exists():
        write_run(path, config)
        return False
    earlier = read_run(path)
    if earlier.imported is not None:
        raise CallError(
            f"{path}: this run was imported from {earlier.imported.file} and has no optimiser state to "
            f"continue with; {ANOTHER}"
        )
    if earlier.kind != config.kind:
        raise CallError(f"{path}: this run is of {earlier.kind.described}; {ANOTHER}")
    earlier_settings = {**defaults, **earlier.settings}
    for name, value in config.settings.items():
        if name not in free and earlier_settings[name] != value:
            raise CallError(f"{path}: this run has {name} {earlier_settings[name]}, not {value}; {ANOTHER}")
    if earlier.start != config.start:
        raise CallError(
            f"{path}: this run started from {_start_of(earlier)}, not from {_start_of(config)}; {ANOTHER}"
        )
    if earlier.data != config.data:
        raise CallError(
            f"{path}: this run was trained on other data (ids, features or annotations have changed); "
            f"{ANOTHER}"
        )
    return (folder / "last.pt").exists()


def _start_of(config: RunConfig) -> str:
    """The weights that a run started from, in words."""
    name = config.settings.get("init_from")
    return f"the weights of {name} ({config.start})" if config.start else "random weights"
