"""One film and one text → an alignment: in a corpus of their own, or in memory."""

from typing import TYPE_CHECKING

from mmtool.lazy import lazy_names

if TYPE_CHECKING:
    from mmtool.stages.run.film import FilmAlignment, Match, align_film
    from mmtool.stages.run.stage import NextStep, RunReport, run

__all__ = ["FilmAlignment", "Match", "NextStep", "RunReport", "align_film", "run"]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "FilmAlignment": "mmtool.stages.run.film",
        "Match": "mmtool.stages.run.film",
        "NextStep": "mmtool.stages.run.stage",
        "RunReport": "mmtool.stages.run.stage",
        "align_film": "mmtool.stages.run.film",
        "run": "mmtool.stages.run.stage",
    },
)
