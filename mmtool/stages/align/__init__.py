"""Clips and snippets → alignments."""

from typing import TYPE_CHECKING

from mmtool.lazy import lazy_names

if TYPE_CHECKING:
    from mmtool.stages.align.heard_text import HeardText, text_in
    from mmtool.stages.align.known_times import notes_on_times
    from mmtool.stages.align.report import AlignedVideo, AlignReport, Outcome
    from mmtool.stages.align.stage import align
    from mmtool.stages.align.timed_video import Sources, align_video, language_of, notes_on

__all__ = [
    "AlignReport",
    "AlignedVideo",
    "HeardText",
    "Outcome",
    "Sources",
    "align",
    "align_video",
    "language_of",
    "notes_on",
    "notes_on_times",
    "text_in",
]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "AlignReport": "mmtool.stages.align.report",
        "AlignedVideo": "mmtool.stages.align.report",
        "HeardText": "mmtool.stages.align.heard_text",
        "Outcome": "mmtool.stages.align.report",
        "Sources": "mmtool.stages.align.timed_video",
        "align": "mmtool.stages.align.stage",
        "align_video": "mmtool.stages.align.timed_video",
        "language_of": "mmtool.stages.align.timed_video",
        "notes_on": "mmtool.stages.align.timed_video",
        "notes_on_times": "mmtool.stages.align.known_times",
        "text_in": "mmtool.stages.align.heard_text",
    },
)
