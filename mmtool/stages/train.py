"""Features, clips, snippets and annotations → a run with its best and last checkpoint."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mmtool.alignment.actions import ActionSet, UnreachableAlignmentError, gold_actions
from mmtool.alignment.batch import Sequences
from mmtool.alignment.greedy import decode_greedily
from mmtool.alignment.network import AlignmentNetwork, NetworkShape, parameter_count
from mmtool.choices import Modality, Split
from mmtool.errors import CallError, InputError
from mmtool.evaluation.labels import best_labels
from mmtool.evaluation.measures import score, summarise
from mmtool.formats.checkpoints import Checkpoint, CheckpointInput, read_checkpoint, write_checkpoint
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.formats.events import EventLog
from mmtool.formats.joined import only_features
from mmtool.formats.metrics import append_history, read_history, write_history
from mmtool.formats.runs import RunConfig, read_run, write_run
from mmtool.formats.snippets import read_snippets
from mmtool.records import Interval, StageReport
from mmtool.settings import TrainSettings
from mmtool.stages.devices import resolve_device, set_threads
from mmtool.stages.network_inputs import NetworkInput, open_for_training
from mmtool.stages.network_timing import NetworkTiming, VideoTiming, side_by_side, timing_for_training
from mmtool.stages.starting_point import StartingPoint, open_start
from mmtool.stages.truth import read_truth
from mmtool.training.loop import EpochRecord, TrainingState, fit
from mmtool.training.processes import Processes, joined_processes
from mmtool.training.samples import Sample, cut_samples

OnEpoch = Callable[[EpochRecord], None]
FREE_SETTINGS = {  # may change when a run goes on
    "epochs",
    "device",
    "threads",
    "train_measures_every",
    "init_from",
}
DECODE_BATCH = 32
TIMING_WEIGHTS = (0.0, 0.5, 1.0, 2.0, 4.0)  # of timing's prior, of which validation chooses


@dataclass(frozen=True, slots=True)
class AnnotatedVideo:
    """One video as training sees it: what the network reads, and the truth."""

    id: str
    clips: NDArray[np.float32]  # (N, D)
    snippets: NDArray[np.float32]  # (M, D)
    intervals: list[Interval]  # (N)
    truth: list[Interval | None]  # (M)
    gold: NDArray[np.int64]  # (T)
    timing: VideoTiming | None


@dataclass(frozen=True, slots=True)
class TrainingData:
    """All that training reads from the corpus; ``digest`` tells whether it changed.

    ``timing`` are the parameters that a network with time works with.
    """

    train: list[AnnotatedVideo]
    val: list[AnnotatedVideo]
    inputs: dict[Modality, CheckpointInput]
    timing: dict[str, object]
    digest: str


@dataclass(frozen=True, slots=True)
class _Job:
    """One run to train, as one of its processes sees it."""

    folder: Path
    config: RunConfig
    settings: TrainSettings
    data: TrainingData
    processes: Processes


def train(
    root: Path,
    settings: TrainSettings,
    *,
    run: str,
    force: bool = False,
    on_epoch: OnEpoch = lambda _: None,
) -> StageReport:
    """Train ``runs/<run>`` on the training split, watching the validation split where there is one.

    A run that was interrupted goes on from its last checkpoint and ends with the same weights as an
    uninterrupted one; a finished run is left alone.
    """
    corpus, report = Corpus.open(root), StageReport("train")
    set_threads(settings.threads)
    try:
        settings = replace(
            settings,
            video=settings.video or only_features(corpus, Modality.VIDEO),
            text=settings.text or only_features(corpus, Modality.TEXT),
        )
        if settings.early_stopping and not corpus.split(Split.VAL).exists():
            raise CallError(
                f"{corpus.split(Split.VAL)}: early stopping needs a validation split; write an id a line"
            )
        data = _read_data(corpus, settings)
        start = open_start(corpus, settings.init_from, corpus.run(run)) if settings.init_from else None
        network = _new_network(settings, data, start)
        config = RunConfig(settings.to_dict(), data.digest, start.digest if start else "")
        with joined_processes() as processes:
            job = _Job(corpus.run(run), config, settings, data, processes)
            if force and job.folder.exists() and processes.leads:
                shutil.rmtree(job.folder)
            epochs = _train(job, network, on_epoch, report)
    except InputError as error:
        raise CallError(str(error)) from error
    (report.done if epochs else report.unchanged).append(run)
    return report


def _read_data(corpus: Corpus, settings: TrainSettings) -> TrainingData:
    train_ids = corpus.split_ids(Split.TRAIN)
    val_ids = corpus.split_ids(Split.VAL) if corpus.split(Split.VAL).exists() else []
    actions = _action_set(settings)
    timing = timing_for_training(corpus, settings, actions, train_ids)
    with (
        open_for_training(corpus, Modality.VIDEO, settings.video, settings.inputs, train_ids) as video,
        open_for_training(corpus, Modality.TEXT, settings.text, settings.inputs, train_ids) as text,
    ):
        train_videos = [_read_video(corpus, id, video, text, actions, timing) for id in train_ids]
        val_videos = [_read_video(corpus, id, video, text, actions, timing) for id in val_ids]
        inputs = {Modality.VIDEO: video.for_checkpoint(), Modality.TEXT: text.for_checkpoint()}
        made = [(id, video.features.made(id), text.features.made(id)) for id in train_ids + val_ids]
    gold = [v.gold.tolist() for v in train_videos + val_videos]
    told: list[object] = [train_ids, val_ids, made, gold]
    if timing is None:
        return TrainingData(train_videos, val_videos, inputs, {}, digest_json(told))
    parameters = timing.parameters.to_dict()
    told += [parameters, {id: timing.titles.get(id, "") for id in train_ids + val_ids}]
    return TrainingData(train_videos, val_videos, inputs, parameters, digest_json(told))


def _action_set(settings: TrainSettings) -> ActionSet:
    try:
        return ActionSet(settings.actions)
    except ValueError as error:
        raise CallError(f"--action: {error}") from error


def _read_video(
    corpus: Corpus,
    id: str,
    video: NetworkInput,
    text: NetworkInput,
    actions: ActionSet,
    timing: NetworkTiming | None,
) -> AnnotatedVideo:
    clips, snippets = read_clips(corpus.clips(id)), read_snippets(corpus.snippets(id))
    video.features.check_clips(id, clips)
    text.features.check_snippets(id, snippets)
    truth = read_truth(corpus, id, clips, snippets)
    intervals = [clip.interval for clip in clips]
    pairs = [(i, j) for i, j in enumerate(best_labels(intervals, truth)) if j is not None]
    try:
        gold = gold_actions(pairs, len(clips), len(snippets), actions)
    except UnreachableAlignmentError as error:
        raise InputError(
            corpus.annotations(id),
            f"cannot be learned: {error}",
            "sort the annotations by time, as the text is",
        ) from error
    timed = timing.of(id, clips, snippets) if timing else None
    return AnnotatedVideo(id, video.read(id), text.read(id), intervals, truth, gold, timed)


def _new_network(
    settings: TrainSettings, data: TrainingData, start: StartingPoint | None
) -> AlignmentNetwork:
    """A network with the first weights: random ones from the seed, or those of another run."""
    torch.manual_seed(settings.seed)
    shape = NetworkShape(
        video_dimension=data.train[0].clips.shape[1],
        text_dimension=data.train[0].snippets.shape[1],
        actions=len(settings.actions),
        inputs=settings.inputs,
        normalisation=settings.normalisation,
        dropout=settings.dropout,
        lstm_dropout=settings.lstm_dropout,
        time_features=settings.time_features,
        posterior=settings.timing_prior.is_input,
    )
    network = AlignmentNetwork(shape)
    if start:
        start.load_into(network, data.inputs)
    return network.to(resolve_device(settings.device))


def _train(job: _Job, network: AlignmentNetwork, on_epoch: OnEpoch, report: StageReport) -> int:
    """Train from where the run stands; returns the number of epochs of this call."""
    folder, settings, data, processes = job.folder, job.settings, job.data, job.processes
    last, best, history = folder / "last.pt", folder / "best.pt", folder / "metrics.jsonl"
    resumed = bool(*processes.agree([processes.leads and _prepare_run(folder, job.config)]))
    action_set = ActionSet(settings.actions)
    weights = TIMING_WEIGHTS if settings.timing_prior.decodes else (0.0,)
    validation = _Validation(data.val, action_set, weights)
    reached = _resume(network, validation, read_checkpoint(last)) if resumed else TrainingState()
    done = [epoch for epoch in read_history(history) if epoch["epoch"] <= reached.epoch]
    if processes.leads:
        write_history(history, done)
    samples = _samples(data.train, action_set, settings.max_actions)
    report.facts |= {"samples": len(samples), "parameters": parameter_count(network)}
    started = reached.epoch
    events = EventLog(folder / "events", done) if processes.leads else None
    training = fit(
        network,
        samples,
        settings,
        state=reached,
        validate=validation.measure if data.val else None,
        measure_training=lambda network: _measure(network, data.train, action_set, validation.weight),
        processes=processes,
    )
    for record in training:
        if events is None:
            continue
        append_history(history, asdict(record))
        events.append(asdict(record))
        scores = {"video_accuracy": record.video_accuracy, "text_iou": record.text_iou}
        checkpoint = Checkpoint(
            settings=settings.to_dict(),
            shape=asdict(network.shape),
            epoch=record.epoch,
            scores={name: value for name, value in scores.items() if value is not None},
            network=network.state_dict(),
            inputs=data.inputs,
            training={},
            timing={"parameters": data.timing, "weight": validation.weight} if data.timing else {},
        )
        if reached.best_epoch == record.epoch:
            write_checkpoint(best, checkpoint)
        write_checkpoint(last, replace(checkpoint, training=asdict(reached)))
        on_epoch(record)
    report.facts |= {"epochs": reached.epoch, "best_epoch": reached.best_epoch}
    report.written.append(str(folder))
    return reached.epoch - started


def _prepare_run(folder: Path, config: RunConfig) -> bool:
    """Whether there is a checkpoint to go on from; raises CallError where settings or data are others."""
    path = folder / "config.json"
    if not path.exists():
        write_run(path, config)
        return False
    earlier = read_run(path)
    if earlier.imported is not None:
        raise CallError(
            f"{path}: this run was imported from {earlier.imported.file} and has no optimiser state to go on "
            "with; name another with --run, or start it anew with --force"
        )
    settings_of_then = TrainSettings().to_dict() | earlier.settings  # it may be older than a setting
    for name, value in config.settings.items():
        if name not in FREE_SETTINGS and settings_of_then[name] != value:
            raise CallError(
                f"{path}: this run has {name} {settings_of_then[name]}, not {value}; "
                "name another with --run, or start it anew with --force"
            )
    if earlier.start != config.start:
        raise CallError(
            f"{path}: this run started from {_named(earlier)}, not from {_named(config)}; "
            "name another with --run, or start it anew with --force"
        )
    if earlier.data != config.data:
        raise CallError(
            f"{path}: this run was trained on other data (ids, features or annotations changed since); "
            "name another with --run, or start it anew with --force"
        )
    return (folder / "last.pt").exists()


def _named(config: RunConfig) -> str:
    """The weights that a run started from, in words."""
    name = config.settings.get("init_from")
    return f"the weights of {name} ({config.start})" if config.start else "random weights"


def _resume(network: AlignmentNetwork, validation: "_Validation", checkpoint: Checkpoint) -> TrainingState:
    network.load_state_dict(checkpoint.network)
    validation.weight = float(checkpoint.timing.get("weight", validation.weight))
    return TrainingState(**checkpoint.training)


def _samples(videos: Sequence[AnnotatedVideo], action_set: ActionSet, max_actions: int) -> list[Sample]:
    samples = []
    for v in videos:
        samples += cut_samples(
            v.id,
            v.clips,
            v.snippets,
            v.gold,
            action_set=action_set,
            max_actions=max_actions,
            pairs=v.timing.inputs if v.timing else None,
        )
    return samples


class _Validation:
    """Measures the validation videos with each weight of timing's prior, and keeps the best one."""

    def __init__(
        self, videos: Sequence[AnnotatedVideo], action_set: ActionSet, weights: Sequence[float]
    ) -> None:
        self._videos, self._action_set, self._weights = videos, action_set, weights
        self.weight = weights[0]

    def measure(self, network: AlignmentNetwork) -> tuple[float, float]:
        """The measures with the weight at which their sum is greatest."""
        measured = {w: _measure(network, self._videos, self._action_set, w) for w in self._weights}
        self.weight = max(measured, key=lambda weight: sum(measured[weight]))
        return measured[self.weight]


def _measure(
    network: AlignmentNetwork, videos: Sequence[AnnotatedVideo], action_set: ActionSet, weight: float
) -> tuple[float, float]:
    """Mean video accuracy and text IoU of greedy decoding over whole videos."""
    device = next(network.parameters()).device
    scores = {}
    for start in range(0, len(videos), DECODE_BATCH):
        batch = videos[start : start + DECODE_BATCH]
        decoded = decode_greedily(
            network,
            Sequences.pad([video.clips for video in batch]).to(device),
            Sequences.pad([video.snippets for video in batch]).to(device),
            action_set,
            **side_by_side([video.timing for video in batch], weight),
        )
        for video, alignment in zip(batch, decoded, strict=True):
            scores[video.id] = score(video.intervals, video.truth, alignment.matches)
    summary = summarise(scores, resamples=1)
    return summary.video_accuracy.value, summary.text_iou.value
