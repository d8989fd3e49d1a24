"""The network of bottom-up attention: Faster R-CNN, ResNet-C4, attributes (Anderson et al., 2018)."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models.resnet import Bottleneck, conv1x1
from torchvision.ops import roi_pool

STRIDE = 16  # pixels of a frame per cell of the backbone's map


@dataclass(frozen=True, slots=True)
class NetworkForm:
    """Widths and depths; the defaults are those of the published network (ResNet-101, 1,600 classes)."""

    stem: int = 64
    blocks: tuple[int, ...] = (3, 4, 23, 3)  # of layers 1 to 4; the fourth is in the region head
    widths: tuple[int, ...] = (64, 128, 256, 512)
    rpn: int = 512
    classes: int = 1600
    embedding: int = 256
    hidden: int = 512
    attributes: int = 400

    @property
    def depth(self) -> int:
        """The number in the name of a ResNet of these blocks, such as 101: its layers with weights."""
        return 3 * sum(self.blocks) + 2


class CaffeBottleneck(Bottleneck):  # type: ignore[misc]
    """torchvision's bottleneck with the stride in the first convolution, where Caffe's ResNet has it."""

    def __init__(self, inputs: int, width: int, *, stride: int, dilation: int, shortcut: bool) -> None:
        outputs = width * self.expansion
        downsample = (
            nn.Sequential(conv1x1(inputs, outputs, stride), nn.BatchNorm2d(outputs)) if shortcut else None
        )
        super().__init__(inputs, width, downsample=downsample, dilation=dilation)
        self.conv1.stride = (stride, stride)


class ProposalHead(nn.Module):
    """Objectness and box of each anchor at each cell of the backbone's map."""

    def __init__(self, channels: int, width: int, anchors: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, padding=1)
        self.objectness_logits = nn.Conv2d(width, anchors, 1)
        self.anchor_deltas = nn.Conv2d(width, 4 * anchors, 1)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (A,) and deltas (A, 4) from maps (1, C, h, w), in the order of rows, columns, anchors."""
        hidden = self.conv(maps).relu()
        logits, deltas = self.objectness_logits(hidden), self.anchor_deltas(hidden)
        return logits.permute(0, 2, 3, 1).flatten(), deltas.permute(0, 2, 3, 1).reshape(-1, 4)


class RegionPredictor(nn.Module):
    """Class, box and attribute of a region from its features; the background is the last class."""

    def __init__(self, channels: int, form: NetworkForm) -> None:
        super().__init__()
        self.cls_score = nn.Linear(channels, form.classes + 1)
        self.bbox_pred = nn.Linear(channels, 4 * form.classes)
        self.cls_embedding = nn.Embedding(form.classes + 1, form.embedding)
        self.fc_attr = nn.Linear(channels + form.embedding, form.hidden)
        self.attr_score = nn.Linear(form.hidden, form.attributes + 1)

    def boxes(self, features: Tensor, classes: Tensor) -> Tensor:
        """The deltas (R, 4) of the given class of each region."""
        deltas: Tensor = self.bbox_pred(features).unflatten(1, (-1, 4))  # (R, classes, 4)
        return deltas[torch.arange(len(deltas), device=deltas.device), classes]

    def attributes(self, features: Tensor, logits: Tensor) -> Tensor:
        """The most probable attribute (R,) of each region, given its features and class logits."""
        embedded = self.cls_embedding(logits.argmax(dim=1))  # the background is a class here
        hidden = self.fc_attr(torch.cat([features, embedded], dim=1)).relu()
        attributes: Tensor = self.attr_score(hidden)[:, :-1].argmax(dim=1)  # the last one is "none"
        return attributes


class VisualGenomeNetwork(nn.Module):
    """Everything with weights; ``cell_anchors`` (A, 4) are the anchors of a cell around its centre."""

    cell_anchors: Tensor

    def __init__(self, form: NetworkForm, cell_anchors: Tensor) -> None:
        super().__init__()
        self.form = form
        self.conv1 = nn.Conv2d(3, form.stem, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(form.stem)
        self.layer1 = self._layer(0, stride=1)
        self.layer2 = self._layer(1, stride=2)
        self.layer3 = self._layer(2, stride=2)
        self.layer4 = self._layer(3, dilation=2)
        channels = [width * CaffeBottleneck.expansion for width in form.widths]
        self.rpn_head = ProposalHead(channels[2], form.rpn, len(cell_anchors))
        self.box_predictor = RegionPredictor(channels[3], form)
        self.register_buffer("cell_anchors", cell_anchors)

    def _layer(self, layer: int, *, stride: int = 1, dilation: int = 1) -> nn.Sequential:
        form, expansion = self.form, CaffeBottleneck.expansion
        inputs = form.widths[layer - 1] * expansion if layer else form.stem
        width = form.widths[layer]
        first = CaffeBottleneck(inputs, width, stride=stride, dilation=dilation, shortcut=True)
        others = (
            CaffeBottleneck(width * expansion, width, stride=1, dilation=dilation, shortcut=False)
            for _ in range(1, form.blocks[layer])
        )
        return nn.Sequential(first, *others)

    @property
    def dimension(self) -> int:
        """The number of features (D) of a region."""
        return self.box_predictor.cls_score.in_features

    def maps(self, pixels: Tensor) -> Tensor:
        """The output of layer 3 for frames (B, 3, H, W): (B, C, H/16, W/16)."""
        stem = functional.relu(self.bn1(self.conv1(pixels)), inplace=True)
        pooled = functional.max_pool2d(stem, 3, stride=2, ceil_mode=True)
        maps: Tensor = self.layer3(self.layer2(self.layer1(pooled)))
        return maps

    def region_features(self, maps: Tensor, boxes: Tensor, side: int) -> Tensor:
        """Features (R, D) of the regions (R, 4) of one frame, each pooled to ``side`` × ``side`` bins.

        :class:`mmtool.encoders.visual_genome.head.RegionHead` computes the same in less time.
        """
        pooled = roi_pool(maps, [boxes], side, spatial_scale=1 / STRIDE)
        features: Tensor = self.layer4(pooled).mean(dim=(2, 3))
        return features


def fold_batch_norms(network: VisualGenomeNetwork) -> None:
    """Fold each batch norm into the convolution before it, in float64: the same function in fewer steps."""
    _fold(network, "conv1", "bn1")
    for block in network.modules():
        if isinstance(block, CaffeBottleneck):
            for number in (1, 2, 3):
                _fold(block, f"conv{number}", f"bn{number}")
            if block.downsample is not None:
                _fold(block.downsample, "0", "1")


def _fold(owner: nn.Module, convolution: str, norm: str) -> None:
    parts: Any = [owner.get_submodule(name).double() for name in (convolution, norm)]
    setattr(owner, convolution, fuse_conv_bn_eval(*parts).float())
    setattr(owner, norm, nn.Identity())
