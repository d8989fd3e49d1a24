"""Arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

CorpusArgument = Annotated[
    Path, typer.Argument(help="The corpus folder.", show_default="the current folder", metavar="CORPUS")
]
HERE = Path()
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def film_time(text: str | float) -> float:
    """Parse seconds or a timecode; the parser of options that are times of a film."""
    from mmtool.formats.cut_lists import seconds_of

    try:
        return text if isinstance(text, float) else seconds_of(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time; write 90, 1:30 or 0:01:30.0") from None
