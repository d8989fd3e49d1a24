"""Videos → clips, texts → snippets."""

from typing import TYPE_CHECKING

from mmtool.lazy import lazy_names

if TYPE_CHECKING:
    from mmtool.stages.segment.clips import CutFilm, cut_film
    from mmtool.stages.segment.report import SegmentedText, SegmentedVideo, SegmentReport
    from mmtool.stages.segment.stage import segment
    from mmtool.stages.segment.texts import split_text

__all__ = [
    "CutFilm",
    "SegmentReport",
    "SegmentedText",
    "SegmentedVideo",
    "cut_film",
    "segment",
    "split_text",
]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "CutFilm": "mmtool.stages.segment.clips",
        "SegmentReport": "mmtool.stages.segment.report",
        "SegmentedText": "mmtool.stages.segment.report",
        "SegmentedVideo": "mmtool.stages.segment.report",
        "cut_film": "mmtool.stages.segment.clips",
        "segment": "mmtool.stages.segment.stage",
        "split_text": "mmtool.stages.segment.texts",
    },
)
