"""Estimates as cells of a table."""

from mmtool.evaluation.measures import Estimate
from mmtool.formats.measured_tables import Measured


def measured(estimate: Estimate) -> Measured:
    """The estimate with its interval."""
    return Measured(float(estimate.value), float(estimate.low), float(estimate.high))
