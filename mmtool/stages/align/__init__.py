"""Clips and snippets → alignments."""

from mmtool.stages.align.report import AlignedVideo, AlignReport, Outcome
from mmtool.stages.align.stage import align

__all__ = ["AlignReport", "AlignedVideo", "Outcome", "align"]
