"""The order of a query's candidates by a fusion encoder.

Two rules are published. ALBEF (Li et al., 2021) orders candidates by the logit of "match" alone. BLIP (Li et
al., 2022) and the code of VLMo (Bao et al., 2022) add the cosine of the dual encoder. What is not a candidate
comes after the candidates, in the order of the dual encoder.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.choices import RetrievalScore
from mmtool.retrieval.search import Found, NotFiniteError, top


@dataclass(frozen=True, slots=True)
class Ranked:
    """The candidates of Q queries, best first, and what decided their order."""

    rows: NDArray[np.int64]  # (Q, k)
    score: NDArray[np.float32]  # (Q, k)
    similarity: NDArray[np.float32]  # (Q, k): cosines of the dual encoder
    logit: NDArray[np.float32] | None = None  # (Q, k): of "match"; None if nothing was reranked


def by_similarity(found: Found) -> Ranked:
    """The candidates in the order of the dual encoder."""
    return Ranked(found.rows, found.similarity, found.similarity)


def reranked(found: Found, logit: NDArray[np.float32], rule: RetrievalScore) -> Ranked:
    """Order candidates by a rule; of equals, the one that the dual encoder prefers comes first.

    Args:
        found: The candidates of each query.
        logit: (Q, k): the logit of "match" of each.
        rule: What is compared.

    Raises:
        NotFiniteError: A logit is not a finite number.
    """
    if not np.isfinite(logit).all():
        raise NotFiniteError("match scores that are not finite numbers")
    score = combined(found.similarity, logit, rule)
    order = np.array([top(row, len(row)) for row in score], np.int64).reshape(score.shape)

    return Ranked(
        rows=np.take_along_axis(found.rows, order, axis=1),
        score=np.take_along_axis(score, order, axis=1),
        similarity=np.take_along_axis(found.similarity, order, axis=1),
        logit=np.take_along_axis(logit, order, axis=1),
    )


def combined(
    similarity: NDArray[np.float32], logit: NDArray[np.float32], rule: RetrievalScore
) -> NDArray[np.float32]:
    """The scores that a rule compares."""
    if rule is RetrievalScore.ITC:
        return similarity
    if rule is RetrievalScore.ITM:
        return logit
    return similarity + logit
