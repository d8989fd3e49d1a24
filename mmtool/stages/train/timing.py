"""Clips, snippets, annotations and titles → a run with parameters of the semi-Markov model."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mmtool.alignment.similarity.confidence import Matches
from mmtool.alignment.timing.best_weight import WeightChoice
from mmtool.alignment.timing.fit import AnnotatedNarration, fit
from mmtool.alignment.timing.parameters import TimingParameters, default_parameters
from mmtool.alignment.timing.similarity_weight import choose_weight
from mmtool.arrays import Floats
from mmtool.choices import Split
from mmtool.errors import CallError, InputError
from mmtool.evaluation.measures import score
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file, digest_json
from mmtool.formats.runs import RunConfig, RunKind, read_run, write_run
from mmtool.formats.timing_parameters import write_timing
from mmtool.records import Progress
from mmtool.settings.run_names import TIMING, TIMING_RUN
from mmtool.settings.train import TrainRunSettings
from mmtool.stages.shared.clips_and_snippets import read_pair
from mmtool.stages.shared.truth import read_narration
from mmtool.stages.train.report import TimingTrainReport

if TYPE_CHECKING:
    from mmtool.features.pairs import FeaturePair


def train_timing(
    root: Path, which: TrainRunSettings, features: tuple[str, str], progress: Progress
) -> TimingTrainReport:
    """Estimate ``runs/<run>/timing.json`` from the training split.

    What the split cannot tell is taken from the package's parameters. If ``features`` names video and text
    features in one space, the weight of their similarity is chosen by cross-validation on the same split,
    and the run records which features these are. A run of the same data is left unchanged.
    """
    corpus, run = Corpus.open(root), which.run or TIMING_RUN
    ids, base = corpus.split_ids(Split.TRAIN), default_parameters()
    choice: WeightChoice | None = None
    try:
        with _open_features(corpus, *features, any_space=which.any_space) as pair:
            config = _config(corpus, ids, base, pair)
            if not which.force and _is_complete(corpus, run, config):
                return TimingTrainReport(run=run, unchanged=[run])
            titles = corpus.titles()
            videos = [read_narration(corpus, id, titles.get(id, "")) for id in ids]
            parameters = fit(
                videos, base, source=f"Learned from {len(ids)} videos, those of splits/train.txt."
            )
            if pair:
                choice = _choose_weight(videos, [_similarity(corpus, pair, id) for id in ids], base, progress)
                parameters = replace(parameters, emission_weight=choice.weight)
            used = pair.used() if pair else {}
    except InputError as error:
        raise CallError(str(error)) from error
    except ValueError as error:
        raise CallError(f"{corpus.split(Split.TRAIN)}: {error}; annotate more of its videos") from error
    if which.force:
        shutil.rmtree(corpus.run(run), ignore_errors=True)
    write_run(corpus.run(run) / "config.json", config)
    write_timing(corpus.timing(run), parameters.to_dict(), used)
    return TimingTrainReport(
        run=run,
        done=[run],
        written=[str(corpus.run(run))],
        videos=len(videos),
        similarity_weight=choice.weight if choice else None,
        gain=choice.scores[choice.weight] - choice.scores[0.0] if choice else None,
    )


@contextmanager
def _open_features(
    corpus: Corpus, video: str, text: str, *, any_space: bool
) -> Iterator["FeaturePair | None"]:
    """The features to compare, if any; what reads them is loaded only here."""
    if not video:
        yield None
        return
    from mmtool.features.pairs import open_feature_pair

    with open_feature_pair(corpus, video, text, any_space=any_space) as pair:
        yield pair


def _config(
    corpus: Corpus, ids: Sequence[str], base: TimingParameters, pair: "FeaturePair | None"
) -> RunConfig:
    """The settings and data of the run; raises InputError if the corpus cannot be read."""
    titles = corpus.titles()
    settings: dict[str, object] = {"preset": TIMING, "base": digest_json(base.to_dict())}
    if pair:
        settings |= {"video": pair.video_name, "text": pair.text_name}
    inputs = [
        (id, titles.get(id, ""), *_digests(corpus, id), *(pair.recipe(id) if pair else [])) for id in ids
    ]
    return RunConfig(settings, digest_json(inputs), kind=RunKind.TIMING)


def _similarity(corpus: Corpus, pair: "FeaturePair", id: str) -> Floats:
    return pair.similarity(id, *read_pair(corpus, id))


def _choose_weight(
    videos: Sequence[AnnotatedNarration],
    similarities: Sequence[Floats],
    base: TimingParameters,
    progress: Progress,
) -> WeightChoice:
    """The weight with the greatest mean of video accuracy and text IoU."""

    def mean_of_both(video: AnnotatedNarration, matches: Matches) -> float:
        result = score(video.clips, video.truth, matches)
        return (result.video_accuracy + result.text_iou) / 2

    def on_video(done: int) -> None:
        progress("choosing the similarity weight", done, len(videos), "videos")

    return choose_weight(videos, similarities, base, mean_of_both, on_video=on_video)


def _digests(corpus: Corpus, id: str) -> list[str]:
    return [digest_file(path) for path in (corpus.clips(id), corpus.snippets(id), corpus.annotations(id))]


def _is_complete(corpus: Corpus, run: str, config: RunConfig) -> bool:
    """Whether the run is complete; raises CallError for a run of other settings or data."""
    path = corpus.run(run) / "config.json"
    if not path.exists():
        return False
    if read_run(path) != config:
        raise CallError(
            f"{path}: this run has other settings, or was trained on other data; "
            "name another with `run`, or start it again with `force`"
        )
    return corpus.timing(run).exists()
