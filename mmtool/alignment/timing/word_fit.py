"""Learning how much heard words count: which of the cuts around two words is the boundary between snippets?

Where two neighbouring snippets were heard and touch, the film has a boundary between the last word of one and
the first word of the next, nearly always at a cut. The weights are those under which the annotated cuts are
likeliest among the nearest ones: a conditional logistic model. What does not predict cuts of other films gets
no weight.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mmtool.alignment.timing.clip_lengths import log_lengths
from mmtool.alignment.timing.lag import likely_lags
from mmtool.alignment.timing.word_evidence import EXACT, told_snippets
from mmtool.alignment.timing.word_weights import WordWeights
from mmtool.alignment.words.heard import HeardWords
from mmtool.arrays import Floats
from mmtool.records import Interval

FOLDS = 10
_CUTS = 12  # nearest ones among which a boundary is chosen
_AT_CUT = 0.15  # seconds; an annotated boundary that is farther away is at no cut
_FREEDOM = 3.0  # of Student's t, as in the evidence
_SHORTEST, _LONGEST = 0.05, 3.0  # seconds; of scales
_MOST = 3.0  # of weights
# weights, shifts, scales and what lengths of clips count, in order
_FIRST = np.array([0.5, 0.5, 0.0, 0.0, 0.45, 0.45, 0.45, 0.8, 0.0, 0.0])
_SCALES = slice(4, 8)
_RIDGE = 0.01  # draws shifts to 0 and scales to the first ones: both words are said at about the same time
_FEWEST = 30  # boundaries
_CLEAR = 0.02  # nats a boundary by which evidence must be better than none


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardNarration:
    """An annotated film: the words of its M snippets that were heard, and where the snippets are.

    ``reading`` (M,) is the time that they take to read, ``bounds`` (N + 1,) are the film's cuts.
    """

    heard: HeardWords
    reading: Floats
    bounds: Floats
    truth: Sequence[Interval | None]


@dataclass(frozen=True, slots=True)
class Boundaries:
    """B boundaries between snippets, and the cuts near them.

    ``after_start`` and ``after_end`` (B, C) are the seconds of each cut after the first word of the later
    snippet and after the last word of the earlier one; ``unheard_start`` and ``unheard_end`` (B,) the seconds
    of reading that were not heard there. ``lengths`` (B, C, 2) are the logs of the lengths of the clips
    before and after each cut. ``chosen`` (B,) are the annotated cuts, ``film`` (B,) the numbers of the films.
    """

    after_start: Floats
    after_end: Floats
    unheard_start: Floats
    unheard_end: Floats
    lengths: Floats
    chosen: NDArray[np.int64]
    film: NDArray[np.int64]

    def of(self, rows: NDArray[np.bool_]) -> "Boundaries":
        return Boundaries(
            self.after_start[rows],
            self.after_end[rows],
            self.unheard_start[rows],
            self.unheard_end[rows],
            self.lengths[rows],
            self.chosen[rows],
            self.film[rows],
        )


def boundaries_of(narrations: Sequence[HeardNarration], base: WordWeights) -> Boundaries:
    """The boundaries of annotated films at which both snippets were heard."""
    rows: list[tuple[Floats, Floats, float, float, Floats, int, int]] = []
    for film, narration in enumerate(narrations):
        told = {one.snippet: one for one in told_snippets(narration.heard, narration.reading)}
        exact = np.array([one.start for one in told.values() if one.before < EXACT])
        lag = likely_lags(exact, narration.bounds, base.early_start)[0].seconds
        lengths = log_lengths(narration.bounds)
        for snippet, later in told.items():
            earlier = told.get(snippet - 1)
            own, before = narration.truth[snippet], narration.truth[snippet - 1] if snippet else None
            if earlier is None or own is None or before is None or abs(before.end - own.start) > _AT_CUT:
                continue
            order = np.sort(np.argsort(np.abs(narration.bounds - later.start - lag), kind="stable")[:_CUTS])
            cuts = narration.bounds[order]
            chosen = int(np.abs(cuts - own.start).argmin())
            if len(cuts) < _CUTS or abs(cuts[chosen] - own.start) > _AT_CUT:
                continue
            after = cuts - later.start - lag, cuts - earlier.end - lag
            rows.append((*after, later.before, earlier.after, lengths[order], chosen, film))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 7
    return Boundaries(
        np.array(columns[0]).reshape(-1, _CUTS),
        np.array(columns[1]).reshape(-1, _CUTS),
        np.array(columns[2], dtype=np.float64),
        np.array(columns[3], dtype=np.float64),
        np.array(columns[4]).reshape(-1, _CUTS, 2),
        np.array(columns[5], dtype=np.int64),
        np.array(columns[6], dtype=np.int64),
    )


def fit_word_weights(narrations: Sequence[HeardNarration], base: WordWeights) -> WordWeights:
    """Weights, shifts and scales by maximum likelihood; all else is that of ``base``.

    Evidence that does not tell boundaries in films that were left out, in ten folds, has the weight 0.
    """
    boundaries = boundaries_of(narrations, base)
    if len(boundaries.chosen) < _FEWEST or gain_on_others(boundaries, base) < _CLEAR:
        return replace(base, start=0.0, end=0.0, inside=0.0, clip_before=0.0, clip_after=0.0)
    return _fitted(boundaries, base)


def gain_on_others(boundaries: Boundaries, base: WordWeights) -> float:
    """By how many nats words make a boundary of other films likelier; the films are in ten folds.

    Without words, boundaries are told only by the lengths of the clips.
    """
    fold = boundaries.film % FOLDS
    gain = 0.0
    for number in np.unique(fold):
        own, others = boundaries.of(fold == number), boundaries.of(fold != number)
        with_words, without = (_fitted(others, base, has_words=has) for has in (True, False))
        gain += float((_log_likelihood(own, with_words) - _log_likelihood(own, without)).sum())
    return gain / len(fold)


def _fitted(boundaries: Boundaries, base: WordWeights, *, has_words: bool = True) -> WordWeights:
    from scipy.optimize import minimize  # only learning needs it

    def loss(values: Floats) -> float:
        drawn_back = float((np.log(values[_SCALES] / _FIRST[_SCALES]) ** 2).sum() + (values[2:4] ** 2).sum())
        return float(-_log_likelihood(boundaries, _with(base, values)).mean()) + _RIDGE * drawn_back

    limits = (
        [(0.0, _MOST if has_words else 0.0)] * 2
        + [(-1.0, 1.0)] * 2
        + [(_SHORTEST, _LONGEST)] * 4
        + [(-_MOST, _MOST)] * 2
    )
    return _with(base, np.asarray(minimize(loss, _FIRST, method="L-BFGS-B", bounds=limits).x))


def _with(base: WordWeights, values: Floats) -> WordWeights:
    start, end, start_shift, end_shift, early_start, late_start, early_end, late_end, *clips = values.tolist()
    return replace(
        base,
        start=start,
        end=end,
        start_shift=start_shift,
        end_shift=end_shift,
        early_start=early_start,
        late_start=late_start,
        early_end=early_end,
        late_end=late_end,
        clip_before=clips[0],
        clip_after=clips[1],
    )


def _log_likelihood(boundaries: Boundaries, weights: WordWeights) -> Floats:
    """The log-probability (B,) of the annotated cuts."""
    scores = weights.start * _score(
        boundaries.after_start - weights.start_shift,
        weights.early_start,
        weights.late_start,
        weights.drift * boundaries.unheard_start,
    )
    scores = scores + weights.end * _score(
        boundaries.after_end - weights.end_shift,
        weights.early_end,
        weights.late_end,
        weights.drift * boundaries.unheard_end,
    )
    scores = scores + boundaries.lengths @ (weights.clip_before, weights.clip_after)
    scores = scores - scores.max(axis=1, keepdims=True)
    own = scores[np.arange(len(scores)), boundaries.chosen]
    likelihood: Floats = own - np.log(np.exp(scores).sum(axis=1))
    return likelihood


def _score(late: Floats, early_scale: float, late_scale: float, unheard: Floats) -> Floats:
    """The log (B, C) of Student's t, with a scale for each side."""
    scale = np.hypot(np.where(late < 0, early_scale, late_scale), unheard[:, None])
    score: Floats = -(_FREEDOM + 1) / 2 * np.log1p((late / scale) ** 2 / _FREEDOM)
    return score
