"""Parameters whose values Typer need not check, so that a short call does not wait for what it checks with.

It asks pydantic about each one, given or not: a quarter of the time that `mmtool segment` takes for a film
of a second.
"""

from collections.abc import Callable
from inspect import Parameter, signature
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

from typer.core import TyperCommand

OF_NO_FUNCTION = Parameter("help", Parameter.KEYWORD_ONLY, default=None)  # and the like
REQUIRED = (Parameter.empty, ...)


class Command(TyperCommand):
    """A command whose parameters are :func:`unchecked`."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return its options and arguments."""
        return unchecked(super().get_params(ctx), self.callback)


def unchecked(params: list[Any], function: Callable[..., Any] | None) -> list[Any]:
    """Let parameters that are not given have the function's defaults; take paths and texts as they are."""
    defaults = signature(function).parameters if function else {}
    kinds = get_type_hints(function) if function else {}
    for param in params:
        if "process_value" not in vars(param):
            kind = kinds.get(param.name)
            either = get_args(kind) if isinstance(kind, UnionType) else (kind,)
            plain = [simple for simple in (Path, str) if simple in either]
            default = defaults.get(param.name, OF_NO_FUNCTION).default
            param.process_value = _processor(param, default, *plain)
    return params


def _processor(param: Any, default: object, *plain: type) -> Callable[[Any, Any], Any]:
    check = param.process_value

    def process_value(context: Any, value: Any) -> Any:
        source = context.get_parameter_source(param.name).name
        if source == "DEFAULT" and default not in REQUIRED:
            return default
        if source == "COMMANDLINE" and plain:
            return plain[0](value)
        return check(context, value)

    return process_value
