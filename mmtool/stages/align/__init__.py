"""Clips and snippets → alignments."""

from mmtool.stages.align.stage import align

__all__ = ["align"]
