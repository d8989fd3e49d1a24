"""Settings of ``export alignments`` and ``export checkpoint``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mmtool.choices import CheckpointChoice, Cut, Split, Unplaced
from mmtool.settings.options import Option, Settings
from mmtool.settings.run_names import check_runs

INPUT, OUTPUT = "Input", "Output"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSettings(Settings):
    """Which alignments are written in which format, and where."""

    run: Annotated[
        str,
        Option(
            "The run whose alignments are exported, or semi-markov for alignments without a run.",
            heading=INPUT,
            metavar="RUN",
            default="the only one",
            completion="runs",
        ),
    ] = ""
    split: Annotated[
        Split | None, Option("Export only this split.", heading=INPUT, default="all aligned videos")
    ] = None
    format: Annotated[
        str,
        Option(
            "Subtitles (srt, vtt, ass), tables (csv, jsonl), an editor's timeline (otio, edl, fcpxml, "
            "fcp7), ELAN annotations (eaf), the film cut into clips with their texts (clips, webdataset), or "
            "a format that an installed package adds.",
            heading=OUTPUT,
            metavar="FORMAT",
            completion="export formats",
        ),
    ]
    folder: Annotated[
        Path | None,
        Option(
            "Folder for the exported files.",
            heading=OUTPUT,
            flag="output",
            short="o",
            metavar="DIR",
            default="exports/RUN",
        ),
    ] = None
    unplaced: Annotated[
        Unplaced,
        Option(
            "What happens to snippets that match no clip: leave them out (tables list them without times), "
            "or keep them, in the time between their neighbours.",
            heading=OUTPUT,
        ),
    ] = Unplaced.LEAVE_OUT
    raw_csv: Annotated[
        bool,
        Option(
            "Write texts to CSV as they are; otherwise a text that a spreadsheet would take for a formula "
            "gets an apostrophe in front.",
            heading=OUTPUT,
        ),
    ] = False
    cut: Annotated[
        Cut,
        Option(
            "How clips are cut out of the film: encode them again, exact to the frame, or copy them, which "
            "is fast but starts at the key frame before.",
            heading=OUTPUT,
        ),
    ] = Cut.ENCODE

    def check(self) -> None:
        check_runs(self.run)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportCheckpointSettings(Settings):
    """Which checkpoint is written to which file."""

    run: Annotated[str, Option("The run to export.", heading=INPUT, metavar="RUN", completion="runs")]
    checkpoint: Annotated[
        CheckpointChoice,
        Option(
            "Checkpoint of the run; auto selects the best one if the run stopped early, otherwise the last.",
            heading=INPUT,
        ),
    ] = CheckpointChoice.AUTO
    file: Annotated[
        Path, Option("The file to write.", heading=OUTPUT, flag="output", short="o", metavar="FILE")
    ]
    force: Annotated[bool, Option("Replace an existing file.", heading=OUTPUT)] = False

    def check(self) -> None:
        check_runs(self.run)
