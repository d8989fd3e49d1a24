"""``mmtool info``."""

from pathlib import Path
from typing import Annotated

import typer

from mmtool.cli.console import error_boundary, print_json, show_facts
from mmtool.cli.options import Json


def info(
    file: Annotated[Path, typer.Argument(help="A corpus folder, or any file below it.")],
    as_json: Json = False,
) -> None:
    """Say what a file is, in words.

    Reads a corpus folder, features, a checkpoint, a run's config, clips, snippets, annotations, an
    alignment or metrics; writes nothing.

    Example: mmtool info my-corpus/features/bert.h5
    """
    with error_boundary():
        from mmtool.stages.info import info as describe

        facts = describe(file)
        if as_json:
            print_json(facts)
        else:
            show_facts(facts)
