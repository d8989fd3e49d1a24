"""Features, clips, snippets and annotations → a run with its best and last checkpoint."""

import shutil
from collections.abc import Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from mmtool.alignment.network.actions import ActionSet
from mmtool.alignment.network.branches import make_network
from mmtool.alignment.network.model import AlignmentNetwork, NetworkShape, parameter_count
from mmtool.choices import Modality, Precision, Split
from mmtool.errors import CallError, InputError, SettingError
from mmtool.features.joined import only_features
from mmtool.formats.checkpoints import Checkpoint, read_checkpoint, write_checkpoint
from mmtool.formats.corpus import Corpus
from mmtool.formats.events import EventLog
from mmtool.formats.lock import sole_writer
from mmtool.formats.metrics import append_history, read_history, write_history
from mmtool.formats.runs import RunConfig
from mmtool.fusion_choices import Blend
from mmtool.memory import remedy_for_memory
from mmtool.records import Progress, silent
from mmtool.settings.modalities import names_of
from mmtool.settings.train import TrainSettings
from mmtool.stages.shared.annotated_videos import AnnotatedVideo, TrainingData, read_training_data
from mmtool.stages.shared.devices import multiplies_bf16, resolve_device, set_threads
from mmtool.stages.shared.network_calibration import CalibrationVideo, calibrate_checkpoints
from mmtool.stages.train.blending import check_films, cost_of, weighing_of
from mmtool.stages.train.continuing import prepare_run
from mmtool.stages.train.report import NetworkTrainReport
from mmtool.stages.train.starting_point import StartingPoint, open_start
from mmtool.stages.train.validation import TIMING_WEIGHTS, Validation, measure
from mmtool.training.epochs import OnEpoch
from mmtool.training.loop import TrainingState
from mmtool.training.network_task import fit_network
from mmtool.training.processes import Processes, joined_processes
from mmtool.training.resuming import check_state
from mmtool.training.samples import Sample, cut_samples

FREE_SETTINGS = {  # may change when a run continues
    "epochs",
    "device",
    "threads",
    "train_measures_every",
    "init_from",
}
MORE_MEMORY = "use a smaller `batch_size` or `max_actions`; the last checkpoint is intact"


@dataclass(frozen=True, slots=True)
class _Job:
    """One run to train, as one of its processes sees it."""

    run: str
    folder: Path
    config: RunConfig
    settings: TrainSettings
    data: TrainingData
    processes: Processes


def train_network(
    root: Path,
    settings: TrainSettings,
    *,
    run: str,
    force: bool,
    on_epoch: OnEpoch,
    progress: Progress = silent,
) -> NetworkTrainReport:
    """Train ``runs/<run>``, or continue it from its last checkpoint."""
    corpus = Corpus.open(root)
    set_threads(settings.threads)
    device = resolve_device(settings.device)
    if settings.precision is Precision.BF16 and not multiplies_bf16(device):
        raise SettingError(
            "precision",
            "bf16 is not supported by this processor or GPU (AVX-512, or Ampere and later); use fp32",
        )
    try:
        settings = replace(
            settings,
            video="" if settings.modalities else settings.video or only_features(corpus, Modality.VIDEO),
            text=settings.text or only_features(corpus, Modality.TEXT),
        )
        if settings.early_stopping and not corpus.split(Split.VAL).exists():
            raise CallError(
                f"{corpus.split(Split.VAL)}: early stopping needs a validation split; "
                "write one video id per line"
            )
        data = read_training_data(corpus, settings)
        check_films(settings, [video.id for video in data.train if len(video.gold)])
        start = open_start(corpus, settings.init_from, corpus.run(run)) if settings.init_from else None
        network = _new_network(settings, data, start, device)
        config = RunConfig(settings.to_dict(), data.digest, start.digest if start else "")
        with joined_processes(device) as processes:
            job = _Job(run, corpus.run(run), config, settings, data, processes)
            with sole_writer(job.folder) if processes.leads else nullcontext():
                if force and job.folder.exists() and processes.leads:
                    shutil.rmtree(job.folder)
                with remedy_for_memory(MORE_MEMORY), ExitStack() as stack:
                    return _train(job, network, on_epoch, stack, progress)
    except InputError as error:
        raise CallError(str(error)) from error


def _new_network(
    settings: TrainSettings, data: TrainingData, start: StartingPoint | None, device: torch.device
) -> AlignmentNetwork:
    """A network with its first weights: random ones from the seed, or those of another run."""
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
        sources=data.sources,
        fusion=settings.fusion,
        fusion_layers=settings.fusion_layers,
        heads=settings.blend_plan.kind is not Blend.NONE,
    )
    network = make_network(shape)
    if start:
        start.load_into(network, data.inputs)
    return network.to(device)


def _train(
    job: _Job, network: AlignmentNetwork, on_epoch: OnEpoch, stack: ExitStack, progress: Progress
) -> NetworkTrainReport:
    """Train from where the run stands; ``stack`` closes what this opens."""
    folder, settings, data, processes = job.folder, job.settings, job.data, job.processes
    last, best, history = folder / "last.pt", folder / "best.pt", folder / "metrics.jsonl"
    resumes = bool(
        *processes.agree(
            [processes.leads and prepare_run(folder, job.config, TrainSettings().to_dict(), FREE_SETTINGS)]
        )
    )
    action_set = ActionSet(settings.actions)
    weights = TIMING_WEIGHTS if settings.timing_prior.decodes else (0.0,)
    validation = Validation(data.val, action_set, weights)
    reached = _resume(network, settings, validation, last) if resumes else TrainingState()
    earlier = [epoch for epoch in read_history(history) if epoch["epoch"] <= reached.epoch]
    if processes.leads:
        write_history(history, earlier)
    samples = _samples(data.train, action_set, settings.max_actions)
    started = reached.epoch
    events = stack.enter_context(closing(EventLog(folder / "events", earlier))) if processes.leads else None
    training = fit_network(
        network,
        samples,
        settings,
        state=reached,
        held_out=_samples(data.val, action_set, settings.max_actions),
        validate=validation.measure if data.val else None,
        measure_training=lambda network: measure(network, data.train, action_set, validation.weight),
        processes=processes,
        modalities=names_of(settings.modalities),
        weighing_of=weighing_of(settings, folder, started, processes, progress),
    )
    for record in training:
        if events is None:
            continue
        append_history(history, asdict(record))
        events.append(asdict(record))
        checkpoint = Checkpoint(
            settings=settings.to_dict(),
            shape=network.shape.to_dict(),
            epoch=record.epoch,
            scores=record.scores,
            network=network.state_dict(),
            inputs=data.inputs,
            training={},
            timing={"parameters": data.timing, "weight": validation.weight} if data.timing else {},
        )
        if reached.best_epoch == record.epoch:
            write_checkpoint(best, checkpoint)
        write_checkpoint(last, replace(checkpoint, training=asdict(reached)))
        on_epoch(record)
    changed, calibrated = reached.epoch > started, False
    if processes.leads and data.val and last.exists():
        device = next(network.parameters()).device
        calibrated = bool(calibrate_checkpoints(folder, Split.VAL, _for_calibration(data.val), device))
    return NetworkTrainReport(
        run=job.run,
        done=[job.run] if changed or calibrated else [],
        unchanged=[] if changed or calibrated else [job.run],
        written=[str(folder)],
        samples=len(samples),
        parameters=parameter_count(network),
        epochs=reached.epoch,
        cost=cost_of(settings, len({sample.id for sample in samples})),
        best_epoch=reached.best_epoch,
        device=str(processes.device if processes.count > 1 else next(network.parameters()).device),
        notes=[processes.mixture] if processes.mixture else [],
    )


def _resume(
    network: AlignmentNetwork, settings: TrainSettings, validation: Validation, path: Path
) -> TrainingState:
    """Continue from a checkpoint; raises InputError where it is not one of this run."""
    checkpoint = read_checkpoint(path)
    try:
        network.load_state_dict(checkpoint.network)
        validation.weight = float(checkpoint.timing.get("weight", validation.weight))
        state = TrainingState(**checkpoint.training)
        if state.epoch:
            check_state(network, settings, state)
    except (RuntimeError, LookupError, AttributeError, TypeError, ValueError, OverflowError) as error:
        remedy = "start the run again with `force`"
        raise InputError(path, "cannot be continued: it holds another network's state", remedy) from error
    return state


def _for_calibration(videos: Sequence[AnnotatedVideo]) -> list[CalibrationVideo]:
    return [CalibrationVideo(v.id, v.clips, v.snippets, v.intervals, v.truth, v.timing) for v in videos]


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
