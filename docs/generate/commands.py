"""The command reference, made from the commands themselves."""

import re
from collections.abc import Iterator
from typing import Any

import typer

from mmtool.cli.main import app

Pages = dict[str, str]  # Markdown by path below docs/

INTRODUCTION = """\
# Commands

Every command reads and writes files in one [corpus folder](../files/corpus.md), by default the current one.
These pages are generated from the program, so they say what `mmtool COMMAND --help` says.

"""
CONVENTIONS = """\
## What all commands share

`--help`
:   Shows what a command reads and writes, and all of its options.

`--json`
:   Prints one JSON object instead of text, for scripts.

`--force`
:   Redoes work that is already done. Without it, a command skips everything whose inputs and settings
    have not changed, and an interrupted command continues where it stopped.

Exit codes tell scripts what happened:

| code | meaning |
|---|---|
| 0 | Everything was done. |
| 1 | Some inputs failed. Each is named in one line with the remedy; the others are done. |
| 2 | The call as a whole is impossible, for example because an option has an impossible value. |
| 130 | You pressed Ctrl-C. |

Set `MMTOOL_DEBUG=1` to see a traceback where the program would print one line.
"""


def command_pages() -> Pages:
    """A page for each command, and one that lists them all."""
    root: Any = typer.main.get_command(app)
    pages = {"commands/index.md": _contents(root)}
    for word, command in _visible(root):
        pages[f"commands/{word}.md"] = f"# mmtool {word}\n\n" + "\n".join(_command(command, [word]))
    return pages


def _contents(root: Any) -> str:
    by_heading: dict[str, list[str]] = {}
    for word, command in _visible(root):
        row = f"| [`{word}`]({word}.md) | {_summary(command)} |"
        by_heading.setdefault(command.rich_help_panel or "Commands", []).append(row)
    tables = [f"## {heading}\n\n| | |\n|---|---|\n" + "\n".join(rows) for heading, rows in by_heading.items()]
    return INTRODUCTION + "\n\n".join(tables) + "\n\n" + CONVENTIONS


def _visible(group: Any) -> list[tuple[str, Any]]:
    return [(word, command) for word, command in group.commands.items() if not command.hidden]


def _summary(command: Any) -> str:
    """The first sentence of a command's help."""
    return " ".join((command.help or "").split("\n\n")[0].split()).replace("|", "\\|")


def _command(command: Any, words: list[str]) -> Iterator[str]:
    """A command's text, usage and options; of a group, those of its commands as well."""
    context = command.context_class(command, info_name=" ".join(["mmtool", *words]))
    yield _text(command.help or "")
    if command.epilog:
        yield _text(command.epilog)
    pieces = command.collect_usage_pieces(context)
    yield f"```text\n{' '.join([context.info_name, *pieces])}\n```\n"
    if hasattr(command, "commands"):
        for word, below in _visible(command):
            yield f"## {' '.join([*words, word])}\n"
            yield from _command(below, [*words, word])
        return
    level = "#" * (len(words) + 1)
    for heading, params in _by_heading(command, context).items():
        yield f"{level} {heading} {{ #{'-'.join([*words, *heading.lower().split()])} }}\n"
        for param in params:
            yield _definition(*param.get_help_record(context))


def _by_heading(command: Any, context: Any) -> dict[str, list[Any]]:
    """The parameters by the heading under which help lists them; those without one come last."""
    found: dict[str, list[Any]] = {"Arguments": []}
    for param in command.get_params(context):
        if getattr(param, "hidden", False) or param.name == "help":
            continue
        is_argument = param.param_type_name == "argument"
        heading = "Arguments" if is_argument else getattr(param, "rich_help_panel", None) or "Options"
        found.setdefault(heading, []).append(param)
    if "Options" in found:
        others = found.pop("Options")
        found["Other options" if len(found) > 1 else "Options"] = others
    return {heading: params for heading, params in found.items() if params}


def _definition(names: str, help: str) -> str:
    """An entry of a definition list from what help shows: names, and a text with ``[default: …]``.

    Some versions of Typer escape the bracket for rich.
    """
    text, details = re.fullmatch(r"(.*?)(?:(?:^|  )\\?\[(default: .*|required)\])?", help, re.DOTALL).groups()
    entry = f"`{names}`\n:   {escaped(text)}"
    if details == "required":
        return f"{entry} **Required.**\n"
    if details:
        default = details.removeprefix("default: ")
        in_words = re.fullmatch(r"\((.*)\)", default)  # help shows what is not a value in parentheses
        entry += f" Default: {escaped(in_words[1]) if in_words else f'`{default}`'}."
    return entry + "\n"


def escaped(text: str) -> str:
    """Text without what Markdown and HTML would take for their own; what is in backticks stays."""
    parts = re.split(r"(`[^`]*`)", text.replace("\\[", "["))
    return "".join(part if part[:1] == "`" else re.sub(r"([<>*_\[\]])", r"\\\1", part) for part in parts)


def _text(help: str) -> str:
    """Help as Markdown, with the examples as blocks of the console."""
    paragraphs = []
    for paragraph in help.strip().split("\n\n"):
        line = " ".join(paragraph.split())
        commands = [part.strip() for part in line.split("Example: ") if part.strip()]
        if line.startswith("Example: "):
            paragraphs.append("```console\n" + "".join(f"$ {command}\n" for command in commands) + "```")
        else:
            paragraphs.append(line)
    merged = "\n\n".join(paragraphs).replace("```\n\n```console\n", "")
    return merged + "\n"
