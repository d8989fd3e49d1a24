"""The keys of a detector's ``config.yaml``: which are known, and where they may stand.

Sections of the model stand at the top level in the published file, and below ``model`` in files of
detectron2. Both are read, in small or in capital letters. Names are those of detectron2's configuration, and
of what the Visual Genome detector added to it. Those of training and of other heads have no effect.
"""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mmtool.errors import InputError

_MODEL = "model"
_SECTIONS = {  # of the model, with all of their keys
    "anchor_generator": "name sizes aspect_ratios angles offset",
    "rpn": (
        "head_name in_features boundary_thresh iou_thresholds iou_labels batch_size_per_image "
        "positive_fraction bbox_reg_loss_type bbox_reg_loss_weight bbox_reg_weights smooth_l1_beta "
        "loss_weight pre_nms_topk_train pre_nms_topk_test post_nms_topk_train post_nms_topk_test nms_thresh "
        "conv_dims min_size"
    ),
    "roi_heads": (
        "name num_classes in_features iou_thresholds iou_labels batch_size_per_image positive_fraction "
        "score_thresh_test nms_thresh_test proposal_append_gt"
    ),
    "roi_box_head": (
        "name bbox_reg_loss_type bbox_reg_loss_weight bbox_reg_weights smooth_l1_beta pooler_resolution "
        "pooler_sampling_ratio pooler_type num_fc fc_dim num_conv conv_dim norm cls_agnostic_bbox_reg "
        "train_on_pred_boxes res5halve attr num_attrs"
    ),
}
_UNREAD_SECTIONS = (  # of the model; their keys have no effect here
    "backbone resnets fpn proposal_generator roi_box_cascade_head roi_mask_head roi_keypoint_head "
    "sem_seg_head panoptic_fpn retinanet"
)
_MODEL_VALUES = (
    "load_proposals mask_on keypoint_on device meta_architecture weight weights pixel_mean pixel_std "
    "caffe_maxpool max_pool max_iter ckpt"
)
_INPUT = (
    "min_size_train min_size_train_sampling max_size_train min_size_test max_size_test random_flip crop "
    "format mask_format"
)
_TOP = (
    "version input datasets dataloader solver test output_dir seed cudnn_benchmark vis_period global "
    "float32_precision min_detections max_detections pad_value padding_value "
    "size_divisibility"
)
_MODEL_KEYS = {*_SECTIONS, *_UNREAD_SECTIONS.split(), *_MODEL_VALUES.split()}


def in_one_place(path: Path, config: Any, remedy: str) -> dict[str, Any]:
    """The configuration with all keys in small letters, and with all keys of the model below ``model``.

    Raises InputError for a configuration without keys, a key that is unknown, and one that is given in both
    places with different values, naming it.
    """
    given = _lowered(path, {} if config is None else config, "", remedy)
    below = _lowered(path, given.pop(_MODEL, None) or {}, _MODEL, remedy)
    _require_known(path, below, _MODEL_KEYS, f"{_MODEL}.", remedy)
    _require_known(path, given, {*_TOP.split(), *_MODEL_KEYS}, "", remedy)
    model = {}
    for key in _MODEL_KEYS:
        values = [
            _section(path, place[key], prefix + key, remedy) if key in _SECTIONS else place[key]
            for place, prefix in ((given, ""), (below, f"{_MODEL}."))
            if place.get(key) is not None
        ]
        if values:
            model[key] = _joined(path, values, key, remedy)
    result = {key: value for key, value in given.items() if key not in _MODEL_KEYS}
    if result.get("input") is not None:
        result["input"] = _lowered(path, result["input"], "input", remedy)
        _require_known(path, result["input"], set(_INPUT.split()), "input.", remedy)
    return {**result, _MODEL: model}


def _section(path: Path, values: Any, name: str, remedy: str) -> dict[str, Any]:
    section = _lowered(path, values, name, remedy)
    _require_known(path, section, set(_SECTIONS[name.removeprefix(f"{_MODEL}.")].split()), f"{name}.", remedy)
    return section


def _joined(path: Path, values: list[Any], key: str, remedy: str) -> Any:
    """One value out of one or two places; sections are joined key by key."""
    first, *others = values
    if not others:
        return first
    if not (isinstance(first, dict) and isinstance(others[0], dict)):
        if first != others[0]:
            raise InputError(path, f"has {key!r} and 'model.{key}' with different values", remedy)
        return first
    twice = first.keys() & others[0].keys()
    for name in sorted(map(str, twice)):
        if first[name] != others[0][name]:
            problem = f"has '{key}.{name}' and 'model.{key}.{name}' with different values"
            raise InputError(path, problem, remedy)
    return {**first, **others[0]}


def _lowered(path: Path, values: Any, name: str, remedy: str) -> dict[str, Any]:
    """A table with its keys in small letters."""
    if not isinstance(values, dict):
        where = f"{name} is" if name else "is"
        raise InputError(path, f"{where} not a table of keys and values", remedy)
    return {str(key).lower(): value for key, value in values.items()}


def _require_known(path: Path, table: dict[str, Any], known: set[str], prefix: str, remedy: str) -> None:
    for key in table:
        if key not in known:
            close = get_close_matches(key, known, 1)
            meant = f" (did you mean '{prefix}{close[0]}'?)" if close else ""
            raise InputError(path, f"has an unknown key '{prefix}{key[:80]}'{meant}", remedy)
