"""How much each hypothesis weighs, from the evidence of one film."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmtool.alignment.timing import hypotheses as h
from mmtool.alignment.timing.cut_test import log_odds_of_following

FOLLOWING = 0.35  # share of narrated films whose cuts follow the text
_GREATEST_SHORTFALL = -1.0  # of the channel's log-evidence; a video of the channel may be an unusual one
_PROPORTIONAL = 0.05  # share of the narrations that ignore cuts
_UNTOLD = 0.1  # share of texts that are not read aloud
_UNTOLD_LOG_RATIO = (2.8, 0.8)  # mean and deviation of log(film length / reading time)
_NOTHING_LOG_RATIO = (0.7, 1.6)  # the same where the film's length has nothing to do with the text


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidences:
    """What a film says for each hypothesis.

    ``log_evidence`` is that of the film's length (per step of the grid) under the lattices of ``channel``,
    ``cuts``, ``steady`` and ``loose``. ``length_in_steps`` converts it into a density of the log of the
    length. ``channel_odds`` is the log-odds of the gate, −∞ without a channel.
    """

    log_evidence: Mapping[str, float]
    length_in_steps: float
    log_ratio: float
    cut_score: float
    channel_odds: float


def weigh(evidences: Evidences, following: float = FOLLOWING) -> tuple[dict[str, float], float]:
    """The weights of all hypotheses, summing to 1, and the log-odds of any narration against nothing.

    Cuts follow the text with the probability that their score implies, where a share ``following`` of
    films does. The gate of the channel is lowered by what its evidence falls short of that of ``cuts``, up to
    a limit, and never raised: narrow densities would otherwise win, or lose, by chance.
    """
    log = evidences.log_evidence
    told = np.logaddexp(log[h.STEADY], log[h.LOOSE]) - np.log(2) + np.log(evidences.length_in_steps)
    untold = _log_normal(evidences.log_ratio, *_UNTOLD_LOG_RATIO)
    nothing = _log_normal(evidences.log_ratio, *_NOTHING_LOG_RATIO)
    narrated = _share(told - untold + _log_odds(1 - _UNTOLD))
    follow = _share(log_odds_of_following(evidences.cut_score) + _log_odds(following))
    shortfall = float(np.clip(log.get(h.CHANNEL, -np.inf) - log[h.CUTS], _GREATEST_SHORTFALL, 0.0))
    possible = np.isfinite(log.get(h.CHANNEL, -np.inf))
    channel = _share(evidences.channel_odds + shortfall) if possible else 0.0
    free = narrated * (1 - channel) * (1 - follow)
    steady = _share(log[h.STEADY] - log[h.LOOSE]) if np.isfinite(log[h.STEADY]) else 0.0
    weights = {
        h.CHANNEL: narrated * channel,
        h.CUTS: narrated * (1 - channel) * follow,
        h.STEADY: free * (1 - _PROPORTIONAL) * steady,
        h.LOOSE: free * (1 - _PROPORTIONAL) * (1 - steady),
        h.PROPORTIONAL: free * _PROPORTIONAL,
        h.UNTOLD: 1 - narrated,
    }
    return weights, float(told - nothing)


def _log_normal(value: float, mean: float, deviation: float) -> float:
    return float(-0.5 * ((value - mean) / deviation) ** 2 - np.log(deviation * np.sqrt(2 * np.pi)))


def _log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))


def _share(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(log_odds, -700, 700))))
