"""Frames → bottom-up-attention regions of a Faster R-CNN trained on Visual Genome (Anderson et al., 2018)."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models.detection._utils import BoxCoder
from torchvision.ops import clip_boxes_to_image, nms

from mmtool.choices import EncoderPrecision, VideoEncoderName
from mmtool.encoders.contract import EncodedFrames, EncoderIdentity, Frame, Regions
from mmtool.encoders.kernels.linear import optimised
from mmtool.encoders.precision import DTYPES
from mmtool.encoders.visual_genome.head import RegionHead
from mmtool.encoders.visual_genome.network import fold_batch_norms
from mmtool.encoders.visual_genome.proposals import propose
from mmtool.encoders.visual_genome.weights import load_visual_genome


class VisualGenomeDetector:
    """Up to 36 regions of a frame with class, attribute and 2048 features; a frame's are their mean.

    A region is a proposal whose likeliest class outlives non-maximum suppression over all classes; its
    box is the moved one, its features are those of the proposal before. ``labels`` and ``attributes``
    count from 0 in the order of ``names``, which is None where the weights came without names.

    Frames pass the network one at a time, whatever the batch: padding would change the proposals, and
    so might the rounding of another batch's sums. 300 regions fill a device anyhow, so nothing is lost.

    In bf16 and fp16 only the region head computes in that precision; in the backbone it would change
    the proposals.

    The authors of LXMERT and of the alignment paper used the detector in Caffe (the latter with 10–100
    boxes, class-wise suppression at 0.3 and scores above 0.2). The published weights are the 36-box model
    that others converted: features are close to those, not equal.
    """

    def __init__(
        self,
        *,
        weights: str | None,
        seed: int,
        image_size: int | None,
        proposals: int | None,
        keep_regions: bool,
        batch_size: int,  # noqa: ARG002  of no use here, but part of every encoder's settings
        precision: EncoderPrecision,
        device: str,
    ) -> None:
        """Load the detector; see :func:`mmtool.encoders.visual_genome.weights.load_visual_genome`.

        ``image_size`` is the shorter side in pixels to which frames are scaled, their longer one being at
        most 5/3 of it; ``proposals`` how many regions the region head looks at; None is the model's own.
        """
        self._device = torch.device(device)
        loaded = load_visual_genome(weights, seed=seed)
        self._settings = settings = loaded.settings.changed(image_size=image_size, proposals=proposals)
        self.names = loaded.names
        self._keep_regions = keep_regions
        fold_batch_norms(loaded.network.requires_grad_(False))
        self._network = optimised(loaded.network.to(self._device))
        self._region_features = RegionHead(self._network, settings.pooled_side, DTYPES[precision])
        self._mean, self._deviation = (
            torch.tensor(values, device=self._device).view(1, 3, 1, 1)
            for values in (settings.mean, settings.deviation)
        )
        self.identity = EncoderIdentity(
            name=VideoEncoderName.FASTER_RCNN_VG.value,
            model=f"faster-rcnn-resnet{self._network.form.depth}-c4",
            weights=loaded.weights,
            dimension=self._network.dimension,
            settings={**settings.described(), "precision": precision.value},
        )

    def encode(self, frames: Sequence[Frame]) -> EncodedFrames:
        """Encode ``B`` RGB frames (H, W, 3), uint8, of any sizes, to features (B, D)."""
        regions = self.detect(frames)
        features = np.zeros((len(frames), self.identity.dimension), dtype=np.float32)
        for row, found in zip(features, regions, strict=True):
            row[:] = found.features.mean(axis=0)
        return EncodedFrames(features, regions if self._keep_regions else None)

    def detect(self, frames: Sequence[Frame]) -> list[Regions]:
        """The regions of each of ``B`` RGB frames (H, W, 3), uint8, the surest first.

        There are fewer than 36 only where suppression leaves no more at any of its thresholds.
        """
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # it would change proposals, too
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
        boxes = BoxCoder(settings.box_weights).decode_single(deltas, proposals)
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
        """The network's input (1, 3, H, W): blue, green, red, less their means."""
        pixels = torch.tensor(frame, device=self._device).permute(2, 0, 1)[None].float()  # (1, 3, h, w)
        scaled = functional.interpolate(pixels, size, mode="bilinear", align_corners=False)
        pixels = (scaled.flip(1) - self._mean) / self._deviation
        return pixels.contiguous(memory_format=torch.channels_last)

    def _select(self, boxes: Tensor, scores: Tensor) -> Tensor:
        """Indices of the regions to keep, by one suppression over all classes, looser until they suffice."""
        for overlap in self._settings.region_overlaps:
            kept: Tensor = nms(boxes, scores, overlap)
            if len(kept) >= self._settings.least_regions:
                break
        return kept[: self._settings.most_regions]
