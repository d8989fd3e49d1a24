"""Sizes, anchors and thresholds around the Visual Genome detector's network, and config.yaml."""

import ast
import reprlib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from mmtool.encoders.contract import MAX_REGIONS
from mmtool.encoders.visual_genome.config_keys import in_one_place
from mmtool.errors import InputError

LONGEST_SIDE = (
    5 / 3
)  # times the shorter side: 800 → 1333 as these weights were trained, 600 → 1000 as in Caffe


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """The published values; sizes are in pixels of frames as the network sees them."""

    shortest_side: int = 800
    longest_side: int = 1333
    mean: tuple[float, ...] = (102.9801, 115.9465, 122.7717)  # blue, green, red
    deviation: tuple[float, ...] = (1.0, 1.0, 1.0)
    anchor_sizes: tuple[float, ...] = (64.0, 128.0, 256.0, 512.0)
    anchor_ratios: tuple[float, ...] = (0.5, 1.0, 2.0)  # height / width
    candidates: int = 6000  # anchors from which proposals are made
    proposal_overlap: float = 0.7
    proposals: int = 300
    pooled_side: int = 14
    box_weights: tuple[float, ...] = (10.0, 10.0, 5.0, 5.0)
    region_overlaps: tuple[float, ...] = (0.5, 0.6, 0.7, 0.8, 0.9)
    least_regions: int = 36
    most_regions: int = 36

    def changed(self, *, image_size: int | None, proposals: int | None) -> "DetectorSettings":
        """With another shorter side, at most 5/3 of which is the longer one, and number of proposals."""
        changed = self
        if image_size is not None:
            changed = replace(changed, shortest_side=image_size, longest_side=int(image_size * LONGEST_SIDE))
        return changed if proposals is None else replace(changed, proposals=proposals)

    def resized(self, height: int, width: int) -> tuple[int, int]:
        """The height and width to which a frame is scaled: 720 × 1280 → 750 × 1333, or 562 × 1000 at 600.

        The order of the steps decides the rounding; it is that of the published program.
        """
        scale = self.shortest_side / min(height, width)
        if height < width:
            new_height, new_width = float(self.shortest_side), scale * width
        else:
            new_height, new_width = scale * height, float(self.shortest_side)
        larger = max(new_height, new_width)
        if larger > self.longest_side:
            shrink = self.longest_side / larger
            new_height, new_width = new_height * shrink, new_width * shrink
        return int(new_height + 0.5), int(new_width + 0.5)

    def described(self) -> dict[str, str | int | float | bool]:
        """What a features file says: the values that options change, and all others that were changed."""
        renamed = {
            "shortest_side": "image_size",
            "longest_side": "longest_side",
            "proposals": "proposals",
            "most_regions": "regions",
        }
        plain: dict[str, str | int | float | bool] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in renamed or value != field.default:
                text = " ".join(map(str, value)) if isinstance(value, tuple) else value
                plain[renamed.get(field.name, field.name)] = text
        return plain


_KEYS = {
    "shortest_side": "input.min_size_test",
    "longest_side": "input.max_size_test",
    "mean": "model.pixel_mean",
    "deviation": "model.pixel_std",
    "anchor_sizes": "model.anchor_generator.sizes",
    "anchor_ratios": "model.anchor_generator.aspect_ratios",
    "candidates": "model.rpn.pre_nms_topk_test",
    "proposal_overlap": "model.rpn.nms_thresh",
    "proposals": "model.rpn.post_nms_topk_test",
    "pooled_side": "model.roi_box_head.pooler_resolution",
    "box_weights": "model.roi_box_head.bbox_reg_weights",
    "region_overlaps": "model.roi_heads.nms_thresh_test",
    "least_regions": "min_detections",
    "most_regions": "max_detections",
}
DEEPEST, MOST_ALIASES = 50, 100  # of a configuration
LARGEST = 1 << 20  # bytes
UNTYPED = (TypeError, ValueError, SyntaxError, OverflowError, RecursionError, MemoryError)
_FIXED = {"input.format": "BGR", "model.anchor_generator.offset": 0}  # other values are not supported
_LENGTHS = {"mean": 3, "deviation": 3, "box_weights": 4}


def read_settings(path: Path, *, remedy: str) -> DetectorSettings:
    """Read ``config.yaml``; what it does not mention is as published.

    Raises InputError for a file that is not YAML, and for an unknown key or a value of the wrong kind,
    naming it.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise yaml.YAMLError("too large for a configuration")
        config = yaml.load(path.read_text(encoding="utf-8"), _PlainLoader)  # noqa: S506  a SafeLoader
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(path, f"cannot be read as YAML ({type(error).__name__})", remedy) from error
    config = in_one_place(path, config, remedy)
    for key, value in _FIXED.items():
        if (given := _look_up(config, key)) not in (None, value):
            raise InputError(path, f"{key} is {reprlib.repr(given)}, not {value!r}", remedy)
    values: dict[str, Any] = {}
    for name, key in _KEYS.items():
        if (given := _look_up(config, key)) is not None:
            published = getattr(DetectorSettings(), name)
            try:
                values[name] = _typed(given, type(published))
                if name in _LENGTHS and len(values[name]) != _LENGTHS[name]:
                    raise ValueError(name)
            except UNTYPED as error:
                shown = reprlib.repr(given)
                raise InputError(path, f"{key} is {shown}, not a value like {published}", remedy) from error
    settings = DetectorSettings(**values)
    if settings.most_regions > MAX_REGIONS:
        problem = f"{_KEYS['most_regions']} is {settings.most_regions}, more than the {MAX_REGIONS} supported"
        raise InputError(path, problem, f"set it to {MAX_REGIONS} or less")
    if settings.pooled_side % 2:
        problem = f"{_KEYS['pooled_side']} is {settings.pooled_side}, but only even numbers are supported"
        raise InputError(path, problem, remedy)
    return settings


class _PlainLoader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads Python's tuples, which configurations of this family are full of, as lists.

    A few lines of aliases can stand for more values than fit into memory, so an alias may not be part of what
    another one stands for.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = self._anchored = self._aliases = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        """Compose what comes next; raises YAMLError beyond the limits of depth and aliases."""
        event = self.peek_event()
        is_alias, has_anchor = isinstance(event, yaml.AliasEvent), event.anchor is not None
        self._aliases += is_alias
        if self._depth == DEEPEST or self._aliases > MOST_ALIASES or (is_alias and self._anchored):
            raise yaml.YAMLError("nested too deeply, or too many aliases")
        self._depth += 1
        self._anchored += has_anchor
        node = super().compose_node(parent, index)
        self._depth -= 1
        self._anchored -= has_anchor
        return node


_PlainLoader.add_constructor(
    "tag:yaml.org,2002:python/tuple", lambda loader, node: loader.construct_sequence(node, deep=True)
)


def _look_up(config: Any, key: str) -> Any:
    """The value of a dotted key, or None."""
    for part in key.split("."):
        config = config.get(part) if isinstance(config, dict) else None
    return config


def _typed(given: Any, kind: type) -> int | float | tuple[float, ...]:
    """A positive number or a flat tuple of numbers, which may be text such as ``"(10, 10, 5, 5)"``."""
    if isinstance(given, str):
        given = ast.literal_eval(given)
    if kind is tuple:
        return tuple(_flat(given))
    if not float(given) > 0 or (kind is int and int(given) != given):
        raise ValueError(given)
    number: int | float = kind(given)
    return number


def _flat(given: Any) -> Iterator[float]:
    if isinstance(given, list | tuple):
        for item in given:
            yield from _flat(item)
    else:
        yield float(given)
