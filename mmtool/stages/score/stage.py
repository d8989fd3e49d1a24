"""Clips and snippets → ``scores/<name>/<id>.h5``, by a trained matcher or a published model."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

from mmtool.alignment.timing.mixture import MIXTURE_VERSION
from mmtool.choices import Split
from mmtool.errors import CallError, InputError, SettingError
from mmtool.evaluation.labels import best_labels
from mmtool.features.pairs import FeaturePair, open_feature_pair
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file, digest_json
from mmtool.formats.lock import sole_writer
from mmtool.formats.scores import FilmScores, read_scores, write_scores
from mmtool.records import EncoderIdentity, Failure, Progress, silent
from mmtool.retrieval.calibration import Film, calibrate
from mmtool.settings.score import ScoreSettings
from mmtool.stages.score.film import FilmJudge
from mmtool.stages.score.report import ScoreReport
from mmtool.stages.shared.clips_and_snippets import read_pair
from mmtool.stages.shared.pair_models import PairModel, open_pair_model
from mmtool.stages.shared.truth import read_truth

SCORE_VERSION = 2  # is raised when the same models give other scores


def score(
    root: Path | str,
    settings: ScoreSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> ScoreReport:
    """Write how well each clip of a film fits each of its snippets, calibrated on annotated films.

    The dual encoder compares all clips with all snippets. The fusion encoder judges the pairs that it, or
    timing, finds likely; the log-odds of the others follow from their similarity.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`ScoreSettings`.
        progress: Hears how many videos are scored.

    Returns:
        A report with the number of pairs that were judged, and the calibration.

    Raises:
        CallError: The settings are impossible, the scores are those of another model, or no film could be
            scored.
    """
    settings, corpus = ScoreSettings.chosen(settings, options), Corpus.open(Path(root))
    try:
        with (
            open_pair_model(corpus, settings, blip_enc_token=settings.blip_enc_token) as model,
            _open_features(corpus, settings, model) as features,
        ):
            name = settings.name or model.name
            report = ScoreReport(name=name, model=f"{model.name} ({model.matcher.identity.model})")
            folder = corpus.score_weights(name).parent
            with sole_writer(folder):
                scorer = _Scorer(corpus, settings, model, features, name, report)
                scorer.require_same_models()
                scorer.score_all(progress)
                scorer.calibrate()
    except InputError as error:
        raise CallError(str(error)) from error
    if report.failures and not (report.done or report.unchanged):
        raise CallError(report.failures[0].reason)
    report.written.append(str(folder))
    return report


@contextmanager
def _open_features(corpus: Corpus, settings: ScoreSettings, model: PairModel) -> Iterator[FeaturePair | None]:
    """The features whose similarity chooses pairs; raises SettingError if they are needed but not named."""
    if settings.video:
        with open_feature_pair(corpus, settings.video, settings.text, any_space=False) as pair:
            yield pair
        return
    if not model.matcher.embeds:
        problem = f"is needed with {model.name}, which only judges pairs: name features that can be compared"
        raise SettingError("video", problem)
    yield None


class _Scorer:
    """Scores the films of one call, then calibrates all films of the folder."""

    def __init__(
        self,
        corpus: Corpus,
        settings: ScoreSettings,
        model: PairModel,
        features: FeaturePair | None,
        name: str,
        report: ScoreReport,
    ) -> None:
        self.corpus, self.settings, self.model, self.features = corpus, settings, model, features
        self.name, self.report = name, report
        self.models = (model.matcher.identity, *_sources(features))
        self.judged_on = self._split_to_judge_by()
        self.titles = corpus.titles()

    def require_same_models(self) -> None:
        """Raise CallError if the folder has scores of other models, not to mix them."""
        for path, found in self._stored():
            if found.models != self.models and not self.settings.force:
                names = " and ".join(f"{model.name} {model.weights}" for model in found.models)
                raise CallError(
                    f"{path}: was scored by other models ({names}); give these scores another `name`, or "
                    "replace all of them with `force`"
                )
            if found.models != self.models:
                path.unlink()

    def score_all(self, progress: Progress) -> None:
        ids = self._ids()
        judge = FilmJudge(self.model, self.features, self.settings.k)
        for number, id in enumerate(ids, start=1):
            try:
                self._score(judge, id)
            except InputError as error:
                self.report.failures.append(Failure(id, str(error)))
            progress("scoring", number, len(ids), "videos")

    def _score(self, judge: FilmJudge, id: str) -> None:
        clips, snippets = read_pair(self.corpus, id)
        self.model.check(id, clips)
        path, recipe = self.corpus.match_scores(self.name, id), self._recipe(id)
        if not self.settings.force and path.exists():
            try:
                is_done = read_scores(path).recipe == recipe
            except InputError:
                is_done = False  # damaged: it is made again
            if is_done:
                self.report.unchanged.append(id)
                return
        judged = judge.judge(id, self.titles.get(id, ""), clips, snippets)
        scores = FilmScores(
            raw=judged.log_odds,
            reranked=judged.reranked,
            similarity=judged.similarity,
            intervals=np.array([clip.interval for clip in clips], np.float64).reshape(-1, 2),
            snippets=[snippet.text for snippet in snippets],
            models=self.models,
            recipe=recipe,
            judged_on=self.judged_on,
        )
        write_scores(path, scores)
        self.report.pairs += int(judged.reranked.sum())
        self.report.possible += judged.reranked.size
        self.report.done.append(id)

    def calibrate(self) -> None:
        """Fit the calibration to the annotated films, and write it into all scores of the folder."""
        stored = list(self._stored())
        films = [film for path, found in stored if (film := self._annotated(path.stem, found)) is not None]
        report, split = self.report, self.judged_on
        try:
            found = calibrate(films)
        except ValueError:
            report.notes.append(f"not calibrated: that takes two annotated videos of the {split} split")
        else:
            report.temperature, report.bias = found.temperature, found.bias
            report.loss_before, report.loss_after = found.before, found.after
            report.calibrated_on = found.films
        if self.model.is_trained and split is Split.TRAIN and films:
            report.notes.append(
                "there is no validation split, so the scores are judged on the videos of the run's training, "
                "where they seem better than they are"
            )
        calibration = report.temperature, report.bias
        for path, scores in stored:
            if (scores.temperature, scores.bias) != calibration or scores.judged_on is not split:
                write_scores(path, scores.calibrated(*calibration).judged_by(split))

    def _annotated(self, id: str, scores: FilmScores) -> Film | None:
        """The log-odds of a film of the split to judge by, and the snippet of each of its clips."""
        if id not in self._judges or not self.corpus.annotations(id).exists():
            return None
        try:
            clips, snippets = read_pair(self.corpus, id)
            if not scores.belongs_to(clips, snippets):
                return None
            truth = read_truth(self.corpus, id, clips, snippets)
        except InputError:
            return None  # its alignment or evaluation says what is wrong
        return scores.raw.astype(np.float64), best_labels([clip.interval for clip in clips], truth)

    def _split_to_judge_by(self) -> Split:
        """Films that the model was not trained on, where there are some."""
        split = Split.VAL if self.model.is_trained and self.corpus.split(Split.VAL).exists() else Split.TRAIN
        self._judges = set(self.corpus.split_ids(split)) if self.corpus.split(split).exists() else set[str]()
        return split

    def _stored(self) -> Iterator[tuple[Path, FilmScores]]:
        for path in sorted(self.corpus.score_weights(self.name).parent.glob("[!.]*.h5")):
            try:
                yield path, read_scores(path)
            except InputError:
                continue  # is made again, or refused by who reads it

    def _recipe(self, id: str) -> str:
        files = [digest_file(path) for path in (self.corpus.clips(id), self.corpus.snippets(id))]
        timing = [MIXTURE_VERSION, self.titles.get(id, "")]
        features = [] if self.features is None else self.features.recipe(id)
        models = [asdict(model) for model in self.models]
        return digest_json(
            [SCORE_VERSION, models, self.settings.k, files, timing, self.model.recipe(id), features]
        )

    def _ids(self) -> Sequence[str]:
        if self.settings.split is not None:
            return self.corpus.split_ids(self.settings.split)
        ids = sorted(set(self.corpus.clip_ids()) & set(self.corpus.snippet_ids()))
        if not ids:
            raise CallError(
                f"{self.corpus.root}: no video has both clips and snippets; run `mmtool segment` first"
            )
        return ids


def _sources(features: FeaturePair | None) -> tuple[EncoderIdentity, ...]:
    return () if features is None else (*features.video.header.sources, *features.text.header.sources)
