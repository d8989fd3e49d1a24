"""Texts → the clips that they describe, and clips → the snippets that describe them."""

from mmtool.stages.retrieve.report import Hit, QueryResult, RetrievalMeasures, RetrieveReport
from mmtool.stages.retrieve.stage import retrieve

__all__ = ["Hit", "QueryResult", "RetrievalMeasures", "RetrieveReport", "retrieve"]
