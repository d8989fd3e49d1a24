"""One film → the scores of its clips and snippets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.timing.mixture import align_by_mixture
from mmtool.alignment.timing.parameters import default_parameters
from mmtool.features.pairs import FeaturePair
from mmtool.features.similarity import cosine_similarity
from mmtool.records import Clip, Snippet
from mmtool.retrieval.contract import ClipStates, Pairs
from mmtool.retrieval.extension import extended
from mmtool.retrieval.pairs import likely_pairs
from mmtool.screenplay_kinds import placeable_texts
from mmtool.stages.shared.clip_blocks import in_blocks, read_states, require_finite
from mmtool.stages.shared.pair_models import PairModel
from mmtool.text.language_detection import detect_language

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
        matcher, materials = self._model.matcher, self._model.materials
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
            for rows in in_blocks(range(len(clips))):
                block = read_states(matcher, materials, id, rows)
                parts.append(block.embeddings)
                if len(clips) <= KEPT:
                    blocks.append(block)
            similarity = _cosines(np.concatenate(parts), texts.embeddings)
        require_finite(matcher, similarity)
        pairs = likely_pairs(similarity, self._k, timing_posterior(title, clips, snippets))
        odds = np.zeros(len(pairs), np.float32)
        for number, rows in enumerate(in_blocks(range(len(clips)))):
            own = (pairs[:, 0] >= rows[0]) & (pairs[:, 0] <= rows[-1])
            if own.any():
                block = blocks[number] if blocks else read_states(matcher, materials, id, rows)
                odds[own] = matcher.match(block, texts, _shifted(pairs[own], rows[0]))
        require_finite(matcher, odds)
        log_odds, judged = extended(similarity, pairs, odds)
        return Judged(log_odds, judged, similarity.astype(np.float32))


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
