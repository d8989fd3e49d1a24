"""What the network learns from timing about each video, in training and in alignment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmtool.alignment.network.actions import ActionSet
from mmtool.alignment.network.time_inputs import (
    WITHIN,
    PairTables,
    Table,
    action_prior,
    posterior_table,
    time_table,
)
from mmtool.alignment.timing.cross_fit import cross_fit
from mmtool.alignment.timing.fit import fit
from mmtool.alignment.timing.parameters import TimingParameters, default_parameters
from mmtool.alignment.timing.reading_time import reading_times
from mmtool.alignment.timing.semi_markov import order_posterior
from mmtool.arrays import Floats
from mmtool.choices import Split
from mmtool.errors import CallError, InputError
from mmtool.formats.checkpoints import REMEDY, Checkpoint
from mmtool.formats.corpus import Corpus
from mmtool.records import Clip, Snippet
from mmtool.settings.train import TrainSettings
from mmtool.stages.shared.trained_network import settings_of_run
from mmtool.stages.shared.truth import read_narration


@dataclass(frozen=True, slots=True)
class VideoTiming:
    """The timing of one video of N clips and M snippets.

    ``inputs`` (N, M, E) are what the network reads, ``prior`` (N, M, K) the log-probabilities of the actions.
    ``posterior`` (M, N) is the probability, by timing alone, that a clip belongs to a snippet; it is given
    only together with a prior.
    """

    inputs: Table | None
    prior: Table | None
    posterior: Floats | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTiming:
    """What a network takes from timing, and the parameters of the semi-Markov model that provides it.

    ``of_training`` holds the parameters for each training video, estimated without that video.
    """

    time_features: bool
    posterior: bool  # is an input of the network
    prior: bool  # the posterior weights the actions
    corpus: Corpus
    actions: ActionSet
    parameters: TimingParameters
    titles: Mapping[str, str]
    of_training: Mapping[str, TimingParameters] = field(default_factory=dict)

    def of(self, id: str, clips: Sequence[Clip], snippets: Sequence[Snippet]) -> VideoTiming:
        """Measure one video; raises InputError if the semi-Markov model cannot align it."""
        parameters = self.of_training.get(id, self.parameters)
        intervals, texts = [clip.interval for clip in clips], [snippet.text for snippet in snippets]
        tables = []
        if self.time_features:
            tables.append(time_table(intervals, reading_times(texts, parameters.reading)))
        relation = None
        if self.posterior or self.prior:
            try:
                relation = order_posterior(intervals, texts, parameters, title=self.titles.get(id, ""))
            except ValueError as error:
                path = self.corpus.snippets(id)
                raise InputError(path, f"cannot be aligned by timing: {error}", "correct it") from error
        if self.posterior and relation is not None:
            tables.append(posterior_table(relation))
        inputs = np.concatenate(tables, axis=2) if tables else None
        if not self.prior or relation is None:
            return VideoTiming(inputs, None)
        return VideoTiming(inputs, action_prior(relation, self.actions), relation[..., WITHIN].T)


def timing_for_training(
    corpus: Corpus, settings: TrainSettings, actions: ActionSet, ids: Sequence[str]
) -> NetworkTiming | None:
    """Estimate the parameters from the training videos ``ids``; None for a network without timing."""
    prior = settings.timing_prior
    if not settings.time_features and not prior.is_input and not prior.decodes:
        return None
    if prior.decodes and not corpus.split(Split.VAL).exists():
        raise CallError(
            f"{corpus.split(Split.VAL)}: `timing_prior={prior}` chooses its weight on a validation split; "
            "write one video id per line"
        )
    titles, base = corpus.titles(), default_parameters()
    videos = [read_narration(corpus, id, titles.get(id, "")) for id in ids]
    try:
        parameters = fit(videos, base, source=f"Learned from {len(ids)} videos, those of splits/train.txt.")
        of_training = dict(zip(ids, cross_fit(videos, base), strict=True))
    except ValueError as error:
        raise CallError(f"{corpus.split(Split.TRAIN)}: {error}; annotate more of its videos") from error
    return NetworkTiming(
        time_features=settings.time_features,
        posterior=prior.is_input,
        prior=prior.decodes,
        corpus=corpus,
        actions=actions,
        parameters=parameters,
        titles=titles,
        of_training=of_training,
    )


def timing_for_checkpoint(
    corpus: Corpus, checkpoint: Checkpoint, path: Path, weight: float | None
) -> tuple[NetworkTiming | None, float]:
    """What the checkpoint's network takes from timing, and the weight of the prior on its actions.

    ``weight``, if given, replaces the run's own. A network that was trained without timing takes the prior
    from the package's parameters. Training videos are measured with parameters estimated on all of them.

    At each step the decoder takes the action with the greatest ``log p(action | state) + weight · log
    q(action | tops)``, where ``q`` is the probability, by timing, of what calls for the action: that the
    clip lies before the snippet's time (Pop-Video), within it (a match), or after it (Pop-Text).

    Raises InputError where the checkpoint, which was read from ``path``, holds no such parameters.
    """
    settings, stored = settings_of_run(checkpoint, path), checkpoint.timing
    chosen = float(stored.get("weight", 0.0)) if weight is None else weight
    try:
        parameters = TimingParameters.from_dict(stored["parameters"]) if stored else default_parameters()
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(path, f"holds no possible parameters of timing ({error})", REMEDY) from error
    timing = NetworkTiming(
        time_features=settings.time_features,
        posterior=settings.timing_prior.is_input,
        prior=chosen > 0,
        corpus=corpus,
        actions=ActionSet(settings.actions),
        parameters=parameters,
        titles=corpus.titles(),
    )
    return (timing if timing.time_features or timing.posterior or timing.prior else None), chosen


def pad_timing(
    timings: Sequence[VideoTiming | None], weight: float, masks: Sequence[Table] = ()
) -> dict[str, PairTables]:
    """The timing of B videos, as keyword arguments of the decoders.

    ``masks`` (N, M, K), one for each video or none at all, are added to the weighted log-probabilities.
    """
    inputs = [t.inputs for t in timings if t is not None and t.inputs is not None]
    priors = [t.prior * np.float32(weight) for t in timings if t is not None and t.prior is not None]
    tables = {"inputs": PairTables(inputs)} if inputs else {}
    added: Sequence[Table] = priors if weight else ()
    if masks:
        added = [p + m for p, m in zip(added, masks, strict=True)] if added else masks
    return tables | ({"prior": PairTables(added)} if added else {})
