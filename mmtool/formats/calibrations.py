"""``runs/<run>/calibration.json``: how the confidence of a network's checkpoints is calibrated."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmtool.errors import InputError
from mmtool.formats.atomic import write_text
from mmtool.formats.json_files import number, read_object, text

CALIBRATION = "calibration.json"
FORMAT = "mmtool-calibration"
VERSION = 1
WHAT = "a valid calibration"
REMEDY = "delete it, and calibrate the run again with `mmtool calibrate`"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointCalibration:
    """The calibration of one checkpoint, and what it was fitted to.

    ``data`` is a digest of the annotated videos. The measures are means over them, in 0..1 or None where they
    are undefined; ``uncalibrated_accuracy`` is what the network's own probabilities let expect without the
    calibration.
    """

    split: str
    videos: int
    data: str
    timing_weight: float
    temperature: float
    confidence_shift: float
    iou_shift: float
    video_accuracy: float | None
    text_iou: float | None
    uncalibrated_accuracy: float | None


def read_calibrations(run: Path) -> dict[str, CheckpointCalibration]:
    """The calibrations of a run's folder by the digest of their checkpoint; empty if there are none.

    Raises InputError for a damaged or foreign file.
    """
    path = calibration_path(run)
    try:
        content = read_object(path, WHAT, REMEDY)
    except FileNotFoundError:
        return {}
    try:
        if content["format"] != FORMAT:
            raise ValueError(content["format"])
        if content["version"] != VERSION:
            raise InputError(
                path, f"has calibration version {content['version']}, this program reads {VERSION}", REMEDY
            )
        return {str(digest): _read(entry) for digest, entry in content["checkpoints"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise InputError(path, f"is not {WHAT}", REMEDY) from error


def write_calibrations(run: Path, calibrations: Mapping[str, CheckpointCalibration]) -> None:
    """Write the calibrations of a run's folder."""
    checkpoints = {digest: asdict(calibration) for digest, calibration in calibrations.items()}
    content = {"format": FORMAT, "version": VERSION, "checkpoints": checkpoints}
    write_text(calibration_path(run), json.dumps(content, indent=1) + "\n")


def calibration_path(run: Path) -> Path:
    """The file of a run's folder."""
    return run / CALIBRATION


def _read(entry: Mapping[str, Any]) -> CheckpointCalibration:
    videos = entry["videos"]
    if type(videos) is not int or videos < 1:
        raise TypeError("a number of videos that is not one")
    if not number(entry["temperature"]) > 0:
        raise ValueError("a temperature that is not above 0")

    def measure(name: str) -> float | None:
        return None if entry[name] is None else number(entry[name])

    return CheckpointCalibration(
        split=text(entry["split"]),
        videos=videos,
        data=text(entry["data"]),
        timing_weight=number(entry["timing_weight"]),
        temperature=number(entry["temperature"]),
        confidence_shift=number(entry["confidence_shift"]),
        iou_shift=number(entry["iou_shift"]),
        video_accuracy=measure("video_accuracy"),
        text_iou=measure("text_iou"),
        uncalibrated_accuracy=measure("uncalibrated_accuracy"),
    )
