"""Clips and snippets → how well each pair of a film fits."""

from mmtool.stages.score.report import ScoreReport
from mmtool.stages.score.stage import score

__all__ = ["ScoreReport", "score"]
