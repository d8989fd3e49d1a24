"""A plan → runs, alignments, and a table of what they reach."""

from mmtool.stages.experiment.rows import ExperimentReport, Job
from mmtool.stages.experiment.sets import SetsReport
from mmtool.stages.experiment.stage import experiment

__all__ = ["ExperimentReport", "Job", "SetsReport", "experiment"]
