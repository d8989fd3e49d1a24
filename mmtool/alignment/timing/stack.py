"""Several hypotheses on one small film as one lattice, whose rates are those of all of them.

A step over a small lattice takes hardly any arithmetic, only calls: all of them cost as much as one.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from mmtool.alignment.timing.durations import together
from mmtool.alignment.timing.lattice import Lattice
from mmtool.alignment.timing.messages import Passes, is_small
from mmtool.alignment.timing.placement import Hypothesis, rate_evidence, that_count
from mmtool.arrays import Floats

_Name = TypeVar("_Name", bound=Hashable)


def rate_evidences(hypotheses: Mapping[_Name, Hypothesis]) -> dict[_Name, Floats]:
    """The log-evidence (R,) of the film's length and cuts at each rate of each hypothesis."""
    names = _together(hypotheses)
    found: dict[_Name, Floats] = {}
    if names:
        lattices = [hypotheses[name].lattice for name in names]
        evidence = Passes(stacked(lattices)).evidence()[:, 0]
        ends = np.cumsum([len(lattice.rates) for lattice in lattices])
        found = dict(zip(names, np.split(evidence, ends[:-1]), strict=True))
    return {
        name: found[name] if name in found else rate_evidence(hypothesis)
        for name, hypothesis in hypotheses.items()
    }


def merged(
    hypotheses: Mapping[_Name, Hypothesis], evidence: Mapping[_Name, Floats], weights: Mapping[_Name, float]
) -> list[tuple[Hypothesis, Floats, float]]:
    """Each hypothesis with the log-weights (R,) of its rates and its weight; those on a small grid as one."""
    names = _together(hypotheses)
    alone = [
        (hypothesis, that_count(evidence[name]), weights[name])
        for name, hypothesis in hypotheses.items()
        if name not in names
    ]
    if not names:
        return alone
    chosen = [hypotheses[name] for name in names]
    counts = [len(one.lattice.rates) for one in chosen]
    whole = replace(
        chosen[0],
        name="+".join(one.name for one in chosen),
        lattice=stacked([one.lattice for one in chosen]),
        unseen=np.repeat([np.mean(one.unseen) for one in chosen], counts),
    )
    logs = [np.log(weights[name]) + that_count(evidence[name]) for name in names]
    return [(whole, np.concatenate(logs), sum(weights[name] for name in names)), *alone]


def stacked(lattices: Sequence[Lattice]) -> Lattice:
    """One lattice with the rates of all; their grid, their number of snippets and their gain are the same."""
    snippets = len(lattices[0].durations)
    rates = [len(lattice.rates) for lattice in lattices]
    longest = max(kernel.shape[1] for lattice in lattices for kernel in lattice.durations)
    gap = np.zeros((sum(rates), max(len(lattice.gap) for lattice in lattices)))
    durations = np.zeros((snippets, sum(rates), longest))
    first = 0
    for lattice, count in zip(lattices, rates, strict=True):
        own = together(lattice.durations)
        durations[:, first : first + count, : own.shape[2]] = own
        gap[first : first + count, : len(lattice.gap)] = lattice.gap
        first += count
    return Lattice(
        durations=durations,
        gap=gap,
        gap_probability=np.repeat(
            np.array([lattice.gap_probability for lattice in lattices]).T, rates, axis=1
        ),
        drop_probability=0.0,
        boundary=_repeated([lattice.boundary for lattice in lattices], rates),
        head=_repeated([lattice.head for lattice in lattices], rates),
        tail=_repeated([lattice.tail for lattice in lattices], rates),
        rates=np.concatenate([lattice.rates for lattice in lattices]),
        gain=lattices[0].gain,
    )


def _together(hypotheses: Mapping[_Name, Hypothesis]) -> list[_Name]:
    """The hypotheses on small lattices over one grid without evidence of single snippets, if several."""
    grids: dict[tuple[int, int], list[_Name]] = {}
    for name, hypothesis in hypotheses.items():
        if _is_plain(hypothesis.lattice):
            grids.setdefault((id(hypothesis.video), id(hypothesis.lattice.gain)), []).append(name)
    names = max(grids.values(), key=len, default=[])
    return names if len(names) > 1 else []


def _is_plain(lattice: Lattice) -> bool:
    """Whether a lattice is small, and has no more than what a stack of them keeps."""
    plain = lattice.starts is None and lattice.ends is None and not np.any(lattice.drop_probability)
    return plain and is_small(lattice)


def _repeated(rows: Sequence[Floats], counts: Sequence[int]) -> Floats:
    return np.repeat(np.stack(rows), counts, axis=0)
