"""Frames → bottom-up-attention regions of a Faster R-CNN trained on Visual Genome (Anderson et al., 2018)."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import clip_boxes_to_image, nms

from mmtool.encoders.contract import (
    EncodedFrames,
    EncoderIdentity,
    EncoderOptions,
    Frame,
    FrameEncoder,
    Regions,
)
from mmtool.encoders.kernels.convolutions import optimised
from mmtool.encoders.kernels.uploads import upload
from mmtool.encoders.precision import DTYPES, exact_fp32
from mmtool.encoders.visual_genome.boxes import refine_boxes
from mmtool.encoders.visual_genome.head import RegionHead
from mmtool.encoders.visual_genome.network import fold_batch_norms
from mmtool.encoders.visual_genome.proposals import propose
from mmtool.encoders.visual_genome.weights import NAME, load_visual_genome


class VisualGenomeDetector(FrameEncoder):
    """Finds up to 36 regions with class, attribute and 2048 features; a frame's features are their mean.

    A region is a proposal whose most probable class survives non-maximum suppression over all classes. Its
    box is the refined one, its features are those of the proposal before refinement. ``labels`` and
    ``attributes`` count from 0 in the order of ``names``, which is None if the weights came without names.

    Frames pass through the network one at a time, whatever the batch size: padding would change the
    proposals, and so might the rounding of sums in a batch. The 300 proposals of one frame keep a device
    busy anyway, so this costs nothing.

    In bf16 and fp16, only the region head computes in that precision; in the backbone it would change the
    proposals.

    The authors of LXMERT and of the alignment paper used the detector in Caffe (the latter with 10–100
    boxes, suppression within each class at 0.3, and scores above 0.2). The published weights are a
    conversion of the 36-box model by others, whose features are close to those but not equal.
    """

    reads = frozenset({"weights", "image_size", "proposals", "keep_regions"})

    def __init__(self, options: EncoderOptions) -> None:
        """Load the detector; see :func:`mmtool.encoders.visual_genome.weights.load_visual_genome`.

        The longer side of a scaled frame is at most 5/3 of ``options.image_size``.
        """
        self.device, self._device = options.device, torch.device(options.device)
        loaded = load_visual_genome(options.weights, seed=options.seed)
        self._settings = settings = loaded.settings.changed(
            image_size=options.image_size, proposals=options.proposals
        )
        self.names = loaded.names
        self._keep_regions = options.keep_regions
        fold_batch_norms(loaded.network.requires_grad_(False))
        self._network = optimised(loaded.network.to(self._device))
        self._region_features = RegionHead(self._network, settings.pooled_side, DTYPES[options.precision])
        self._mean, self._deviation = (
            torch.tensor(values, device=self._device).view(1, 3, 1, 1)
            for values in (settings.mean, settings.deviation)
        )
        self.identity = EncoderIdentity(
            name=NAME,
            model=f"faster-rcnn-resnet{self._network.form.depth}-c4",
            weights=loaded.weights,
            dimension=self._network.dimension,
            settings={**settings.described(), "precision": options.precision.value},
        )

    def encode(self, frames: Sequence[Frame]) -> EncodedFrames:
        """Encode ``B`` RGB frames (H, W, 3), uint8, of any sizes, to features (B, D)."""
        regions = self.detect(frames)
        features = np.zeros((len(frames), self.identity.dimension), dtype=np.float32)
        for row, found in zip(features, regions, strict=True):
            row[:] = found.features.mean(axis=0)
        return EncodedFrames(features, regions if self._keep_regions else None)

    def detect(self, frames: Sequence[Frame]) -> list[Regions]:
        """The regions of each of ``B`` RGB frames (H, W, 3), uint8, by descending score.

        There are fewer than 36 only if suppression leaves fewer at each of its thresholds.
        """
        with exact_fp32(self._device):  # TF32 would change the proposals
            return [self._regions(frame) for frame in frames]

    @torch.inference_mode()
    def _regions(self, frame: Frame) -> Regions:
        network, settings = self._network, self._settings
        size = settings.resized(*frame.shape[:2])
        maps = network.maps(self._pixels(frame, size))
        proposals = propose(network, maps, size, settings)  # (P, 4)
        features = self._region_features(maps, proposals)  # (P, D)
        logits = network.box_predictor.cls_score(features)  # (P, C + 1)
        scores, labels = logits.softmax(dim=1)[:, :-1].max(dim=1)
        deltas = network.box_predictor.boxes(features, labels)
        boxes = refine_boxes(proposals, deltas, settings.box_weights)
        boxes = clip_boxes_to_image(boxes, size)  # (P, 4)

        kept = self._select(boxes, scores)
        attributes = network.box_predictor.attributes(features[kept], logits[kept])
        to_frame = boxes.new_tensor([frame.shape[1] / size[1], frame.shape[0] / size[0]]).repeat(2)  # (4,)
        return Regions(
            boxes=(boxes[kept] * to_frame).cpu().numpy(),
            scores=scores[kept].cpu().numpy(),
            labels=labels[kept].int().cpu().numpy(),
            features=features[kept].cpu().numpy(),
            attributes=attributes.int().cpu().numpy(),
        )

    def _pixels(self, frame: Frame, size: tuple[int, int]) -> Tensor:
        """The network's input (1, 3, H, W): blue, green and red, minus their means."""
        pixels = upload(frame, self._device).permute(2, 0, 1)[None].float()  # (1, 3, h, w)
        scaled = functional.interpolate(pixels, size, mode="bilinear", align_corners=False)
        pixels = (scaled.flip(1) - self._mean) / self._deviation
        return pixels.contiguous(memory_format=torch.channels_last)

    def _select(self, boxes: Tensor, scores: Tensor) -> Tensor:
        """Indices of the regions to keep: suppression over all classes, relaxed until enough are left."""
        for overlap in self._settings.region_overlaps:
            kept: Tensor = nms(boxes, scores, overlap)
            if len(kept) >= self._settings.least_regions:
                break
        return kept[: self._settings.most_regions]
