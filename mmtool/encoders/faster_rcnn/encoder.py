"""Frames → the mean of a detector's region features, as in bottom-up attention (Anderson et al., 2018)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import clip_boxes_to_image

from mmtool.encoders.contract import (
    MAX_REGIONS,
    EncodedFrames,
    EncoderIdentity,
    EncoderOptions,
    Frame,
    FrameEncoder,
    Regions,
)
from mmtool.encoders.faster_rcnn.models import ARCHITECTURES, load_detector
from mmtool.encoders.faster_rcnn.regions import select_regions
from mmtool.encoders.kernels.convolutions import optimised
from mmtool.encoders.kernels.uploads import upload
from mmtool.encoders.precision import DTYPES, exact_fp32, precision_settings


class FasterRcnnEncoder(FrameEncoder):
    """The mean over a frame's 36 best regions of the features that Faster R-CNN's box head computes.

    The regions are the detections (score above 0.05, non-maximum suppression at 0.5 within a class) by
    descending score; if there are fewer than 36, the proposals follow by descending objectness. A detection's
    features are those of the proposal that it was made from, so each frame passes through the network once.
    In a frame without any proposal, the whole frame is the only region.

    Apart from rounding, a frame's features do not depend on the other frames of a call: only frames of one
    size share a batch, because padding would change the proposals.
    """

    reads = frozenset({"weights", "image_size", "proposals", "keep_regions"})

    def __init__(self, options: EncoderOptions) -> None:
        """Load the detector; see :func:`.models.load_detector` for weights and errors."""
        self.device, self._device = options.device, torch.device(options.device)
        model, weights_identity = load_detector(
            options.name,
            weights=options.weights,
            seed=options.seed,
            image_size=options.image_size,
            proposals=options.proposals,
        )
        self._model = optimised(model.to(self._device))
        self._dtype = DTYPES[options.precision]  # of the box head; in the backbone it changes the proposals
        model.roi_heads.box_head.to(self._dtype)
        self._keep_regions = options.keep_regions
        self._batch_size = options.batch_size
        self.identity = EncoderIdentity(
            name=options.name,
            model=ARCHITECTURES[options.name].model_name,
            weights=weights_identity,
            dimension=model.roi_heads.box_predictor.cls_score.in_features,
            settings={
                "image_size": model.transform.min_size[-1],
                "proposals": model.rpn.post_nms_top_n(),
                "regions": MAX_REGIONS,
                **precision_settings(options.precision),
            },
        )

    def encode(self, frames: Sequence[Frame]) -> EncodedFrames:
        """Encode ``B`` RGB frames (H, W, 3), uint8, of any sizes, to features (B, 1024)."""
        features = np.zeros((len(frames), self.identity.dimension), dtype=np.float32)
        regions: dict[int, Regions] = {}
        for indices in self._batches(frames):
            with exact_fp32(self._device):  # TF32 would change the proposals
                detected = self._detect([frames[i] for i in indices])
            for index, found in zip(indices, detected, strict=True):
                features[index] = found.features.mean(axis=0)
                if self._keep_regions:
                    regions[index] = found
        kept = [regions[index] for index in range(len(frames))] if self._keep_regions else None
        return EncodedFrames(features, kept)

    def _batches(self, frames: Sequence[Frame]) -> Iterator[list[int]]:
        """Yield the indices of frames of one size, at most one batch at a time."""
        of_size: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for index, frame in enumerate(frames):
            of_size[frame.shape].append(index)
        for indices in of_size.values():
            for start in range(0, len(indices), self._batch_size):
                yield indices[start : start + self._batch_size]

    @torch.inference_mode()
    def _detect(self, frames: Sequence[Frame]) -> list[Regions]:
        """The regions of each of ``b`` frames of one size (H, W)."""
        model, heads = self._model, self._model.roi_heads
        pixels = upload(np.stack(frames), self._device).permute(0, 3, 1, 2) / 255  # (b, 3, H, W)
        images, _ = model.transform(list(pixels))
        height, width = images.image_sizes[0]
        maps = model.backbone(images.tensors)
        proposals, _ = model.rpn(images, maps)
        whole = pixels.new_tensor([[0, 0, width, height]])
        proposals = [found if len(found) else whole for found in proposals]  # b × (P, 4)

        pooled = heads.box_roi_pool(maps, proposals, images.image_sizes)  # (ΣP, C, 7, 7)
        features = heads.box_head(pooled.to(self._dtype)).float()  # (ΣP, D)
        logits, deltas = heads.box_predictor(features)  # (ΣP, C), (ΣP, 4C)
        boxes = clip_boxes_to_image(heads.box_coder.decode(deltas, proposals), (height, width))  # (ΣP, C, 4)
        scores = logits.softmax(dim=-1)

        to_frame = pixels.new_tensor([pixels.shape[3] / width, pixels.shape[2] / height]).repeat(2)  # (4,)
        each = [len(found) for found in proposals]
        parts = zip(proposals, features.split(each), boxes.split(each), scores.split(each), strict=True)
        return [self._regions(*part, to_frame) for part in parts]

    def _regions(
        self, proposals: Tensor, features: Tensor, boxes: Tensor, scores: Tensor, to_frame: Tensor
    ) -> Regions:
        """One frame's regions; ``to_frame`` (4,) scales boxes to the pixels of the original frame."""
        heads = self._model.roi_heads
        chosen = select_regions(
            proposals=proposals,
            boxes=boxes,
            scores=scores,
            count=MAX_REGIONS,
            score_threshold=heads.score_thresh,
            nms_threshold=heads.nms_thresh,
        )
        return Regions(
            boxes=(chosen.boxes * to_frame).cpu().numpy(),
            scores=chosen.scores.cpu().numpy(),
            labels=chosen.labels.int().cpu().numpy(),
            features=features[chosen.sources].cpu().numpy(),
        )
