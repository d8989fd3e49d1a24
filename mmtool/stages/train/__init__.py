"""Features and annotations → a trained run."""

from mmtool.stages.train.report import (
    MatcherTrainReport,
    NetworkTrainReport,
    TimingTrainReport,
    TrainReport,
)
from mmtool.stages.train.stage import train

__all__ = ["MatcherTrainReport", "NetworkTrainReport", "TimingTrainReport", "TrainReport", "train"]
