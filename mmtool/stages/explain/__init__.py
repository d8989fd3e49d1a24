"""A clip and a snippet → what in the picture answers to which word."""

from mmtool.stages.explain.stage import ExplainReport, WordAnswer, explain

__all__ = ["ExplainReport", "WordAnswer", "explain"]
