"""What a setting says about itself: help, bounds, and the heading under which help lists it.

A field of a settings class is the only place where its default, bounds, choices and help stand. The
command line, the checks and the reference page are made from it::

    beam_width: Annotated[int, Option("Beam width.", at_least=1, heading="Decoding")] = 8
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, MISSING, Field, dataclass, fields
from difflib import get_close_matches
from enum import StrEnum
from math import isfinite
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Self, Union, get_args, get_origin, get_type_hints

from mmtool.errors import SettingError


@dataclass(frozen=True, slots=True)
class Option:
    """What people need to know about a setting; metadata of a field of a settings class."""

    help: str
    _: KW_ONLY
    heading: str = "Options"
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None
    default: str = ""  # what help shows as the default where the value itself does not explain it
    metavar: str = ""
    flag: str = ""  # the option's name without dashes, where it is not the field's
    short: str = ""  # one letter
    is_time: bool = False  # a time of the film: the command line also takes timecodes
    completion: str = ""  # what the shell completes, a key of mmtool.cli.completion.COMPLETIONS
    argument: bool = False  # whether the command line takes it by position


@dataclass(frozen=True, slots=True)
class Setting:
    """A field of a settings class, as the command line and the checks see it.

    ``kind`` is the bare type: ``str``, ``int``, ``float``, ``bool``, ``Path`` or an enumeration. ``many``
    says that the field is a tuple of them, ``optional`` that it may be None.
    """

    name: str
    kind: type
    many: bool
    optional: bool
    default: object
    option: Option

    @property
    def flag(self) -> str:
        """The option of the command line, or what it calls the argument."""
        if self.option.argument:
            return self.option.metavar or self.name.upper()
        return f"--{self.option.flag or self.name.replace('_', '-')}"

    def converted(self, value: object) -> object:
        """The value in its own type; raises SettingError for one that is not, or is out of bounds."""
        if value is None and self.optional:
            return None
        if self.many:
            items = value if isinstance(value, list | tuple) else (value,)
            return tuple(self._converted(item) for item in items)
        return self._converted(value)

    def _converted(self, value: object) -> object:
        kind = self.kind
        if issubclass(kind, StrEnum):
            try:
                return kind(str(value))
            except ValueError:
                raise SettingError(self.name, f"must be one of {', '.join(kind)}, not {value!r}") from None
        if kind is Path and isinstance(value, str | Path):
            return Path(value)
        if kind is float and isinstance(value, Real) and not isinstance(value, bool):
            self._check_bounds(float(value))
            return float(value)
        if kind is int and isinstance(value, Integral) and not isinstance(value, bool):
            self._check_bounds(int(value))
            return int(value)
        if kind in (str, bool) and isinstance(value, kind):
            return str(value) if kind is str else value
        raise SettingError(self.name, f"must be {_NAMES[kind]}, not {value!r}")

    def _check_bounds(self, value: float) -> None:
        option = self.option
        bounds = (
            (isfinite(value), "a finite number", None),
            (option.at_least is None or value >= option.at_least, "at least", option.at_least),
            (option.above is None or value > option.above, "above", option.above),
            (option.at_most is None or value <= option.at_most, "at most", option.at_most),
            (option.below is None or value < option.below, "below", option.below),
        )
        for holds, wanted, bound in bounds:
            if not holds:
                limit = "" if bound is None else f" {bound:g}"
                raise SettingError(self.name, f"must be {wanted}{limit}, not {value:g}")


_NAMES = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Path: "a path",
}


class Settings:
    """Base of the settings classes, which are frozen, keyword-only dataclasses.

    Values are converted (strings to enumerations and paths) and checked against their bounds;
    :meth:`check` is for the rules between fields.
    """

    __slots__ = ("_given",)
    _given: frozenset[str]

    def __new__(cls, **values: object) -> Self:
        self = super().__new__(cls)
        object.__setattr__(self, "_given", frozenset(values))  # the classes are frozen
        return self

    @property
    def given(self) -> dict[str, object]:
        """The settings that were given when the object was made, those at their defaults included."""
        return {name: getattr(self, name) for name in settings_of(type(self)) if name in self._given}

    def __post_init__(self) -> None:
        for name, setting in settings_of(type(self)).items():
            object.__setattr__(self, name, setting.converted(getattr(self, name)))
        self.check()

    def check(self) -> None:
        """Raise CallError where settings contradict each other."""

    @classmethod
    def chosen(cls, settings: Self | None, options: Mapping[str, object]) -> Self:
        """The settings that a stage was given: an object, keywords, or neither.

        Raises SettingError for a keyword that is not a setting, for an object together with keywords, and
        where a setting without a default is missing.
        """
        if settings is not None and options:
            raise SettingError(next(iter(options)), "cannot be given together with a settings object")
        if settings is not None:
            return settings
        known = {field.name: field for field in fields(cls)}  # type: ignore[arg-type]
        for name in options:
            if name not in known:
                raise unknown_setting(name, known)
        for name, field in known.items():
            if name not in options and _default_of(field) is MISSING:
                raise SettingError(name, "is needed")
        return cls(**options)


def unknown_setting(name: str, known: Iterable[str]) -> SettingError:
    """The error for a keyword that is not a setting, with the name that was probably meant."""
    close = get_close_matches(name, known, 1)
    return SettingError(name, "is not a setting" + (f"; did you mean {close[0]}?" if close else ""))


_KNOWN: dict[type, dict[str, Setting]] = {}


def settings_of(cls: type[Settings]) -> dict[str, Setting]:
    """The fields of a settings class that carry an :class:`Option`, by name and in order."""
    if cls not in _KNOWN:
        _KNOWN[cls] = dict(_read_fields(cls))
    return _KNOWN[cls]


def _read_fields(cls: type[Settings]) -> Iterator[tuple[str, Setting]]:
    hints = get_type_hints(cls, include_extras=True)
    for field in fields(cls):  # type: ignore[arg-type]
        hint = hints[field.name]
        if get_origin(hint) is Annotated:
            bare, *metadata = get_args(hint)
            option = next((item for item in metadata if isinstance(item, Option)), None)
            if option is not None:
                yield field.name, Setting(field.name, *_kind_of(bare), _default_of(field), option)


def _kind_of(hint: Any) -> tuple[type, bool, bool]:
    """The bare type, whether there are many, and whether None is allowed."""
    if get_origin(hint) in (UnionType, Union):
        inner = [part for part in get_args(hint) if part is not NoneType]
        kind, many, _ = _kind_of(inner[0])
        return kind, many, True
    if get_origin(hint) is tuple:
        return get_args(hint)[0], True, False
    return hint, False, False


def _default_of(field: "Field[Any]") -> object:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default  # MISSING where it is required
