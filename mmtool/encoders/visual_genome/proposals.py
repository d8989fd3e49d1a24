"""Proposals of a frame: anchors, refined and thinned out (Ren et al., 2015)."""

import torch
from torch import Tensor
from torchvision.ops import clip_boxes_to_image, nms

from mmtool.encoders.visual_genome.boxes import refine_boxes
from mmtool.encoders.visual_genome.config import DetectorSettings
from mmtool.encoders.visual_genome.network import STRIDE, VisualGenomeNetwork


def cell_anchors(settings: DetectorSettings) -> Tensor:
    """The anchors (A, 4) of a cell around (0, 0), ordered by size, not rounded."""
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
    """The proposals (P, 4) of one frame of ``size`` (H, W) pixels, by descending objectness.

    The most probable anchors are refined, clipped to the frame and thinned out by non-maximum suppression.
    If none are left, the whole frame is the only proposal.
    """
    logits, deltas = network.rpn_head(maps)
    order = logits.sort(descending=True, stable=True).indices[: settings.candidates]
    anchors = grid_anchors(network.cell_anchors, *maps.shape[2:])[order]
    boxes = refine_boxes(anchors, deltas[order])
    boxes = clip_boxes_to_image(boxes, size)
    full = (boxes[:, 2:] > boxes[:, :2]).all(dim=1)
    boxes, scores = boxes[full], logits[order][full]
    proposals: Tensor = boxes[nms(boxes, scores, settings.proposal_overlap)[: settings.proposals]]
    return proposals if len(proposals) else boxes.new_tensor([[0, 0, size[1], size[0]]])
