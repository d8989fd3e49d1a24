"""Arguments that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypedDict

import typer

from mmtool.choices import TimingPath

CorpusArgument = Annotated[
    Path, typer.Argument(help="The corpus folder.", show_default="the current folder", metavar="CORPUS")
]
HERE = Path()
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Force = Annotated[bool, typer.Option("--force", help="Repeat finished work, and replace its results.")]


def film_time(text: str | float) -> float:
    """Parse seconds or a timecode; the parser of options that are times of a film."""
    from mmtool.formats.cut_lists import seconds_of

    try:
        return text if isinstance(text, float) else seconds_of(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time; write 90, 1:30 or 0:01:30.0") from None


class _FilmTime(TypedDict):
    parser: Callable[[str], float]
    metavar: str


FilmTime = _FilmTime(parser=film_time, metavar="TIME")

# Segmentation
Incomplete = Annotated[
    bool,
    typer.Option("--incomplete", help="Cut truncated files as far as they can be decoded."),
]

# Alignment by timing
PathChoice = Annotated[
    TimingPath,
    typer.Option(
        "--path",
        help="What timing returns: the labels of minimum expected risk, or the most probable path.",
    ),
]
TextStart = Annotated[
    float | None,
    typer.Option(help="Time at which the narration starts, in seconds.", show_default="estimated"),
]
TextEnd = Annotated[
    float | None, typer.Option(help="Time at which the narration ends, in seconds.", show_default="estimated")
]

# Any alignment
MinConfidence = Annotated[
    float, typer.Option(help="Leave out matches with a lower probability of being right.")
]
Require = Annotated[
    float,
    typer.Option(help="Fail videos with a lower expected accuracy (the mean confidence of their clips)."),
]
