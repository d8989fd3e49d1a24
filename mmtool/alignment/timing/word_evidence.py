"""Words that were heard → evidence of when the snippets of a text are told.

The first word of a snippet that was heard says when the snippet starts, the less exactly the more words
before it were not heard: the reader's pace is not known exactly. The last word says when it ends. Where
other words, or none, are heard between two snippets, the film pauses. A snippet none of whose words was
heard may not be told at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from mmtool.alignment.timing.clip_lengths import log_lengths
from mmtool.alignment.timing.evidence import Edge, Observations, Pause, Sighting, Telling
from mmtool.alignment.timing.lag import Lag, likely_lags
from mmtool.alignment.timing.word_weights import WordWeights, default_word_weights
from mmtool.alignment.words.heard import SURE, HeardWords
from mmtool.arrays import Floats

EXACT = 0.1  # seconds; words that start a snippet are read within that time of its start

_ERRORS = (1.0, 0.7, 0.5, 0.35, 0.25)  # of the usual ones that a film's words may have
_PAUSE, _INTERRUPTION = 2.0, 1.0  # seconds; least pause without, and with other words
_OTHER_WORDS = 3  # that interrupt the text
_INTERRUPTED = 0.85  # probability that the film shows something else where other words are heard
_OFTEN = 4.0  # a film shows something else in its pauses so many times as often as the narration pauses
_FEWEST_PAUSES, _MOST_PAUSES = 0.1, 0.9
_CUT_BEFORE = 0.25, 6.0  # a snippet's pictures begin before its words by this share of a pause so long
_CUT_AFTER = 0.5, 8.0  # and go on after them by this share of a pause so long
_UNSPOKEN = 0.03  # of the snippets of a text, before anything is heard
_DROPOUT = 0.05  # least probability that a recogniser hears nothing of a snippet that is told


@dataclass(frozen=True, slots=True)
class ToldSnippet:
    """When a snippet is told, in seconds without the lag.

    ``before`` and ``after`` are the seconds of its reading that were not heard at its start and its end,
    ``first`` and ``last`` the confidences of the words between them.
    """

    snippet: int
    start: float
    end: float
    before: float
    after: float
    first: float
    last: float


def word_evidence(
    heard: HeardWords, reading: Floats, bounds: Floats, weights: WordWeights | None = None
) -> list[Observations]:
    """The evidence for each likely lag, likeliest first; empty where too few words were heard.

    Args:
        heard: The words of M snippets that were heard.
        reading: The seconds (M,) that the snippets take to read, at any pace.
        bounds: The film's cuts (N + 1,), ends included.
        weights: How much words count.
    """
    weights = weights or default_word_weights()
    told = told_snippets(heard, reading)
    if not told or not heard.tells or not weights.says_something:
        return []
    exact = np.array([one.start for one in told if one.before < EXACT])
    weights, lags = _as_exact_as(exact, bounds, weights)
    nats = log_lengths(bounds) @ (weights.clip_before, weights.clip_after)
    cuts = dict(zip(bounds.tolist(), nats.tolist(), strict=True)) if nats.any() else {}
    evidence = replace(_without_lag(told, heard, weights), cuts=cuts)
    return [replace(_later(evidence, lag.seconds), log_prior=lag.log_prior) for lag in lags]


def _as_exact_as(times: Floats, bounds: Floats, weights: WordWeights) -> tuple[WordWeights, list[Lag]]:
    """The weights with the errors of this film's words, and the likely lags.

    Some films are cut exactly to their words, and some recognisers time them exactly. That share of the usual
    error is chosen with which the first words of snippets, at ``times`` (K,), fit the cuts best.
    """
    found = []
    for share in _ERRORS:
        scaled = weights.scaled(share)
        lags = likely_lags(times, bounds, scaled.early_start)
        found.append((lags[0].log_prior + lags[0].log_fit, scaled, lags))
    _, best, lags = max(found, key=lambda one: one[0])
    return best, lags


def told_snippets(heard: HeardWords, reading: Floats) -> list[ToldSnippet]:
    """The snippets of which words were heard, unheard words being read at the pace of those heard."""
    sure = np.flatnonzero(heard.confidence > SURE)
    if not len(sure):
        return []
    snippets, place = np.unique(heard.snippet[sure], return_index=True)
    first, last = sure[place], sure[np.append(place[1:], len(sure)) - 1]
    spoken = heard.end[last] - heard.start[first]
    share = 1 - heard.before[first] - heard.after[last]
    pace = float(np.median(spoken / np.maximum(share * reading[snippets], 1e-6)))
    before = heard.before[first] * reading[snippets] * pace
    after = heard.after[last] * reading[snippets] * pace
    starts, ends = heard.start[first] - before, heard.end[last] + after
    columns = (snippets, starts, ends, before, after, heard.confidence[first], heard.confidence[last])
    return [ToldSnippet(int(row[0]), *map(float, row[1:])) for row in zip(*columns, strict=True)]


def _without_lag(told: Sequence[ToldSnippet], heard: HeardWords, weights: WordWeights) -> Observations:
    pauses = {pause.snippet: pause for pause in _pauses(told, heard.other)}
    return Observations(
        sightings=[sighting for one in told for sighting in _sightings(one, pauses, weights)],
        tellings=_tellings(heard, weights),
        pauses=list(pauses.values()),
        unspoken=_unspoken(heard),
    )


def _sightings(one: ToldSnippet, pauses: Mapping[int, Pause], weights: WordWeights) -> list[Sighting]:
    """The start and the end of a snippet, whose pictures may begin and end within the pauses around it."""
    early, unheard = weights.early_start, weights.drift * one.before
    if before := pauses.get(one.snippet - 1):
        share, longest = _CUT_BEFORE
        early += share * min(before.seconds, longest)
    start = Sighting(
        snippet=one.snippet,
        edge=Edge.START,
        time=one.start + weights.start_shift,
        early=float(np.hypot(early, unheard)),
        late=float(np.hypot(weights.late_start, unheard)),
        reliability=weights.reliability * one.first,
        weight=weights.start,
    )
    after, unheard, late = pauses.get(one.snippet), weights.drift * one.after, weights.late_end
    if after:
        share, longest = _CUT_AFTER
        late += share * min(after.seconds, longest)
    end = Sighting(
        snippet=one.snippet,
        edge=Edge.END,
        time=one.end + weights.end_shift,
        early=float(np.hypot(weights.early_end, unheard)),
        late=float(np.hypot(late, unheard)),
        reliability=weights.reliability * one.last * (after.shows_other if after else 1.0),
        weight=weights.end,
    )
    return [start, end]


def _tellings(heard: HeardWords, weights: WordWeights) -> list[Telling]:
    nats = weights.inside * heard.confidence
    total = np.bincount(heard.snippet, nats)
    nats = nats * np.minimum(1.0, weights.most_inside / np.maximum(total[heard.snippet], 1e-9))
    middles = (heard.start + heard.end) / 2
    words = zip(heard.snippet.tolist(), middles.tolist(), nats.tolist(), strict=True)
    return [Telling(*word) for word in words if word[2]]


def _pauses(told: Sequence[ToldSnippet], other: Floats) -> list[Pause]:
    """The pauses between snippets, in which words at the times ``other`` (L,) may be said.

    A narrator who seldom pauses lets the pictures of what was told go on; one who often does leaves room for
    others.
    """
    pairs = [(earlier, later) for earlier, later in pairwise(told) if later.snippet == earlier.snippet + 1]
    seconds = [later.start - earlier.end for earlier, later in pairs]
    words = [int(((other > e.end + 0.2) & (other < n.start - 0.2)).sum()) for e, n in pairs]
    silent = sum(s > _PAUSE and w < _OTHER_WORDS for s, w in zip(seconds, words, strict=True))
    often = _OFTEN * (silent + 0.5) / (len(pairs) + 10)
    shows_other = min(max(often, _FEWEST_PAUSES), _MOST_PAUSES)
    pauses = []
    for (earlier, _), pause, said in zip(pairs, seconds, words, strict=True):
        if said >= _OTHER_WORDS and pause > _INTERRUPTION:
            pauses.append(Pause(earlier.snippet, pause, _INTERRUPTED))
        elif pause > _PAUSE:
            pauses.append(Pause(earlier.snippet, pause, shows_other))
    return pauses


def _unspoken(heard: HeardWords) -> dict[int, float]:
    """The probability that a snippet is not told, for those between others of which nothing was heard.

    The likelihood of not hearing any of its words falls with their number, but not below the share of
    snippets of which nothing was heard: the recogniser may have dropped out.
    """
    sure = heard.confidence > SURE
    count = np.bincount(heard.snippet[sure], minlength=len(heard.words_of))
    found = np.flatnonzero(count)
    within = np.arange(len(count))
    within = within[(within > found[0]) & (within < found[-1])]
    hit = float(np.minimum(count[found] / np.maximum(heard.words_of[found], 1), 1.0).mean())
    silent = within[(count[within] == 0) & (heard.words_of[within] > 0)]
    dropout = max(_DROPOUT, len(silent) / max(len(within), 1))
    result = {}
    for snippet in silent.tolist():
        missed = max((1 - min(hit, 0.99)) ** float(heard.words_of[snippet]), dropout)
        odds = _UNSPOKEN / (1 - _UNSPOKEN) / missed
        result[snippet] = odds / (1 + odds)
    return result


def _later(evidence: Observations, seconds: float) -> Observations:
    """The same evidence, ``seconds`` later."""
    return replace(
        evidence,
        sightings=[replace(sighting, time=sighting.time + seconds) for sighting in evidence.sightings],
        tellings=[replace(telling, time=telling.time + seconds) for telling in evidence.tellings],
    )
