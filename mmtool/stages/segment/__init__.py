"""Videos → clips, texts → snippets."""

from mmtool.stages.segment.stage import segment

__all__ = ["segment"]
