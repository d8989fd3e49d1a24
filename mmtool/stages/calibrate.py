"""A network's run and annotated videos → ``runs/<run>/calibration.json``."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from mmtool.choices import CheckpointChoice, Modality, Split
from mmtool.errors import CallError, InputError, SettingError
from mmtool.formats.calibrations import CheckpointCalibration, calibration_path
from mmtool.formats.checkpoints import Checkpoint, choose_checkpoint, read_checkpoint
from mmtool.formats.corpus import Corpus
from mmtool.formats.lock import sole_writer
from mmtool.records import Failure, Progress, Report, percentage, silent
from mmtool.settings.calibrate import CalibrateSettings
from mmtool.stages.shared.clip_sources import open_clips_for_checkpoint
from mmtool.stages.shared.clips_and_snippets import read_pair
from mmtool.stages.shared.devices import resolve_device, set_threads
from mmtool.stages.shared.network_calibration import CHECKPOINTS, CalibrationVideo, calibrate_checkpoints
from mmtool.stages.shared.network_inputs import open_for_checkpoint
from mmtool.stages.shared.network_timing import timing_for_checkpoint
from mmtool.stages.shared.runs import only_run
from mmtool.stages.shared.truth import read_truth


@dataclass(slots=True, kw_only=True)
class CalibrateReport(Report):
    """The calibrations of a run's checkpoints that were fitted now, and the number of videos read."""

    stage: ClassVar[str] = "calibrate"
    run: str
    split: Split
    videos: int
    calibrations: list[CheckpointCalibration] = field(default_factory=list)

    @property
    def facts(self) -> dict[str, object]:
        facts: dict[str, object] = {"videos": self.videos}
        if self.calibrations:
            latest = self.calibrations[-1]
            facts["video accuracy"] = percentage(latest.video_accuracy)
            facts["text IoU"] = percentage(latest.text_iou)
            facts["accuracy expected without calibration"] = percentage(latest.uncalibrated_accuracy)
        return facts


def calibrate(
    root: Path | str,
    settings: CalibrateSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> CalibrateReport:
    """Calibrate the confidence of a network's run with annotated videos.

    Training does this by itself where there is a validation split. Calibrate an imported run, or one that is
    used on other videos than it was trained on. Each checkpoint of the run is calibrated; an earlier
    calibration is replaced, unless it was fitted to the same videos.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`CalibrateSettings`.
        progress: Hears how many videos are read.

    Returns:
        A report with the calibrations. A video that cannot be used is a failure beside those that can.

    Raises:
        CallError: The settings are impossible, the run has no checkpoint, or no video can be used.
    """
    settings, corpus = CalibrateSettings.chosen(settings, options), Corpus.open(Path(root))
    set_threads(0)
    run = settings.run or only_run(corpus)
    if corpus.timing(run).exists():
        raise SettingError("run", f"{run} has no network; timing is calibrated already")
    try:
        path = choose_checkpoint(corpus.run(run), CheckpointChoice.LAST)
        checkpoint, device = read_checkpoint(path), resolve_device(settings.device)
        videos, failures = _read(corpus, settings, checkpoint, path, progress)
        if not videos:
            raise CallError(failures[0].reason)
        with sole_writer(corpus.run(run)):
            fitted = calibrate_checkpoints(corpus.run(run), settings.split, videos, device)
    except InputError as error:
        raise CallError(str(error)) from error
    except ValueError as error:
        raise CallError(f"{corpus.split(settings.split)}: {error}; annotate more of its videos") from error
    return CalibrateReport(
        run=run,
        split=settings.split,
        videos=len(videos),
        calibrations=fitted,
        done=[run] if fitted else [],
        unchanged=[] if fitted else [run],
        failures=failures,
        notes=_notes(run, settings.split),
        written=[str(calibration_path(corpus.run(run)))] if fitted else [],
    )


def _notes(run: str, split: Split) -> list[str]:
    if split is not Split.TRAIN:
        return []
    return [f"if {run} was trained on these videos, its calibration is too optimistic; use `split=val`"]


def _greatest_weight(run: Path) -> float:
    """The greatest weight of timing's prior in any checkpoint; above 0, its tables are needed."""
    paths = [run / name for name in CHECKPOINTS if (run / name).exists()]
    return max(float(read_checkpoint(path).timing.get("weight", 0.0)) for path in paths)


def _read(
    corpus: Corpus, settings: CalibrateSettings, checkpoint: Checkpoint, path: Path, progress: Progress
) -> tuple[list[CalibrationVideo], list[Failure]]:
    """The annotated videos of the split, and those that cannot be used."""
    weight = _greatest_weight(path.parent)
    timing, _ = timing_for_checkpoint(corpus, checkpoint, path, weight)
    ids = corpus.split_ids(settings.split)
    videos, failures = list[CalibrationVideo](), list[Failure]()
    with (
        open_clips_for_checkpoint(corpus, checkpoint, settings.video) as video,
        open_for_checkpoint(corpus, Modality.TEXT, checkpoint.inputs[Modality.TEXT], settings.text) as text,
    ):
        for number, id in enumerate(ids, start=1):
            try:
                clips, snippets = read_pair(corpus, id)
                video.check_clips(id, clips)
                text.features.check_snippets(id, snippets)
                videos.append(
                    CalibrationVideo(
                        id=id,
                        clips=video.read(id),
                        snippets=text.read(id),
                        intervals=[clip.interval for clip in clips],
                        truth=read_truth(corpus, id, clips, snippets),
                        timing=timing.of(id, clips, snippets) if timing else None,
                    )
                )
            except InputError as error:
                failures.append(Failure(id, str(error)))
            progress("reading", number, len(ids), "videos")
    return videos, failures
