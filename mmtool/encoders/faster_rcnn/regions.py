"""Which regions of a frame make its features: the best detections, then the best proposals."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.ops import batched_nms, remove_small_boxes

MIN_SIDE = 1e-2  # pixels; torchvision also drops smaller detections


@dataclass(frozen=True, slots=True)
class Selection:
    """R regions: detections by descending score, then proposals with score and label 0.

    ``sources`` (R,) are the indices of the proposals that they come from, ``boxes`` (R, 4), ``scores`` (R,),
    ``labels`` (R,).
    """

    sources: Tensor
    boxes: Tensor
    scores: Tensor
    labels: Tensor


def select_regions(
    *,
    proposals: Tensor,
    boxes: Tensor,
    scores: Tensor,
    count: int,
    score_threshold: float,
    nms_threshold: float,
) -> Selection:
    """Select up to ``count`` regions of one frame.

    ``proposals`` (P, 4) are sorted by descending objectness; ``boxes`` (P, C, 4) and ``scores`` (P, C) are
    the box head's output for each of C classes, the first of which is the background. A detection is a
    (proposal, class) pair above ``score_threshold`` that survives non-maximum suppression within its class,
    so one proposal can be the source of several. If there are fewer than ``count`` detections, the proposals
    that are not the source of any follow.
    """
    sources, classes = torch.nonzero(scores[:, 1:] > score_threshold, as_tuple=True)
    labels = classes + 1
    detected, confidence = boxes[sources, labels], scores[sources, labels]
    large = remove_small_boxes(detected, MIN_SIDE)
    kept = large[batched_nms(detected[large], confidence[large], labels[large], nms_threshold)][:count]

    unused = torch.ones(len(proposals), dtype=torch.bool, device=proposals.device)
    unused[sources[kept]] = False
    fillers = torch.nonzero(unused)[: count - len(kept), 0]
    return Selection(
        sources=torch.cat([sources[kept], fillers]),
        boxes=torch.cat([detected[kept], proposals[fillers]]),
        scores=torch.cat([confidence[kept], confidence.new_zeros(len(fillers))]),
        labels=torch.cat([labels[kept], labels.new_zeros(len(fillers))]),
    )
