"""What training reads from a corpus: features, gold actions, truth and timing."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.network.actions import ActionSet, UnreachableAlignmentError, gold_actions
from mmtool.choices import Modality, Split
from mmtool.errors import InputError, SettingError
from mmtool.evaluation.labels import best_labels
from mmtool.formats.checkpoints import CheckpointInput
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.formats.snippets import read_snippets
from mmtool.records import Interval
from mmtool.settings.modalities import names_of
from mmtool.settings.train import TrainSettings
from mmtool.stages.shared.clip_sources import SeveralInputs, VideoInput, open_clips_for_training
from mmtool.stages.shared.network_inputs import NetworkInput, open_for_training
from mmtool.stages.shared.network_timing import NetworkTiming, VideoTiming, timing_for_training
from mmtool.stages.shared.truth import read_truth


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
    """Everything that training reads from the corpus; ``digest`` changes whenever it does.

    ``timing`` holds the parameters of the semi-Markov model, if the network uses timing; ``sources`` the
    columns of each source of a clip, if there are several.
    """

    train: list[AnnotatedVideo]
    val: list[AnnotatedVideo]
    inputs: dict[Modality, CheckpointInput]
    timing: dict[str, object]
    digest: str
    sources: tuple[int, ...] = ()


def read_training_data(corpus: Corpus, settings: TrainSettings) -> TrainingData:
    """Read both splits; raises InputError for damaged files, CallError for data that are insufficient."""
    train_ids = corpus.split_ids(Split.TRAIN)
    val_ids = corpus.split_ids(Split.VAL) if corpus.split(Split.VAL).exists() else []
    actions = _action_set(settings)
    timing = timing_for_training(corpus, settings, actions, train_ids)
    with (
        _open_clips(corpus, settings, train_ids, val_ids) as video,
        open_for_training(corpus, Modality.TEXT, settings.text, settings.inputs, train_ids) as text,
    ):
        train_videos = [read_annotated_video(corpus, id, video, text, actions, timing) for id in train_ids]
        val_videos = [read_annotated_video(corpus, id, video, text, actions, timing) for id in val_ids]
        inputs = {Modality.VIDEO: video.for_checkpoint(), Modality.TEXT: text.for_checkpoint()}
        sources = video.widths if isinstance(video, SeveralInputs) else ()
        recipes = [(id, video.recipe(id), text.features.recipe(id)) for id in train_ids + val_ids]
    gold = [v.gold.tolist() for v in train_videos + val_videos]
    content: list[object] = [train_ids, val_ids, recipes, gold]
    if timing is None:
        return TrainingData(train_videos, val_videos, inputs, {}, digest_json(content), sources)
    parameters = timing.parameters.to_dict()
    content += [parameters, {id: timing.titles.get(id, "") for id in train_ids + val_ids}]
    return TrainingData(train_videos, val_videos, inputs, parameters, digest_json(content), sources)


def _open_clips(
    corpus: Corpus, settings: TrainSettings, train: list[str], others: list[str]
) -> AbstractContextManager[VideoInput]:
    """The features of clips: of one source, or of several."""
    names = names_of(settings.modalities)
    if names:
        return open_clips_for_training(corpus, names, settings.inputs, settings.missing, train, others)
    return open_for_training(corpus, Modality.VIDEO, settings.video, settings.inputs, train)


def _action_set(settings: TrainSettings) -> ActionSet:
    try:
        return ActionSet(settings.actions)
    except ValueError as error:
        raise SettingError("actions", str(error)) from error


def read_annotated_video(
    corpus: Corpus,
    id: str,
    video: VideoInput,
    text: NetworkInput,
    actions: ActionSet,
    timing: NetworkTiming | None,
) -> AnnotatedVideo:
    """Read one video; raises InputError for damaged files and for annotations that no actions produce."""
    clips, snippets = read_clips(corpus.clips(id)), read_snippets(corpus.snippets(id))
    video.check_clips(id, clips)
    text.features.check_snippets(id, snippets)
    truth = read_truth(corpus, id, clips, snippets)
    intervals = [clip.interval for clip in clips]
    pairs = [(i, j) for i, j in enumerate(best_labels(intervals, truth)) if j is not None]
    try:
        gold = gold_actions(pairs, len(clips), len(snippets), actions)
    except UnreachableAlignmentError as error:
        raise InputError(
            corpus.annotations(id),
            f"cannot be learned from: {error}",
            "sort the annotations by time, in the order of the text",
        ) from error
    timed = timing.of(id, clips, snippets) if timing else None
    return AnnotatedVideo(id, video.read(id), text.read(id), intervals, truth, gold, timed)
