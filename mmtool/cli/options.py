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
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of words.")]
Force = Annotated[bool, typer.Option("--force", help="Redo work that is done, replacing it.")]


def film_time(text: str | float) -> float:
    """Seconds, or a timecode."""
    from mmtool.formats.cut_lists import seconds_of

    try:
        return text if isinstance(text, float) else seconds_of(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time; write 90, 1:30 or 0:01:30.0") from None


class _FilmTime(TypedDict):
    parser: Callable[[str], float]
    metavar: str


FilmTime = _FilmTime(parser=film_time, metavar="TIME")

# of cutting films
Incomplete = Annotated[
    bool,
    typer.Option("--incomplete", help="Cut files that end before their header says as far as they go."),
]

# of alignment from timing
PathChoice = Annotated[
    TimingPath,
    typer.Option(
        "--path", help="Of timing: the clips' labels of least expected risk, or the likeliest course."
    ),
]
TextStart = Annotated[
    float | None,
    typer.Option(help="Where the narration starts, in seconds.", show_default="found by the model"),
]
TextEnd = Annotated[
    float | None, typer.Option(help="Where the narration ends.", show_default="found by the model")
]

# of any alignment
MinConfidence = Annotated[
    float, typer.Option(help="Leave out matches that are less sure than this probability.")
]
Require = Annotated[
    float,
    typer.Option(
        help="Fail a video whose expected accuracy, the mean confidence of its clips, is below this."
    ),
]
