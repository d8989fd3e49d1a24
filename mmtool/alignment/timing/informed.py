"""Hypotheses of timing that are told more: words that were heard, cues, what a person has fixed.

An evidence that may be of several kinds, such as words with one of several lags, is a list of evidences that
exclude each other. Each hypothesis is combined with each of them, and weighed by how well it predicts it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmtool.alignment.timing import hypotheses as h
from mmtool.alignment.timing.evidence import Observations
from mmtool.alignment.timing.lattice import Lattice
from mmtool.alignment.timing.placement import LEAST_PRIOR, LEAST_WEIGHT, Hypothesis, log_sum, rate_evidence
from mmtool.arrays import Floats


@dataclass(frozen=True, slots=True)
class Informed:
    """Hypotheses with evidence, by the name and the number of the evidence.

    ``hypotheses`` has only those that weigh more than :data:`LEAST_WEIGHT`. ``evidence`` is the log-evidence
    (R,) at the rates of each, ``weights`` sum to 1. ``log_gain`` is the log-evidence of what was told: how
    much likelier it is under the hypotheses than without them.
    """

    hypotheses: Mapping[tuple[str, int], Hypothesis]
    evidence: Mapping[tuple[str, int], Floats]
    weights: Mapping[tuple[str, int], float]
    log_gain: float

    def weights_by_name(self) -> dict[str, float]:
        """The weight of each hypothesis with all evidences."""
        names = dict.fromkeys(name for name, _ in self.weights)
        return {name: sum(w for (own, _), w in self.weights.items() if own == name) for name in names}

    def chosen(self) -> int:
        """The number of the likeliest evidence."""
        numbers = {number: 0.0 for _, number in self.weights}
        for (_, number), weight in self.weights.items():
            numbers[number] += weight
        return max(numbers, key=numbers.__getitem__)


def informed(
    hypotheses: Mapping[str, Hypothesis],
    evidence: Mapping[str, Floats],
    weights: Mapping[str, float],
    told: Sequence[Observations],
    unit: float,
) -> Informed:
    """Combine each hypothesis, of these log-evidences (R,) and weights, with each evidence.

    ``unit`` converts the times of the channel's hypothesis into seconds. Raises ValueError where no
    hypothesis agrees with any evidence, as only evidence that is certain can cause.
    """
    names = [name for name in hypotheses if weights[name] > LEAST_PRIOR]
    before = {}
    for name in names:
        is_cheap = name == h.PROPORTIONAL  # which is not worked out yet
        without = rate_evidence(hypotheses[name]) if is_cheap else evidence[name]
        before[name] = np.log(weights[name]) - log_sum(without)
    found: dict[tuple[str, int], Hypothesis] = {}
    both: dict[tuple[str, int], Floats] = {}
    logs = {(name, number): -np.inf for name in names for number in range(len(told))}
    for number, each in enumerate(told):
        scored: dict[tuple[int, int], Lattice] = {}  # hypotheses of one grid share what is told
        for name in names:
            hypothesis, key = hypotheses[name], (name, number)
            grid = hypothesis.video.grid * (unit if name == h.CHANNEL else 1.0)
            own = id(hypothesis.video), id(hypothesis.lattice.gain)
            lattice = each.on(hypothesis.lattice, grid, scored.get(own))
            scored.setdefault(own, lattice)
            found[key] = replace(hypothesis, lattice=lattice)
            both[key] = rate_evidence(found[key])
            logs[key] = float(before[name] + log_sum(both[key]) + each.log_prior)
            least = max(logs.values()) + np.log(LEAST_WEIGHT)
            found = {key: one for key, one in found.items() if logs[key] > least}
    gain = log_sum(np.array(list(logs.values())))
    if not np.isfinite(gain):
        raise ValueError("the text does not fit into the video with what is known of it")
    shares = {key: float(np.exp(log - gain)) for key, log in logs.items()}
    return Informed(found, {key: both[key] for key in logs}, shares, gain)
