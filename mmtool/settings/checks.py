"""A check of a setting."""

from mmtool.errors import CallError


def require(condition: bool, option: str, wanted: str, got: object) -> None:
    """Raise CallError, naming the option, unless the condition holds."""
    if not condition:
        raise CallError(f"--{option} must be {wanted}, not {got}")
