"""What a matcher learns from: contrast between embeddings, with several positives, and matching of pairs."""

import torch
from torch import Tensor, nn

from mmtool.matching.model import MATCH


def contrastive_loss(logits: Tensor, positives: Tensor, *, gamma: float = 0.0) -> Tensor:
    """Focal contrast of clips and snippets in both directions, averaged (Park & Han, CVPR 2023).

    Each row's target is uniform over its positives. A row without any has no target, but its entry is a
    negative of the others. With ``gamma`` 0 this is the plain contrastive loss of ALBEF and VLMo:
    ``L_i = −Σ_j y_ij (1 − p_ij)^γ log p_ij``, p the softmax of the row.

    Args:
        logits: (N, M): cosines of N clips and M snippets times the scale, in fp32.
        positives: (N, M): which belong together.
        gamma: How much less easy examples weigh.
    """
    one_way = _directed(logits, positives, gamma)
    return (one_way + _directed(logits.T, positives.T, gamma)) / 2


def _directed(logits: Tensor, positives: Tensor, gamma: float) -> Tensor:
    rows = positives.any(dim=1)
    log_shares = logits[rows].log_softmax(dim=1)
    targets = positives[rows].to(logits.dtype)
    targets = targets / targets.sum(dim=1, keepdim=True)
    if gamma:
        # 1 − p from log p keeps its digits where p is near 1; below the least it would have no gradient
        log_shares_left = torch.log(-torch.expm1(log_shares.clamp(max=-1e-6)))
        targets = targets * torch.exp(gamma * log_shares_left)
    return -(targets * log_shares).sum(dim=1).mean()


def matching_loss(logits: Tensor, match: Tensor) -> Tensor:
    """The sum of the cross-entropies of pairs: logits (P, 2), and which of them belong together (P,)."""
    classes = torch.where(match, MATCH, 1 - MATCH)
    return nn.functional.cross_entropy(logits, classes, reduction="sum")
