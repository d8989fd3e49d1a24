"""``mmtool import …``: other people's corpora and checkpoints; one command for each importer."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from mmtool.cli.console import error_boundary, finish, progress_bars
from mmtool.cli.from_settings import Pick, takes_settings
from mmtool.cli.lazy import Command, Group
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.errors import SettingError
from mmtool.importers.contract import Importer
from mmtool.importers.table import IMPORTERS
from mmtool.settings.imports import (
    ImportCheckpointSettings,
    ImportCorrectionsSettings,
    ImportFeaturesSettings,
    ImportSettings,
)
from mmtool.settings.options import Settings


class _WithPlugins(Group):
    """The built-in importers, then those of other packages, which are loaded only when they are looked at."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return [*self.commands, *(name for name in IMPORTERS.names() if name not in self.commands)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in self.commands or cmd_name not in IMPORTERS.names():
            return super().get_command(ctx, cmd_name)
        parent = typer.Typer(rich_markup_mode="markdown", callback=lambda: None)
        parent.command(cmd_name, cls=Command)(_command_of(cmd_name))
        group: Any = typer.main.get_command(parent)
        return group.commands[cmd_name]


app = typer.Typer(
    cls=_WithPlugins,
    help="Import a corpus, a checkpoint or features of another program, or a corrected export.",
    epilog="Example: mmtool import yms downloads/yms my-corpus",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.callback()
def _group() -> None:
    pass


def _command_of(name: str) -> Callable[..., None]:
    """The command of an importer; that of a broken plug-in says what is wrong with it."""
    try:
        importer = IMPORTERS.load(name)
    except SettingError as error:
        return _broken_command(error)
    return _import_command(name, importer)


def _import_command(name: str, importer: Importer) -> Callable[..., None]:
    def command(
        settings: Annotated[ImportSettings, Pick(("source", "force"))],
        own: Settings,
        corpus: Annotated[Path, typer.Argument(help="The corpus folder to write.", metavar="CORPUS")],
        as_json: Json = False,
    ) -> None:
        from mmtool.stages.imports import import_corpus

        settings = replace(settings, importer=name, options=own)
        with progress_bars(quiet=as_json) as bars:
            report = import_corpus(corpus, settings, progress=bars)
        finish(report, as_json=as_json)

    command.__doc__ = importer.help
    command.__annotations__["own"] = importer.settings
    return takes_settings(command)


def _broken_command(error: SettingError) -> Callable[..., None]:
    def command() -> None:
        with error_boundary():
            raise error

    command.__doc__ = f"Not available: {error.problem}"
    return command


for _name in IMPORTERS.built_in:
    app.command(_name)(_command_of(_name))


def _correction_command(name: str, kind: str) -> Callable[..., None]:
    def command(
        settings: ImportCorrectionsSettings, corpus: CorpusArgument = HERE, as_json: Json = False
    ) -> None:
        from mmtool.stages.imports import import_corrections

        with progress_bars(quiet=as_json) as bars:
            report = import_corrections(corpus, settings, progress=bars)
        finish(report, as_json=as_json)

    command.__doc__ = f"""Import corrected {kind} as pins or annotations of a video.

    Reads FILE, an export whose times somebody has corrected. Each text is found among the snippets of the
    video; what is not found is reported with the nearest snippet, and the command exits with code 1.
    Writes pins/ID.tsv, which the next `mmtool align` keeps, or annotations/ID.tsv.

    Example: mmtool import {name} film.{name} my-corpus --as pins
    """
    return takes_settings(command)


for _name, _kind in {
    "srt": "SubRip subtitles",
    "vtt": "WebVTT subtitles",
    "csv": "tables",
    "eaf": "ELAN annotations",
}.items():
    app.command(_name)(_correction_command(_name, _kind))


@app.command("checkpoint")
@takes_settings
def checkpoint(
    settings: ImportCheckpointSettings, corpus: CorpusArgument = HERE, as_json: Json = False
) -> None:
    """Import a network that the authors' program trained, ready to align.

    Reads FILE, whose names and shapes show the variant: projected or full inputs; SBN, 2×LN, 4×LN or
    none. FILE holds no projection and no normalisation: they are taken from features/NAME.rp.h5, or,
    for full inputs, fitted on features/NAME.h5 and splits/train.txt. Writes runs/RUN.

    Example: mmtool import checkpoint best.pth my-corpus --run published
    """
    from mmtool.stages.imports import import_checkpoint

    with progress_bars(quiet=as_json) as bars:
        report = import_checkpoint(corpus, settings, progress=bars)
    finish(report, as_json=as_json)


@app.command("features")
@takes_settings
def features(
    settings: ImportFeaturesSettings,
    corpus: Annotated[Path, typer.Argument(help="The corpus folder.", metavar="CORPUS")],
    as_json: Json = False,
) -> None:
    """Import features that another program computed.

    Reads arrays of one film a file, called ID.npy, or of many, by their ids. Rows belong to clips or
    snippets in order; rows with a column of times, or at the rate `--fps`, are averaged over each clip.
    Dictionaries in npy files are read without executing anything. Writes features/NAME.h5.

    Example: mmtool import features clip/*.npy my-corpus --name clip --modality video --fps 2
    """
    from mmtool.stages.imports import import_features

    with progress_bars(quiet=as_json) as bars:
        report = import_features(corpus, settings, progress=bars)
    finish(report, as_json=as_json)
