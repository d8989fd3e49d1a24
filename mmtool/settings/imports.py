"""Settings of ``import``: what all importers share, and what each of the package's own offers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mmtool.choices import Action
from mmtool.settings.options import Option, Settings
from mmtool.settings.run_names import check_runs

INPUT, OUTPUT = "Input", "Output"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSettings(Settings):
    """Which importer reads which files.

    ``importer`` is a name of the table of importers; ``options`` are the importer's own settings (None:
    its defaults).
    """

    source: Annotated[Path, Option("The file or folder to import.", argument=True)]
    importer: str = ""
    options: Settings | None = None
    force: Annotated[
        bool, Option("Import into a corpus that already has clips or snippets.", heading=OUTPUT)
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSettings(Settings):
    """The settings of an importer that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YmsSettings(Settings):
    """How YouTube Movie Summaries are read."""

    keep_unmatched: Annotated[
        bool,
        Option("Keep phrases that match no clip as snippets; the paper leaves them out.", heading=INPUT),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCheckpointSettings(Settings):
    """Which checkpoint becomes which run, and which features of the corpus it reads."""

    file: Annotated[Path, Option("The authors' checkpoint.", argument=True)]
    run: Annotated[str, Option("Name of the run, a folder below runs/.", heading=OUTPUT, metavar="RUN")]
    video: Annotated[
        str,
        Option(
            "Video features that the network reads.",
            heading=INPUT,
            metavar="NAME",
            default="the only ones",
            completion="features",
        ),
    ] = ""
    text: Annotated[
        str,
        Option(
            "Text features that the network reads.",
            heading=INPUT,
            metavar="NAME",
            default="the only ones",
            completion="features",
        ),
    ] = ""
    actions: Annotated[
        tuple[Action, ...],
        Option(
            "Actions of the classes, in order; repeat the option.",
            heading=INPUT,
            flag="action",
            metavar="ACTION",
            default="for three classes: pop-video, pop-text, match-retain-text",
        ),
    ] = ()
    force: Annotated[bool, Option("Replace an existing run.", heading=OUTPUT)] = False

    def check(self) -> None:
        check_runs(self.run)
