"""Arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from mmtool.choices import TimingPath

CorpusArgument = Annotated[
    Path, typer.Argument(help="The corpus folder.", show_default="the current folder", metavar="CORPUS")
]
HERE = Path()
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of words.")]
Force = Annotated[bool, typer.Option("--force", help="Redo work that is done, replacing it.")]

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
