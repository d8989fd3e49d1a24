"""Clips and snippets → features in HDF5."""

from mmtool.stages.extract.report import ExtractedFeatures, ExtractReport
from mmtool.stages.extract.stage import extract

__all__ = ["ExtractReport", "ExtractedFeatures", "extract"]
