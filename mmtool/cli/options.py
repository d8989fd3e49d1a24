"""Arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

CorpusArgument = Annotated[
    Path, typer.Argument(help="The corpus folder.", show_default="the current folder", metavar="CORPUS")
]
HERE = Path()
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of words.")]
Force = Annotated[bool, typer.Option("--force", help="Redo work that is done, replacing it.")]
