"""What scores of clips and snippets are worth beside timing: measured on annotated videos, once."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mmtool.alignment.similarity.confidence import Matches
from mmtool.alignment.similarity.informative import CHANCE, chance_of_scores
from mmtool.alignment.timing.best_weight import best_weight
from mmtool.alignment.timing.similarity_weight import WEIGHTS
from mmtool.errors import InputError
from mmtool.evaluation.labels import best_labels
from mmtool.evaluation.measures import score
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file, digest_json
from mmtool.formats.score_weights import ScoreWeight, read_score_weights, write_score_weight
from mmtool.records import Progress, percentage
from mmtool.stages.shared.clips_and_snippets import read_pair
from mmtool.stages.shared.match_scores import MatchScores
from mmtool.stages.shared.truth import read_truth

MOST = 40  # annotated videos that are aligned with each weight
CHOICE_VERSION = 1  # is raised when the same videos choose another weight

AlignWith = Callable[[str, float], Matches]
"""Aligns a video with a weight."""


def weigh_scores(
    scores: MatchScores, align_with: AlignWith, recipe_of: Callable[[str], str], progress: Progress
) -> ScoreWeight | None:
    """The weight that is best on the annotated videos that the scores say; None for fewer than two.

    Scores that do not tell which clips and snippets belong together have 0, whatever a weight would gain by
    chance. A weight is stored with the scores, and chosen again when anything has changed that it depends on.
    """
    corpus = scores.corpus
    recipes = {}
    for id in _annotated(scores):
        try:
            recipes[id] = [recipe_of(id), digest_file(corpus.annotations(id))]
        except InputError:
            continue  # a failure of its own, when it is aligned
    ids = list(recipes)
    if len(ids) < 2:
        return None
    recipe = digest_json([CHOICE_VERSION, *recipes.values()])
    path = corpus.score_weights(scores.name)
    known = read_score_weights(path).get(recipe)
    if known is not None:
        return known
    if _say_nothing(scores, ids):
        return _stored(path, recipe, ScoreWeight(0.0, len(ids), {}))
    measured = np.empty((len(ids), len(WEIGHTS)))
    for number, id in enumerate(ids):
        measured[number] = _measured(corpus, id, align_with)
        progress("choosing the weight of the scores", number + 1, len(ids), "videos")
    try:
        choice = best_weight(WEIGHTS, measured)
    except ValueError:
        return None
    return _stored(path, recipe, ScoreWeight(choice.weight, len(ids), choice.scores))


def note_on_weight(scores: MatchScores, found: ScoreWeight | None, usual: float) -> str:
    """One line that says what the scores weigh, and why; ``usual`` is the weight of others' features."""
    split = scores.judged_on()
    if found is None:
        return (
            f"the scores {scores.name} have the usual weight, {usual:g}: choosing one takes two annotated "
            f"videos of the {split} split that have scores"
        )
    videos = f"{found.videos} annotated videos of the {split} split"
    if not found.weight:
        what = "improve the alignment" if found.tried else "tell the right snippets"
        return f"the scores {scores.name} were not used: they do not {what} of {videos}"
    gain = f"{percentage(found.tried[0.0])} → {percentage(found.tried[found.weight])}"
    return (
        f"the scores {scores.name} have the weight {found.weight:g}, the best on {videos} (mean of accuracy "
        f"and text IoU: {gain})"
    )


def _annotated(scores: MatchScores) -> list[str]:
    """The videos to choose by: at most ``MOST``, spread over the split."""
    corpus, split = scores.corpus, scores.judged_on()
    if not corpus.split(split).exists():
        return []
    found = [
        id
        for id in corpus.split_ids(split)
        if corpus.annotations(id).exists() and corpus.match_scores(scores.name, id).exists()
    ]
    if len(found) <= MOST:
        return found
    return [found[number] for number in np.linspace(0, len(found) - 1, MOST).round().astype(int)]


def _say_nothing(scores: MatchScores, ids: Sequence[str]) -> bool:
    films = []
    for id in ids:
        try:
            clips, snippets = read_pair(scores.corpus, id)
            truth = read_truth(scores.corpus, id, clips, snippets)
            labels = best_labels([clip.interval for clip in clips], truth)
            films.append((scores.evidence(id, clips, snippets), labels))
        except InputError:
            continue  # a failure of its own, when it is aligned
    return chance_of_scores(films) > CHANCE


def _stored(path: Path, recipe: str, found: ScoreWeight) -> ScoreWeight:
    write_score_weight(path, recipe, found)
    return found


def _measured(corpus: Corpus, id: str, align_with: AlignWith) -> Sequence[float]:
    """The mean of video accuracy and text IoU with each weight; nan for a video that cannot be aligned."""
    try:
        clips, snippets = read_pair(corpus, id)
        truth = read_truth(corpus, id, clips, snippets)
        results = [
            score([clip.interval for clip in clips], truth, align_with(id, weight)) for weight in WEIGHTS
        ]
    except InputError:
        return [np.nan] * len(WEIGHTS)
    return [(result.video_accuracy + result.text_iou) / 2 for result in results]
