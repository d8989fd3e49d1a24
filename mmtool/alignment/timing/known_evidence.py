"""The mixture of timing hypotheses after pins and cues: Bayes' rule over hypotheses and placements."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mmtool.alignment.timing import hypotheses as h
from mmtool.alignment.timing.constrained import GridEvidence, constrained
from mmtool.alignment.timing.lattice import Lattice
from mmtool.alignment.timing.placement import LEAST_PRIOR, Hypothesis, log_sum, rate_evidence
from mmtool.arrays import Floats
from mmtool.constraints import Constraints


def after_evidence(
    hypotheses: Mapping[str, Hypothesis],
    without: Mapping[str, Floats],
    weights: Mapping[str, float],
    constraints: Constraints,
    cues: Floats | None,
    unit: float,
) -> tuple[dict[str, Hypothesis], dict[str, Floats], dict[str, float]]:
    """The hypotheses with pins and cues, their log-evidence, and their weights by Bayes' rule.

    A hypothesis gains as much weight as pins and cues are likelier under it. ``without`` are the
    log-evidences (R,) of those before.
    """
    possible, evidence, odds = dict[str, Hypothesis](), dict[str, Floats](), dict[str, float]()
    scored: dict[int, Lattice] = {}  # hypotheses of one grid share what pins and cues say
    for name, hypothesis in hypotheses.items():
        if weights[name] <= LEAST_PRIOR:
            continue
        scale = unit if name == h.CHANNEL else 1.0
        found = GridEvidence.of(constraints, cues, scale)
        own = id(hypothesis.video)
        lattice = constrained(hypothesis.lattice, found, hypothesis.video.grid, scored.get(own))
        scored.setdefault(own, lattice)
        possible[name] = replace(hypothesis, lattice=lattice, unseen=0.0)
        evidence[name] = rate_evidence(possible[name])
        before = rate_evidence(hypothesis) if name == h.PROPORTIONAL else without[name]
        odds[name] = np.log(weights[name]) + log_sum(evidence[name]) - log_sum(before)
    greatest = max((value for value in odds.values() if np.isfinite(value)), default=-np.inf)
    if not np.isfinite(greatest):
        raise ValueError("the text does not fit between its pins")
    likely = {
        name: float(np.exp(value - greatest)) if np.isfinite(value) else 0.0 for name, value in odds.items()
    }
    total = sum(likely.values())
    return possible, evidence, {name: value / total for name, value in likely.items()}
