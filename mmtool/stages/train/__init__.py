"""Features and annotations → a trained run."""

from mmtool.stages.train.report import NetworkTrainReport, TimingTrainReport, TrainReport
from mmtool.stages.train.stage import train

__all__ = ["NetworkTrainReport", "TimingTrainReport", "TrainReport", "train"]
