"""When an output is written, and when it is left as it is."""

from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.provenance import Recipe, State, state_of


def must_write(output: Path, recipe: Recipe, *, force: bool) -> bool:
    """Whether an output is missing, or was made from another input or with other settings.

    Raises InputError for a file that somebody else wrote or changed, unless it may be replaced.
    """
    state = state_of(output, recipe)
    if state is State.FOREIGN and not force:
        raise InputError(
            output, "was not made by segment, or was changed since", "keep it, or replace it with `force`"
        )
    return force or state is not State.CURRENT
