"""The Visual Genome detector step by step from its published description, slow and without torchvision.

Reads the published tensor names; a small checkpoint of the same form is drawn here, too.
"""

from collections.abc import Iterator
from math import ceil, exp, floor, log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

Tensors = dict[str, torch.Tensor]
SIZES, RATIOS = (16.0, 32.0, 64.0, 128.0), (0.5, 1.0, 2.0)  # of the small model's anchors
CONFIG = f"""
input: {{format: BGR, min_size_test: 96, max_size_test: 160}}
model:
  pixel_mean: [102.9801, 115.9465, 122.7717]
  anchor_generator:
    sizes: [[{", ".join(map(str, SIZES))}]]
    aspect_ratios: !!python/tuple
    - !!python/tuple [{", ".join(map(str, RATIOS))}]
  rpn: {{pre_nms_topk_test: 400, post_nms_topk_test: 60}}
  roi_box_head: {{bbox_reg_weights: "(10.0, 10.0, 5.0, 5.0)", pooler_resolution: 14}}
"""
CANDIDATES, PROPOSALS = 400, 60


# --- a small checkpoint ----------------------------------------------------------------------------


def small_checkpoint(seed: int = 4, classes: int = 11, attributes: int = 7) -> Tensors:
    """Random tensors with the published names: stem 6, widths 4, 5, 6, 7, blocks 2, 1, 2, 2."""
    rng = torch.Generator().manual_seed(seed)

    def normal(*shape: int, gain: float = 1.0) -> torch.Tensor:
        return torch.randn(*shape, generator=rng) * gain * sqrt(2 / max(1, int(np.prod(shape[1:]))))

    tensors: Tensors = {}

    def convolution(name: str, outputs: int, inputs: int, side: int) -> None:
        tensors[f"{name}.weight"] = normal(outputs, inputs, side, side)
        tensors[f"{name}.norm.weight"] = 0.5 + torch.rand(outputs, generator=rng)
        tensors[f"{name}.norm.bias"] = 0.3 * torch.randn(outputs, generator=rng)
        tensors[f"{name}.norm.running_mean"] = 0.3 * torch.randn(outputs, generator=rng)
        tensors[f"{name}.norm.running_var"] = 0.5 + torch.rand(outputs, generator=rng)
        tensors[f"{name}.norm.num_batches_tracked"] = torch.tensor([7])

    convolution("backbone.stem.conv1", 6, 3, 7)
    tensors["backbone.stem.conv1.norm.running_var"] *= 60.0**2  # pixels are large
    inputs = 6
    for stage, width, blocks in (
        ("backbone.res2", 4, 2),
        ("backbone.res3", 5, 1),
        ("backbone.res4", 6, 2),
        ("roi_heads.res5", 7, 2),
    ):
        for block in range(blocks):
            convolution(f"{stage}.{block}.conv1", width, inputs, 1)
            convolution(f"{stage}.{block}.conv2", width, width, 3)
            convolution(f"{stage}.{block}.conv3", 4 * width, width, 1)
            if block == 0:
                convolution(f"{stage}.{block}.shortcut", 4 * width, inputs, 1)
            inputs = 4 * width

    def layer(name: str, *shape: int, gain: float = 1.0) -> None:
        tensors[f"{name}.weight"] = normal(*shape, gain=gain)
        tensors[f"{name}.bias"] = 0.1 * torch.randn(shape[0], generator=rng)

    layer("proposal_generator.rpn_head.conv", 8, 24, 3, 3)
    layer("proposal_generator.rpn_head.objectness_logits", 12, 8, 1, 1)
    layer("proposal_generator.rpn_head.anchor_deltas", 48, 8, 1, 1, gain=0.2)
    layer("roi_heads.box_predictor.cls_score", classes + 1, 28, gain=3)
    layer("roi_heads.box_predictor.bbox_pred", 4 * classes, 28)
    tensors["roi_heads.box_predictor.cls_embedding.weight"] = torch.randn(classes + 1, 9, generator=rng)
    layer("roi_heads.box_predictor.fc_attr", 10, 28 + 9)
    layer("roi_heads.box_predictor.attr_score", attributes + 1, 10)
    for name in ("cls_score", "attr_score"):  # else what all regions have in common decides
        weight = tensors[f"roi_heads.box_predictor.{name}.weight"]
        weight -= weight.mean(dim=1, keepdim=True)
    tensors["proposal_generator.anchor_generator.cell_anchors.0"] = torch.tensor(list(cell_anchors()))
    return tensors


# --- boxes, in Python's floats ---------------------------------------------------------------------


def folder_of(tensors: Tensors, folder: Path, config: str = CONFIG) -> Path:
    """Save a checkpoint in ``folder`` as the published one is laid out."""
    torch.save(tensors, folder / "pytorch_model.bin")
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    return folder


def cell_anchors() -> Iterator[list[float]]:
    for size in SIZES:
        for ratio in RATIOS:
            width = sqrt(size * size / ratio)
            height = ratio * width
            yield [-width / 2, -height / 2, width / 2, height / 2]


def moved(box: list[float], deltas: list[float], weights: tuple[float, ...]) -> list[float]:
    dx, dy, dw, dh = (delta / weight for delta, weight in zip(deltas, weights, strict=True))
    width, height = box[2] - box[0], box[3] - box[1]
    x, y = box[0] + width / 2 + dx * width, box[1] + height / 2 + dy * height
    limit = log(1000 / 16)
    width, height = width * exp(min(dw, limit)), height * exp(min(dh, limit))
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2]


def cut(box: list[float], height: int, width: int) -> list[float]:
    x1, y1, x2, y2 = box
    return [min(max(x1, 0), width), min(max(y1, 0), height), min(max(x2, 0), width), min(max(y2, 0), height)]


def overlap(a: list[float], b: list[float]) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def suppressed(boxes: list[list[float]], scores: list[float], threshold: float) -> list[int]:
    """Indices that survive, the highest score first."""
    kept: list[int] = []
    for index in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        if all(overlap(boxes[index], boxes[other]) <= threshold for other in kept):
            kept.append(index)
    return kept


# --- the network -----------------------------------------------------------------------------------


def convolve(tensors: Tensors, name: str, x: torch.Tensor, **options: Any) -> torch.Tensor:
    """A convolution and its batch norm, which is written out."""
    x = F.conv2d(x, tensors[f"{name}.weight"], **options)
    mean, var, weight, bias = (
        tensors[f"{name}.norm.{part}"][:, None, None]
        for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / torch.sqrt(var + 1e-5) * weight + bias


def stage(tensors: Tensors, name: str, x: torch.Tensor, *, stride: int, dilation: int = 1) -> torch.Tensor:
    block = 0
    while f"{name}.{block}.conv1.weight" in tensors:
        prefix, step = f"{name}.{block}", stride if block == 0 else 1
        y = convolve(tensors, f"{prefix}.conv1", x, stride=step).relu()
        y = convolve(tensors, f"{prefix}.conv2", y, padding=dilation, dilation=dilation).relu()
        y = convolve(tensors, f"{prefix}.conv3", y)
        if block == 0:
            x = convolve(tensors, f"{prefix}.shortcut", x, stride=step)
        x = (x + y).relu()
        block += 1
    return x


def pooled(maps: torch.Tensor, box: list[float], side: int = 14) -> torch.Tensor:
    """Caffe's RoI pooling of maps (C, h, w): the maximum of each cell, whose borders are whole numbers."""
    height, width = maps.shape[1:]
    x1, y1, x2, y2 = (floor(value / 16 + 0.5) for value in box)
    rows, columns = max(y2 - y1 + 1, 1), max(x2 - x1 + 1, 1)
    out = torch.zeros(maps.shape[0], side, side)
    for i in range(side):
        top, bottom = y1 + floor(i * rows / side), y1 + ceil((i + 1) * rows / side)
        for j in range(side):
            left, right = x1 + floor(j * columns / side), x1 + ceil((j + 1) * columns / side)
            cell = maps[:, max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
            if cell.numel():
                out[:, i, j] = cell.amax(dim=(1, 2))
    return out


def linear(tensors: Tensors, name: str, x: torch.Tensor) -> torch.Tensor:
    name = f"roi_heads.box_predictor.{name}"
    return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]


def proposals_of(tensors: Tensors, maps: torch.Tensor, height: int, width: int) -> list[list[float]]:
    head = "proposal_generator.rpn_head"

    def convolution(name: str, x: torch.Tensor, padding: int = 0) -> torch.Tensor:
        weight, bias = tensors[f"{head}.{name}.weight"], tensors[f"{head}.{name}.bias"]
        return F.conv2d(x, weight, bias, padding=padding)

    hidden = convolution("conv", maps, padding=1).relu()
    logits, deltas = convolution("objectness_logits", hidden)[0], convolution("anchor_deltas", hidden)[0]
    found = []  # (logit, box)
    for y in range(maps.shape[2]):
        for x in range(maps.shape[3]):
            for number, anchor in enumerate(cell_anchors()):
                centred = [a + 16 * c for a, c in zip(anchor, (x, y, x, y), strict=True)]
                delta = deltas[4 * number : 4 * number + 4, y, x].tolist()
                found.append((float(logits[number, y, x]), moved(centred, delta, (1, 1, 1, 1))))
    found.sort(key=lambda pair: -pair[0])
    found = [(logit, cut(box, height, width)) for logit, box in found[:CANDIDATES]]
    found = [(logit, box) for logit, box in found if box[2] > box[0] and box[3] > box[1]]
    kept = suppressed([box for _, box in found], [logit for logit, _ in found], 0.7)
    return [found[index][1] for index in kept]


def detect(
    tensors: Tensors, frame: np.ndarray[Any, Any], height: int, width: int, proposals: int = PROPOSALS
) -> dict[str, np.ndarray[Any, Any]]:
    """Boxes, scores, labels, attributes and features of a frame that is scaled to ``height`` × ``width``."""
    bgr = torch.tensor(frame[:, :, ::-1].copy(), dtype=torch.float32).permute(2, 0, 1)[None]
    pixels = F.interpolate(bgr, (height, width), mode="bilinear", align_corners=False)
    pixels = pixels - torch.tensor([102.9801, 115.9465, 122.7717])[:, None, None]
    x = convolve(tensors, "backbone.stem.conv1", pixels, stride=2, padding=3).relu()
    x = F.max_pool2d(x, 3, 2, ceil_mode=True)
    x = stage(tensors, "backbone.res2", x, stride=1)
    x = stage(tensors, "backbone.res3", x, stride=2)
    maps = stage(tensors, "backbone.res4", x, stride=2)

    places = proposals_of(tensors, maps, height, width)[:proposals]
    regions = torch.stack([pooled(maps[0], box) for box in places])
    features = stage(tensors, "roi_heads.res5", regions, stride=1, dilation=2).mean(dim=(2, 3))
    logits = linear(tensors, "cls_score", features)
    scores, labels = torch.softmax(logits, dim=1)[:, :-1].max(dim=1)
    deltas = linear(tensors, "bbox_pred", features).view(len(places), -1, 4)
    boxes = [
        cut(moved(box, deltas[number, label].tolist(), (10, 10, 5, 5)), height, width)
        for number, (box, label) in enumerate(zip(places, labels, strict=True))
    ]
    for threshold in (0.5, 0.6, 0.7, 0.8, 0.9):
        kept = suppressed(boxes, scores.tolist(), threshold)
        if len(kept) >= 36:
            break
    kept = kept[:36]
    embedded = tensors["roi_heads.box_predictor.cls_embedding.weight"][logits.argmax(dim=1)]
    hidden = linear(tensors, "fc_attr", torch.cat([features, embedded], dim=1)).relu()
    attributes = linear(tensors, "attr_score", hidden)[:, :-1].softmax(dim=1).argmax(dim=1)
    scale = np.array([frame.shape[1] / width, frame.shape[0] / height] * 2)
    return {
        "boxes": np.array([boxes[index] for index in kept]) * scale,
        "scores": scores[kept].numpy(),
        "labels": labels[kept].numpy(),
        "attributes": attributes[kept].numpy(),
        "features": features[kept].numpy(),
    }
