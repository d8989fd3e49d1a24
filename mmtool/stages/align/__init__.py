"""Clips and snippets → alignments."""

from typing import TYPE_CHECKING

from mmtool.lazy import lazy_names

if TYPE_CHECKING:
    from mmtool.stages.align.known_times import notes_on_times
    from mmtool.stages.align.report import AlignedVideo, AlignReport, Outcome
    from mmtool.stages.align.stage import align
    from mmtool.stages.align.timed_video import Sources, align_video, notes_on

__all__ = [
    "AlignReport",
    "AlignedVideo",
    "Outcome",
    "Sources",
    "align",
    "align_video",
    "notes_on",
    "notes_on_times",
]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "AlignReport": "mmtool.stages.align.report",
        "AlignedVideo": "mmtool.stages.align.report",
        "Outcome": "mmtool.stages.align.report",
        "Sources": "mmtool.stages.align.timed_video",
        "align": "mmtool.stages.align.stage",
        "align_video": "mmtool.stages.align.timed_video",
        "notes_on": "mmtool.stages.align.timed_video",
        "notes_on_times": "mmtool.stages.align.known_times",
    },
)
