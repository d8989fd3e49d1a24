"""Alignments and checkpoints → files of other programs."""

from typing import TYPE_CHECKING

from mmtool.lazy import lazy_names

if TYPE_CHECKING:
    from mmtool.stages.export.alignments import export_alignments
    from mmtool.stages.export.checkpoint import export_checkpoint
    from mmtool.stages.export.report import ExportCheckpointReport, ExportReport

__all__ = ["ExportCheckpointReport", "ExportReport", "export_alignments", "export_checkpoint"]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "ExportCheckpointReport": "mmtool.stages.export.report",
        "ExportReport": "mmtool.stages.export.report",
        "export_alignments": "mmtool.stages.export.alignments",
        "export_checkpoint": "mmtool.stages.export.checkpoint",
    },
)
