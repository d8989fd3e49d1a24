"""Files → what they are, and whether they are intact."""

from mmtool.stages.info.stage import FileKind, InfoReport, info
from mmtool.stages.info.verification import VerifyReport, verify

__all__ = ["FileKind", "InfoReport", "VerifyReport", "info", "verify"]
