"""One film → the scores of its clips and snippets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.timing.mixture import align_by_mixture
from mmtool.alignment.timing.parameters import default_parameters
from mmtool.errors import CallError, InputError
from mmtool.features.pairs import FeaturePair
from mmtool.features.similarity import cosine_similarity
from mmtool.records import Clip, Snippet
from mmtool.retrieval.contract import ClipStates, LogOdds, Pairs
from mmtool.retrieval.extension import extended
from mmtool.retrieval.pairs import likely_pairs
from mmtool.screenplay_kinds import placeable_texts
from mmtool.stages.shared.pair_models import PairModel
from mmtool.text.language_detection import detect_language

TOGETHER = 16  # clips that are read at a time: BLIP's states are 2 MB a frame
KEPT = 512  # clips whose states are kept until their pairs are known; those of longer films are read twice


@dataclass(frozen=True, slots=True)
class Judged:
    """Log-odds (N, M), which pairs were judged (N, M), and the similarity (N, M)."""

    log_odds: NDArray[np.float32]
    reranked: NDArray[np.bool_]
    similarity: NDArray[np.float32]


class FilmJudge:
    """Judges the pairs of one film after the other."""

    def __init__(self, model: PairModel, features: FeaturePair | None, k: int) -> None:
        self._model, self._features, self._k = model, features, k

    def judge(self, id: str, title: str, clips: list[Clip], snippets: list[Snippet]) -> Judged:
        """Score a film; raises InputError if it cannot be read, CallError for scores that are not finite."""
        matcher = self._model.matcher
        texts = matcher.texts([snippet.text for snippet in snippets])
        blocks: list[ClipStates] = []
        if self._features is not None:
            self._features.video.check_clips(id, clips)
            self._features.text.check_snippets(id, snippets)
            similarity = cosine_similarity(
                self._features.video.parts(id)[0], self._features.text.parts(id)[0]
            )
        else:
            parts = []
            for start in range(0, len(clips), TOGETHER):
                block = self._read(id, start, len(clips))
                parts.append(block.embeddings)
                if len(clips) <= KEPT:
                    blocks.append(block)
            similarity = _cosines(np.concatenate(parts), texts.embeddings)
        self._require_finite(similarity)
        pairs = likely_pairs(similarity, self._k, timing_posterior(title, clips, snippets))
        odds = np.zeros(len(pairs), np.float32)
        for number, start in enumerate(range(0, len(clips), TOGETHER)):
            own = (pairs[:, 0] >= start) & (pairs[:, 0] < start + TOGETHER)
            if own.any():
                block = blocks[number] if blocks else self._read(id, start, len(clips))
                odds[own] = matcher.match(block, texts, _shifted(pairs[own], start))
        self._require_finite(odds)
        log_odds, judged = extended(similarity, pairs, odds)
        return Judged(log_odds, judged, similarity.astype(np.float32))

    def _read(self, id: str, start: int, count: int) -> ClipStates:
        rows = range(start, min(start + TOGETHER, count))
        try:
            return self._model.matcher.clips(self._model.materials.read(id, rows))
        except ValueError as error:
            raise InputError(
                id, str(error), "score it with a run that was trained on its features"
            ) from error

    def _require_finite(self, scores: NDArray[np.floating] | LogOdds) -> None:
        if not np.isfinite(scores).all():
            name = self._model.matcher.identity.name
            raise CallError(f"{name} returned scores that are not finite numbers; try `precision=fp32`")


def timing_posterior(
    title: str, clips: Sequence[Clip], snippets: Sequence[Snippet]
) -> NDArray[np.float64] | None:
    """The probabilities (N, M) of pairs by timing alone; None for a text that cannot be read in the film."""
    texts = placeable_texts(snippets)
    try:
        timed = align_by_mixture(
            [clip.interval for clip in clips],
            texts,
            default_parameters(),
            title=title,
            language=detect_language([snippet.text for snippet in snippets]),
        )
    except ValueError:
        return None
    return timed.posterior.T


def _cosines(clips: NDArray[np.float32], texts: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, M); a clip of several vectors is as similar as the most similar of them."""
    if not len(texts):
        return np.zeros((len(clips), 0))
    vectors = clips.reshape(len(clips), -1, texts.shape[1])  # (N, V, E)
    found: NDArray[np.float64] = np.max(vectors.astype(np.float64) @ texts.T, axis=1)
    return found


def _shifted(pairs: Pairs, start: int) -> Pairs:
    shifted: Pairs = pairs - np.array([start, 0])
    return shifted
