"""Runs and alignments → plots."""

from mmtool.stages.plot.report import PlotReport
from mmtool.stages.plot.stage import plot

__all__ = ["PlotReport", "plot"]
