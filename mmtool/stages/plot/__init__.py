"""Runs and alignments → pictures."""

from mmtool.stages.plot.stage import plot

__all__ = ["plot"]
