"""A corpus folder or one of its files → whether each file is intact."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from mmtool.errors import CallError, InputError
from mmtool.formats.alignments import read_alignment
from mmtool.formats.annotations import read_annotations
from mmtool.formats.calibrations import read_calibrations
from mmtool.formats.checkpoints import is_of_matcher, read_checkpoint
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.features import open_features
from mmtool.formats.matcher_checkpoints import read_matcher_checkpoint
from mmtool.formats.metrics import first_damaged_line
from mmtool.formats.pins import read_pins
from mmtool.formats.runs import read_run
from mmtool.formats.score_weights import read_score_weights
from mmtool.formats.scores import is_of_scores, read_scores
from mmtool.formats.snippets import read_snippets
from mmtool.formats.timing_parameters import read_timing
from mmtool.records import Failure, Progress, Report, silent
from mmtool.stages.shared.matcher_runs import load_matcher
from mmtool.transcripts import TRANSCRIPT_SUFFIXES
from mmtool.transcripts.readers import read_transcript


@dataclass(slots=True, kw_only=True)
class VerifyReport(Report):
    """The files that are intact (``done``) and those that are not (``failures``)."""

    stage: ClassVar[str] = "verify"


def verify(path: Path | str, *, progress: Progress = silent) -> VerifyReport:
    """Read every file of a corpus, or one of its files, to the end, and compare checksums.

    Features and checkpoints carry checksums, so that a single flipped bit is found; in the other files, which
    are text, it is found if it makes the file invalid. Features of early versions have none: a note says so.

    Args:
        path: The corpus folder, or a file in it.
        progress: Hears how many files were read.

    Returns:
        A report with a failure for each damaged file.

    Raises:
        CallError: There is no such file, or it is not one that can be verified.
    """
    path, report = Path(path), VerifyReport()
    if not path.exists():
        raise CallError(f"{path}: no such file or folder; give a corpus folder or a file in it")
    files = list(_files(path))
    if not files:
        raise CallError(f"{path}: contains no file that can be verified")
    for number, file in enumerate(files, start=1):
        try:
            note = _READERS[_kind(file)](file)
        except InputError as error:
            report.failures.append(Failure(file.stem, str(error)))
        else:
            report.done.append(str(file))
            report.notes += [note] if note else []
        progress("verifying", number, len(files), "files")
    return report


def _files(path: Path) -> Iterator[Path]:
    """The file itself, or the corpus's files that can be verified."""
    if path.is_file():
        if _kind(path) not in _READERS:
            raise CallError(f"{path}: is not one of mmtool's files that can be verified")
        yield path
        return
    root = Corpus.open(path).root
    patterns = (
        "clips/*",
        "snippets/*",
        "annotations/*",
        "features/*",
        "runs/*/*",
        "alignments/*/*.json",
        "scores/*/*",
        "transcripts/*",
        "pins/*",
    )
    for pattern in patterns:
        for file in sorted(root.glob(pattern)):
            if file.is_file() and not file.name.startswith(".") and _kind(file) in _READERS:
                yield file


def _kind(path: Path) -> str:
    """The name of a run's files, the folder of text files, otherwise the suffix."""
    if path.name in ("calibration.json", "config.json", "timing.json", "metrics.jsonl", "weights.json"):
        return path.name
    if path.name == "metrics.json":
        return ""  # it is written again by each evaluation
    folder = path.parent.name
    if path.suffix == ".csv" and folder in ("clips", "snippets"):
        return folder
    if folder == "pins" and path.suffix == ".tsv":
        return folder
    if folder == "transcripts":
        return folder if path.suffix.lower() in TRANSCRIPT_SUFFIXES else ""
    return path.suffix


def _features(path: Path) -> str:
    if is_of_scores(path):
        read_scores(path)
        return ""
    with open_features(path) as file:
        ids = file.ids()
        for id in ids:
            file.read(id)
            file.verify_regions(id)
        unprotected = sum(not file.has_checksum(id) for id in ids)
    return f"{path}: {unprotected} of {len(ids)} ids have no checksum" if unprotected else ""


def _history(path: Path) -> str:
    line = first_damaged_line(path)
    if line is not None:
        raise InputError(path, f"line {line} is damaged", "train the run again to repair it")
    return ""


def _calibrations(path: Path) -> str:
    read_calibrations(path.parent)
    return ""


def _readable(read: Callable[[Path], object]) -> Callable[[Path], str]:
    """A check of a file that is intact if it can be read."""

    def check(path: Path) -> str:
        read(path)
        return ""

    return check


def _checkpoint(path: Path) -> str:
    if is_of_matcher(path):
        load_matcher(read_matcher_checkpoint(path), path)
    else:
        read_checkpoint(path)
    return ""


_READERS: dict[str, Callable[[Path], str]] = {
    ".h5": _features,
    ".pt": _checkpoint,
    ".json": _readable(read_alignment),
    "calibration.json": _calibrations,
    "config.json": _readable(read_run),
    "timing.json": _readable(read_timing),
    "metrics.jsonl": _history,
    "weights.json": _readable(read_score_weights),
    "clips": _readable(read_clips),
    "snippets": _readable(read_snippets),
    "transcripts": _readable(read_transcript),
    "pins": _readable(read_pins),
    ".tsv": _readable(read_annotations),
}
