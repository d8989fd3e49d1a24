"""Statistics over the seeds of an experiment."""

from collections.abc import Sequence
from math import nan
from statistics import fmean, stdev


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """The mean and the sample standard deviation (n − 1); nan where there are too few values."""
    return (
        fmean(values) if values else nan,
        stdev(values) if len(values) > 1 else nan,
    )
