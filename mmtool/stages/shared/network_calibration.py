"""The checkpoints of a run and annotated videos → how the network's confidence is calibrated."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from numpy.typing import NDArray

from mmtool.alignment.network.actions import ActionSet
from mmtool.alignment.network.batch import Sequences
from mmtool.alignment.network.calibration import UNMATCHED, LabelledVideo, LogitCalibration, fit_calibration
from mmtool.alignment.network.greedy import Decoded, decode_greedily
from mmtool.alignment.network.posterior import pair_logits
from mmtool.arrays import Floats32
from mmtool.errors import InputError
from mmtool.evaluation.measures import correct_seconds, score
from mmtool.evaluation.overlaps import durations
from mmtool.formats.calibrations import CheckpointCalibration, read_calibrations, write_calibrations
from mmtool.formats.checkpoints import Checkpoint, checkpoint_digest, read_checkpoint
from mmtool.formats.digests import digest_json
from mmtool.records import Interval
from mmtool.stages.shared.network_timing import VideoTiming, pad_timing
from mmtool.stages.shared.trained_network import load_network, settings_of_run

BATCH = 16  # videos decoded together
CHECKPOINTS = ("best.pt", "last.pt")


@dataclass(frozen=True, slots=True)
class CalibrationVideo:
    """One annotated video: what the network reads of its clips (N, D) and snippets (M, D), and the truth."""

    id: str
    clips: Floats32
    snippets: Floats32
    intervals: Sequence[Interval]
    truth: Sequence[Interval | None]
    timing: VideoTiming | None

    @property
    def digest(self) -> str:
        """Changes whenever the features, the clips or the annotations do."""
        arrays = [digest_json(array.tolist()) for array in (self.clips, self.snippets)]
        return digest_json([self.id, self.intervals, self.truth, arrays])


def calibrate_checkpoints(
    run: Path, split: str, videos: Sequence[CalibrationVideo], device: torch.device
) -> list[CheckpointCalibration]:
    """Calibrate each checkpoint of a run's folder that is not calibrated with the same videos already.

    The file of calibrations is written once, when all are fitted; it keeps no entry of any other checkpoint.
    Returns the new calibrations.

    Raises:
        ValueError: The videos are not enough to fit anything.
        InputError: A checkpoint cannot be read.
    """
    earlier, kept = _readable(run), dict[str, CheckpointCalibration]()
    data, new = digest_json([video.digest for video in videos]), list[CheckpointCalibration]()
    for path in (run / name for name in CHECKPOINTS if (run / name).exists()):
        digest = checkpoint_digest(path)
        found = kept.get(digest) or earlier.get(digest)
        if found is None or (found.data, found.split) != (data, split):
            found = _calibrated(read_checkpoint(path), path, videos, split, data, device)
            new.append(found)
        kept[digest] = found
    if kept != earlier:
        write_calibrations(run, kept)
    return new


def _readable(run: Path) -> dict[str, CheckpointCalibration]:
    """The run's calibrations; none in place of a damaged file, which is about to be replaced."""
    try:
        return read_calibrations(run)
    except InputError:
        return {}


def _calibrated(
    checkpoint: Checkpoint,
    path: Path,
    videos: Sequence[CalibrationVideo],
    split: str,
    data: str,
    device: torch.device,
) -> CheckpointCalibration:
    """Align the videos greedily, as `align` does by default, and fit a calibration to the result."""
    network = load_network(checkpoint, path).to(device)
    action_set = ActionSet(settings_of_run(checkpoint, path).actions)
    weight = float(checkpoint.timing.get("weight", 0.0))
    labelled, raw = list[LabelledVideo](), list[float]()
    for first in range(0, len(videos), BATCH):
        batch = videos[first : first + BATCH]
        clips = Sequences.pad([video.clips for video in batch]).to(device)
        snippets = Sequences.pad([video.snippets for video in batch]).to(device)
        tables = pad_timing([video.timing for video in batch], weight)
        decoded = decode_greedily(network, clips, snippets, action_set, **tables)
        logits = pair_logits(network, clips, snippets, action_set, **tables)
        for video, own, of_pairs in zip(batch, decoded, logits, strict=True):
            labelled.append(_labelled(video, own, of_pairs))
            seconds = labelled[-1].durations
            raw.append(float(own.clip_confidence @ seconds / seconds.sum()))
    fitted = fit_calibration(labelled, action_set)
    return CheckpointCalibration(
        split=split,
        videos=len(videos),
        data=data,
        timing_weight=weight,
        temperature=fitted.temperature,
        confidence_shift=fitted.confidence_shift,
        iou_shift=fitted.iou_shift,
        video_accuracy=_mean([video.accuracy for video in labelled]),
        text_iou=_mean([video.iou for video in labelled]),
        uncalibrated_accuracy=_mean(raw),
    )


def _labelled(video: CalibrationVideo, decoded: Decoded, logits: Floats32) -> LabelledVideo:
    seconds = durations(video.intervals)
    measured = score(video.intervals, video.truth, decoded.matches)
    right = correct_seconds(video.intervals, video.truth, decoded.matches)
    return LabelledVideo(
        logits=logits,
        labels=labels_of(decoded.matches, len(video.intervals)),
        durations=seconds,
        right=right / np.where(seconds > 0, seconds, 1.0),
        accuracy=measured.video_accuracy,
        iou=measured.text_iou,
    )


def labels_of(matches: Sequence[tuple[int, int]], clips: int) -> NDArray[np.int64]:
    """The first snippet of each of N clips (N,), UNMATCHED for none."""
    labels = np.full(clips, UNMATCHED)
    for clip, snippet in reversed(matches):
        labels[clip] = snippet
    return labels


def logit_calibration(stored: CheckpointCalibration) -> LogitCalibration:
    """The fitted numbers of a stored calibration."""
    return LogitCalibration(
        temperature=stored.temperature,
        confidence_shift=stored.confidence_shift,
        iou_shift=stored.iou_shift,
    )


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if isfinite(value)]
    return round(fmean(known), 6) if known else None
