"""Commands that are imported when they are called, so that no command waits for the imports of another."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

Contents = Mapping[str, Mapping[str, str]]
"""Heading in help → command → where it is defined below ``mmtool.cli``, such as ``segment.segment``."""


def lazy_group(contents: Contents) -> type[TyperGroup]:
    """Return a class for ``typer.Typer(cls=…)`` with the commands of ``contents``, in the same order."""

    class LazyGroup(Group):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands: Any = _Commands(contents)

    return LazyGroup


class Command(TyperCommand):
    """A command whose help shows no type next to its flags."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return its options and arguments."""
        return _without_flag_types(super().get_params(ctx))


class Group(TyperGroup):
    """A group of commands whose help shows no type next to its flags."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return its options and arguments."""
        return _without_flag_types(super().get_params(ctx))


def _without_flag_types(params: list[Any]) -> list[Any]:
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


class _Commands(Mapping[str, Any]):
    """Click's commands by name, each imported when it is looked up."""

    def __init__(self, contents: Contents) -> None:
        self._targets = {
            name: (target, heading) for heading, names in contents.items() for name, target in names.items()
        }
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = _load(name, *self._targets[name])
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._targets)

    def __len__(self) -> int:
        return len(self._targets)


def _load(name: str, target: str, heading: str) -> Any:
    """Import a function or a :class:`typer.Typer` and return it as a command or group of click."""
    module, attribute = target.split(".")
    found = getattr(import_module(f"mmtool.cli.{module}"), attribute)
    parent = typer.Typer(rich_markup_mode="markdown", callback=lambda: None)
    if isinstance(found, typer.Typer):
        for command in found.registered_commands:
            command.cls = Command
        parent.add_typer(found, name=name, rich_help_panel=heading)
    else:
        parent.command(name, cls=Command, rich_help_panel=heading)(found)
    group: Any = typer.main.get_command(parent)
    return group.commands[name]
