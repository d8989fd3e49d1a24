"""An extension of griffe: documents the fields of settings classes with their own help and defaults."""

import re
from dataclasses import MISSING, is_dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any

import griffe

from mmtool.settings.options import Setting, Settings, settings_of

ROLE = re.compile(r":(?:class|func|meth|mod|data|attr):`~?([^`]+)`")  # Sphinx's, which Markdown lacks


class SettingsFields(griffe.Extension):
    """Adds an ``Attributes`` section to the docstring of each settings class; turns roles into code."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Look at one module, class, function or attribute."""
        if obj.docstring is not None:
            obj.docstring.value = ROLE.sub(r"`\1`", obj.docstring.value)

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Look at one class; others than settings stay as they are."""
        if not cls.name.endswith("Settings") or not cls.path.startswith("mmtool.settings."):
            return
        found = getattr(import_module(cls.module.path), cls.name)
        if not issubclass(found, Settings) or not is_dataclass(found):
            return
        lines = [_line(setting) for setting in settings_of(found).values()]
        text = cls.docstring.value if cls.docstring else ""
        cls.docstring = griffe.Docstring(text + "\n\nAttributes:\n" + "".join(lines), parent=cls)


def _line(setting: Setting) -> str:
    """A setting as an entry of the section: type, help, choices, bounds, default."""
    kind = setting.kind.__name__
    kind = f"tuple[{kind}, ...]" if setting.many else kind
    kind = f"{kind} | None" if setting.optional else kind
    parts = [setting.option.help]
    if issubclass(setting.kind, StrEnum) and "One of " not in setting.option.help:
        parts.append(f"One of {', '.join(f'`{choice}`' for choice in setting.kind)}.")
    if bounds := _bounds(setting):
        parts.append(f"Must be {bounds}.")
    parts.append(_default(setting))
    return f"    {setting.name} ({kind}): {' '.join(parts)}\n"


def _bounds(setting: Setting) -> str:
    option = setting.option
    bounds = {
        "at least": option.at_least,
        "above": option.above,
        "at most": option.at_most,
        "below": option.below,
    }
    return " and ".join(f"{words} {bound:g}" for words, bound in bounds.items() if bound is not None)


def _default(setting: Setting) -> str:
    if setting.default is MISSING:
        return "Required."
    value = str(setting.default) if isinstance(setting.default, StrEnum) else setting.default
    meaning = f" ({setting.option.default})" if setting.option.default else ""
    return f"Default: `{value!r}`{meaning}."
