"""Where a frame may hold something: anchors, moved and thinned out (Ren et al., 2015)."""

import torch
from torch import Tensor
from torchvision.models.detection._utils import BoxCoder
from torchvision.ops import clip_boxes_to_image, nms

from mmtool.encoders.visual_genome.config import DetectorSettings
from mmtool.encoders.visual_genome.network import STRIDE, VisualGenomeNetwork


def cell_anchors(settings: DetectorSettings) -> Tensor:
    """The anchors (A, 4) of a cell around (0, 0), the sizes one after the other, not rounded."""
    anchors = []
    for size in settings.anchor_sizes:
        for ratio in settings.anchor_ratios:
            width = (size**2 / ratio) ** 0.5
            height = ratio * width
            anchors.append([-width / 2, -height / 2, width / 2, height / 2])
    return torch.tensor(anchors)


def grid_anchors(cell: Tensor, height: int, width: int) -> Tensor:
    """The anchors (height · width · A, 4) of all cells, by rows, columns, anchors."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    centres = STRIDE * torch.stack([x, y, x, y], dim=-1).reshape(-1, 1, 4).to(cell)
    return (centres + cell).reshape(-1, 4)


def propose(
    network: VisualGenomeNetwork, maps: Tensor, size: tuple[int, int], settings: DetectorSettings
) -> Tensor:
    """The proposals (P, 4) of one frame of ``size`` (H, W) pixels, the likeliest first.

    The likeliest anchors are moved, cut at the frame's border and thinned out by non-maximum suppression.
    A frame without any is one proposal as a whole.
    """
    logits, deltas = network.rpn_head(maps)
    order = logits.sort(descending=True, stable=True).indices[: settings.candidates]
    anchors = grid_anchors(network.cell_anchors, *maps.shape[2:])[order]
    boxes = BoxCoder((1.0, 1.0, 1.0, 1.0)).decode_single(deltas[order], anchors)
    boxes = clip_boxes_to_image(boxes, size)
    full = (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
    boxes, scores = boxes[full], logits[order][full]
    proposals: Tensor = boxes[nms(boxes, scores, settings.proposal_overlap)[: settings.proposals]]
    return proposals if len(proposals) else boxes.new_tensor([[0, 0, size[1], size[0]]])
