"""Videos → clips, texts → snippets."""

from mmtool.stages.segment.report import SegmentedText, SegmentedVideo, SegmentReport
from mmtool.stages.segment.stage import segment

__all__ = ["SegmentReport", "SegmentedText", "SegmentedVideo", "segment"]
