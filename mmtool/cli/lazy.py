"""Commands that are loaded when they are called, so that none waits for the others."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

Contents = Mapping[str, Mapping[str, str]]
"""By the headings of help: a command's word, and what it is, as in ``segment.segment`` below mmtool.cli."""


def lazy_group(contents: Contents) -> type[TyperGroup]:
    """A class for ``typer.Typer(cls=…)`` whose commands are those of ``contents``, in their order."""

    class Group(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands: Any = _Commands(contents)

        def get_params(self, ctx: Any) -> list[Any]:
            return _without_flag_types(super().get_params(ctx))

    return Group


class Command(TyperCommand):
    """A command whose help shows no type beside flags."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return its options and arguments."""
        return _without_flag_types(super().get_params(ctx))


def _without_flag_types(params: list[Any]) -> list[Any]:
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


class _Commands(Mapping[str, Any]):
    """Click's commands by their words."""

    def __init__(self, contents: Contents) -> None:
        self._places = {
            word: (target, heading) for heading, words in contents.items() for word, target in words.items()
        }
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, word: str) -> Any:
        if word not in self._loaded:
            self._loaded[word] = _load(word, *self._places[word])
        return self._loaded[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _load(word: str, target: str, heading: str) -> Any:
    module, name = target.split(".")
    found = getattr(import_module(f"mmtool.cli.{module}"), name)
    around = typer.Typer(rich_markup_mode="markdown", callback=lambda: None)
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=word, rich_help_panel=heading)
    else:
        around.command(word, cls=Command, rich_help_panel=heading)(found)
    group: Any = typer.main.get_command(around)
    return group.commands[word]
