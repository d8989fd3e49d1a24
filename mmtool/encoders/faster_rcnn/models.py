"""torchvision's Faster R-CNN models with published, local or random weights."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torchvision.models import WeightsEnum
from torchvision.models.detection import (
    FasterRCNN,
    FasterRCNN_MobileNet_V3_Large_FPN_Weights,
    FasterRCNN_ResNet50_FPN_V2_Weights,
    fasterrcnn_mobilenet_v3_large_fpn,
    fasterrcnn_resnet50_fpn_v2,
)

from mmtool.encoders.untrained import PICTURES, SIDE, calibration, random_boxes, random_pictures
from mmtool.encoders.weights import (
    RANDOM,
    WEIGHTS_SETTING,
    load_tensors,
    published_file,
    read_tensors,
    weights_digest,
    weights_remedy,
)


@dataclass(frozen=True, slots=True)
class Architecture:
    """One of torchvision's models and its weights as published (trained on COCO)."""

    build: Callable[..., FasterRCNN]
    published: WeightsEnum

    @property
    def model_name(self) -> str:
        return self.build.__name__


ARCHITECTURES = {
    "faster-rcnn-resnet50": Architecture(
        fasterrcnn_resnet50_fpn_v2, FasterRCNN_ResNet50_FPN_V2_Weights.DEFAULT
    ),
    "faster-rcnn-mobilenet": Architecture(
        fasterrcnn_mobilenet_v3_large_fpn, FasterRCNN_MobileNet_V3_Large_FPN_Weights.DEFAULT
    ),
}


def load_detector(
    name: str, *, weights: str | None, seed: int, image_size: int | None, proposals: int | None
) -> tuple[FasterRCNN, str]:
    """Return a detector in evaluation mode, and the identity of its weights.

    Args:
        name: A key of :data:`ARCHITECTURES`.
        weights: None for the published ones, ``"random"`` (under ``seed``) or the path of a file.
        seed: Seed of random weights.
        image_size: Shorter side in pixels to which frames are scaled; None for the model's own.
        proposals: Regions of a frame that the box head looks at; None for the model's own number.

    Raises:
        InputError: The weights cannot be loaded, or belong to another model.
    """
    architecture = ARCHITECTURES[name]
    given = {"min_size": image_size, "rpn_post_nms_top_n_test": proposals}
    changes = {option: value for option, value in given.items() if value is not None}
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        model = architecture.build(weights=None, weights_backbone=None, **changes).eval()
        if weights == RANDOM:
            calibrate(model)
            return model, f"{RANDOM}:{seed}"
    url = architecture.published.url
    path = published_file(url, name=name, setting=WEIGHTS_SETTING) if weights is None else Path(weights)
    remedy = weights_remedy(f"torchvision's {architecture.model_name}")
    load_tensors(model, read_tensors(path, remedy=remedy), path=path, remedy=remedy)
    return model, weights_digest(model.state_dict())


def calibrate(model: FasterRCNN) -> None:
    """Give the batch norms the statistics of random pictures and boxes, drawn with torch's seed."""
    with calibration(model):
        maps = model.backbone(random_pictures())
        boxes = [random_boxes() for _ in range(PICTURES)]
        heads = model.roi_heads
        heads.box_head(heads.box_roi_pool(maps, boxes, [(SIDE, SIDE)] * PICTURES))
