"""Options of the command line, made from settings classes: each is said once, in :mod:`mmtool.settings`."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass
from enum import StrEnum
from functools import wraps
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import typer

from mmtool.cli.completion import COMPLETIONS
from mmtool.cli.console import error_boundary
from mmtool.cli.options import film_time
from mmtool.errors import SettingError
from mmtool.settings.options import Setting, Settings, settings_of

LONGEST_CHOICES = 16  # characters; longer lists of choices stand in the help text, where lines can break


@dataclass(frozen=True, slots=True)
class Pick:
    """Marks a parameter as a part of a settings class: only these of its fields become options.

    Where the parameter may be None, it is, unless one of the picked options is given.
    """

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """Marks a parameter that receives only the options that were given, as a dictionary by field."""

    settings: type[Settings]


@dataclass(frozen=True, slots=True)
class _Group:
    """A parameter of a command that stands for the options of a settings class."""

    parameter: str
    cls: type[Settings]
    settings: dict[str, Setting]
    optional: bool
    as_given: bool


def takes_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Replace each parameter of a settings class by an option for each of its fields.

    The command is called with the settings made from the options. A field of one name in several groups
    is one option, whose value goes to all of them. What goes wrong, here or in the command, becomes one
    line and an exit code.
    """
    groups, others = _split(command)
    shared = {name: setting for group in groups for name, setting in group.settings.items()}
    flags = {name: setting.flag for name, setting in shared.items()}

    @wraps(command)
    def call(context: typer.Context, **values: Any) -> None:
        with error_boundary(flags):
            given = {name for name in shared if _is_given(context, name)}
            made = {group.parameter: _made(group, values, given) for group in groups}
            command(**made, **{name: values[name] for name in others})

    parameters = [
        inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
        *_parameters(command, groups, others),
    ]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del call.__wrapped__  # Typer would look behind the signature
    return call


def _split(command: Callable[..., None]) -> tuple[list[_Group], list[str]]:
    """The parameters that are settings, and the names of the others."""
    hints = get_type_hints(command, include_extras=True)
    groups, others = [], []
    for name in inspect.signature(command).parameters:
        group = _group_of(name, hints[name])
        if group is None:
            others.append(name)
        else:
            groups.append(group)
    return groups, others


def _group_of(parameter: str, hint: Any) -> _Group | None:
    bare, *metadata = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    for mark in metadata:
        if isinstance(mark, Given):
            return _Group(parameter, mark.settings, settings_of(mark.settings), False, as_given=True)
    options = get_args(bare) if get_origin(bare) in (UnionType, Union) else (bare,)
    cls = next((one for one in options if isinstance(one, type) and issubclass(one, Settings)), None)
    if cls is None:
        return None
    settings = settings_of(cls)
    for mark in metadata:
        if isinstance(mark, Pick):
            settings = {name: settings[name] for name in mark.names}
    return _Group(parameter, cls, settings, NoneType in options, as_given=False)


def _parameters(
    command: Callable[..., None], groups: list[_Group], others: list[str]
) -> Iterator[inspect.Parameter]:
    """The command's parameters in their order, those of settings replaced by their options."""
    by_name = {group.parameter: group for group in groups}
    signature, seen = inspect.signature(command), set[str]()
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in signature.parameters.items():
        if name in others:
            yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name])
            continue
        for setting in by_name[name].settings.values():
            if setting.name not in seen:
                seen.add(setting.name)
                yield _parameter(setting)


def _parameter(setting: Setting) -> inspect.Parameter:
    """A setting as a parameter that Typer understands."""
    option, kind = setting.option, setting.kind
    details: dict[str, Any] = {"help": option.help, "rich_help_panel": option.heading}
    default = None if setting.many or setting.default is MISSING else setting.default
    if option.default:
        details["show_default"] = option.default
    elif default in (None, ""):
        details["show_default"] = False
    if kind is bool:
        details["show_default"] = False
    if issubclass(kind, StrEnum) and len("|".join(kind)) > LONGEST_CHOICES:
        details["metavar"] = option.metavar or "NAME"
        details["help"] = f"{option.help} One of {', '.join(kind)}."
    elif option.metavar:
        details["metavar"] = option.metavar
    if option.is_time:
        details |= {"parser": film_time, "metavar": option.metavar or "TIME"}
    if option.completion:
        details["autocompletion"] = COMPLETIONS[option.completion]
    annotation: Any = list[kind] if setting.many else kind  # type: ignore[valid-type]
    if setting.many and kind is int:
        annotation = str  # numbers separated by commas
    if default is None and setting.default is not MISSING:
        annotation = annotation | None
    return inspect.Parameter(
        setting.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if setting.default is MISSING else default,
        annotation=Annotated[annotation, _typer_parameter(setting, details)],
    )


def _typer_parameter(setting: Setting, details: dict[str, Any]) -> Any:
    """What Typer calls an argument or an option."""
    if setting.option.argument:
        del details["rich_help_panel"]  # arguments have a heading of their own
        return typer.Argument(**{"metavar": setting.flag} | details)
    short = [f"-{setting.option.short}"] if setting.option.short else []
    return typer.Option(setting.flag, *short, **details)


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _made(group: _Group, values: Mapping[str, Any], given: set[str]) -> Settings | dict[str, Any] | None:
    """The settings of a group, from the options that were given."""
    chosen = {
        name: _plain(setting, values[name]) for name, setting in group.settings.items() if name in given
    }
    if group.as_given:
        return chosen
    if group.optional and not chosen:
        return None
    return group.cls(**chosen)


def _plain(setting: Setting, value: Any) -> Any:
    """The value of an option as the field takes it."""
    if setting.many and setting.kind is int:
        try:
            return tuple(int(number) for number in value.split(","))
        except ValueError:
            raise SettingError(
                setting.name, f"must be whole numbers separated by commas, not {value!r}"
            ) from None
    return tuple(value) if isinstance(value, list) else value
