"""The weights that minimise the ratio of overfitting to generalisation.

They are linear in the gain. The closing line of the supplement's proof squares it, against its own Eq. 10;
and its weights for correlated branches multiply each row of Σ⁻¹ by one gain instead of by all.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np

from mmtool.arrays import Floats
from mmtool.blends import BlendEstimate, BranchChange, BranchWeight
from mmtool.fusion_choices import JOINT

LEAST_OVERFITTING = 1e-3  # of the loss before, so that a branch without overfitting has a finite weight
LEAST_JOINT = 0.05
LEAST_WEIGHT = 1e-4  # of a branch in a fold in which it learned nothing, where it did in others


def optimal_weights(gains: Floats, overfitting: Floats) -> Floats:
    """The weights (K,), whose sum is 1, of the blend with the least E[OGR²] for one step.

    Args:
        gains: (K,): ⟨∇L*, v⟩ of each branch's gradient v.
        overfitting: (K,): the second moments σ² = E⟨∇Lᵀ − ∇L*, v⟩² of uncorrelated branches; or (K, K):
            the matrix Σ of second moments of correlated ones.
    """
    weights = gains / overfitting if overfitting.ndim == 1 else np.linalg.solve(overfitting, gains)
    optimal: Floats = weights / weights.sum()
    return optimal


def weights_of_fold(changes: Sequence[BranchChange]) -> dict[str, float]:
    """w = G / O² by branch, with the sum 1.

    A branch that gained nothing has no weight, and overfitting counts at least a thousandth of the loss
    before. Where no branch gained anything, all weights are the same.
    """
    gains = np.array([max(change.gain, 0.0) for change in changes])
    if not gains.any():
        return {change.branch: 1 / len(changes) for change in changes}
    floors = [max(change.overfitting, LEAST_OVERFITTING * change.held_out) for change in changes]
    weights = optimal_weights(gains, np.square(floors))
    return {change.branch: float(weight) for change, weight in zip(changes, weights, strict=True)}


def averaged(folds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of the logarithms of weights over folds, by branch, with the sum 1.

    A branch without weight in some folds counts there with a ten-thousandth; in all folds, it has none.
    """
    means = {}
    for branch in folds[0]:
        weights = [fold[branch] for fold in folds]
        logs = [math.log(max(weight, LEAST_WEIGHT)) for weight in weights]
        means[branch] = math.exp(fmean(logs)) if any(weights) else 0.0
    total = sum(means.values())
    return {branch: weight / total for branch, weight in means.items()}


def with_joint(weights: Mapping[str, float]) -> dict[str, float]:
    """The weights with at least a twentieth for the joint branch, by which everything is decided in the end.

    Otherwise a joint branch that only overfits by itself would not be trained at all. With little weight it
    learns slowly, from encoders that learn for the other branches.
    """
    others = sum(weight for branch, weight in weights.items() if branch != JOINT)
    if weights.get(JOINT, 1.0) >= LEAST_JOINT or not others:
        return dict(weights)
    scaled = {branch: weight * (1 - LEAST_JOINT) / others for branch, weight in weights.items()}
    return scaled | {JOINT: LEAST_JOINT}


def to_leave_out(changes: Sequence[BranchChange]) -> tuple[str, ...]:
    """The modalities that the joint branch shall not see: those that gain nothing, if it suffers from them.

    That is so where a modality gains nothing in any fold by itself, and the joint branch gains less on
    average than the best modality. What informs only together with others stays: the joint branch gains.
    """
    gains: dict[str, list[float]] = {}
    for change in changes:
        gains.setdefault(change.branch, []).append(change.gain)
    joint = fmean(gains.pop(JOINT))
    if joint >= max(fmean(found) for found in gains.values()):
        return ()
    useless = tuple(branch for branch, found in gains.items() if max(found) <= 0)
    return () if len(useless) == len(gains) else useless


def estimate(changes: Sequence[BranchChange]) -> BlendEstimate:
    """The weights from the changes of all branches in all folds of one estimate.

    Where modalities are left out, the joint branch counts as it was measured without them.
    """
    left_out = max((change.left_out for change in changes), key=len)
    changes = [change for change in changes if change.branch != JOINT or change.left_out == left_out]
    folds = sorted({change.fold for change in changes})
    by_fold = [[change for change in changes if change.fold == fold] for fold in folds]
    weights = with_joint(averaged([weights_of_fold(fold) for fold in by_fold]))
    branches = {}
    for branch, weight in weights.items():
        own = [change for change in changes if change.branch == branch]
        gain, overfitting = fmean(c.gain for c in own), fmean(c.overfitting for c in own)
        branches[branch] = BranchWeight(weight, gain, overfitting)
    return BlendEstimate(changes[0].epoch, changes[0].epochs, branches, left_out)
