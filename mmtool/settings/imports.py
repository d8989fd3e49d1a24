"""Settings of ``import``: what all importers share, and what each of the package's own offers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mmtool.choices import Action, Corrections, Ends, Modality
from mmtool.errors import SettingError
from mmtool.languages import is_language
from mmtool.settings.extract import FILE_NAME
from mmtool.settings.options import Option, Settings
from mmtool.settings.run_names import check_runs

INPUT, OUTPUT, MADE = "Input", "Output", "Cuts and ends"


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
class MadeFilmSettings(Settings):
    """How films are cut whose cuts are not published."""

    seed: Annotated[int, Option("Seed of what is drawn at random.", heading=MADE, at_least=0)] = 0
    clip_lengths: Annotated[
        Path | None,
        Option(
            "A file with lengths of clips to draw from, one in seconds a line.",
            heading=MADE,
            metavar="FILE",
            default="those of YouTube Movie Summaries",
        ),
    ] = None


EndsOption = Annotated[
    Ends,
    Option(
        "What follows the narration: constant seconds, or yms-like, drawn from the ends of the training "
        "videos of YouTube Movie Summaries.",
        heading=MADE,
    ),
]
OneLanguage = Annotated[
    str, Option("Language of the texts, an ISO 639-1 code.", heading=INPUT, metavar="CODE")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class MSymonSettings(MadeFilmSettings):
    """Which languages of M-SyMoN are read, and how films are made of them."""

    language: Annotated[
        tuple[str, ...],
        Option(
            "Import only this language, an ISO 639-1 code; repeat the option for several.",
            heading=INPUT,
            metavar="CODE",
            default="all",
        ),
    ] = ()
    ends: EndsOption = Ends.CONSTANT

    def check(self) -> None:
        for code in self.language:
            _check_language(code)


@dataclass(frozen=True, slots=True, kw_only=True)
class SymonSettings(MadeFilmSettings):
    """How films are made of the captions of SyMoN."""

    language: OneLanguage = "en"
    ends: EndsOption = Ends.CONSTANT

    def check(self) -> None:
        _check_language(self.language)


@dataclass(frozen=True, slots=True, kw_only=True)
class YouCook2Settings(MadeFilmSettings):
    """How films are made of the recipes of YouCook2."""

    language: OneLanguage = "en"

    def check(self) -> None:
        _check_language(self.language)


def _check_language(code: str) -> None:
    if not is_language(code):
        raise SettingError("language", f"must be an ISO 639-1 code such as en or pt, not {code!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCorrectionsSettings(Settings):
    """Which corrected export becomes the pins or annotations of which video."""

    file: Annotated[Path, Option("The corrected export: srt, vtt, csv or eaf.", argument=True)]
    corrections: Annotated[
        Corrections,
        Option(
            "What the times become: pins, which the next alignment keeps, or annotations, the truth that "
            "evaluate and train use.",
            heading=OUTPUT,
            flag="as",
        ),
    ] = Corrections.PINS
    video: Annotated[
        str, Option("Id of the video.", heading=INPUT, default="the file's name", metavar="ID")
    ] = ""
    force: Annotated[bool, Option("Replace earlier pins or annotations of the video.", heading=OUTPUT)] = (
        False
    )


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFeaturesSettings(Settings):
    """Which arrays of other programs become which features."""

    files: Annotated[
        tuple[Path, ...],
        Option(
            "Files of arrays, or folders of them: npy, npz, h5, pt, safetensors, csv.",
            argument=True,
            metavar="FILE",
        ),
    ]
    name: Annotated[str, Option("Name of the features.", heading=OUTPUT, metavar="NAME")]
    modality: Annotated[Modality, Option("Whether rows belong to clips or to snippets.", heading=INPUT)]
    fps: Annotated[
        float | None,
        Option(
            "Rows per second of the film, which are averaged over each clip.",
            heading=INPUT,
            above=0,
            default="a row for each clip, or a column of times",
        ),
    ] = None
    key: Annotated[
        str,
        Option(
            "Name of the array with the features, where there are several for one film.",
            heading=INPUT,
            default="the only one, or one called features, embeddings, …",
            metavar="NAME",
        ),
    ] = ""
    model: Annotated[
        str,
        Option(
            "Model that computed the features; those of one model can be compared across modalities.",
            heading=OUTPUT,
            default="the name of the features",
            metavar="NAME",
        ),
    ] = ""
    force: Annotated[bool, Option("Replace all earlier features of this name.", heading=OUTPUT)] = False

    def check(self) -> None:
        if not self.files:
            raise SettingError("files", "must name at least one file")
        if not FILE_NAME.fullmatch(self.name):
            raise SettingError("name", f"must be a file name without / or +, not {self.name!r}")
        if self.fps is not None and self.modality is Modality.TEXT:
            raise SettingError("fps", "has no effect with `modality=text`: snippets have no rate")
