"""What an export format is, and what it is given to write.

Another package adds a format through an entry point of the group ``mmtool.exports``::

    def write_list(path: Path, film: AlignedFilm) -> None:
        path.write_text("\\n".join(passage.text for passage in film.passages), encoding="utf-8")

    LIST = ExportFormat(help="The texts alone.", suffix=".txt", write=write_list)
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmtool.exports.passages import Passage, passages
from mmtool.records import Alignment, Interval, Media

OnClips = Callable[[int, int | None, str], None]
"""Told how many units of how many are done, and what they are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedFilm:
    """One alignment to export, and what is known of its film.

    Attributes:
        alignment: The alignment, with the id of its file.
        video: The film; None where the corpus does not have it.
        frame_rate: Returns the frame rate of the film, in frames per second: that of the file, otherwise
            that of the clips' frames, otherwise 25.
        cut: Writes an interval of the film, in seconds, to an .mp4 file, as the user wants it cut.
        progress: Hears how many units are done.
        media: Returns what the file says about itself; None where the corpus does not have the film.
        keep_unplaced: Whether snippets without a match are put between their neighbours.
        raw_csv: Whether cells of CSV files that a spreadsheet takes for formulas stay as they are.
    """

    alignment: Alignment
    video: Path | None
    frame_rate: Callable[[], float]
    cut: Callable[[Interval, Path], None]
    progress: OnClips
    media: Callable[[], Media | None] = lambda: None
    keep_unplaced: bool = False
    raw_csv: bool = False

    @property
    def passages(self) -> list[Passage]:
        """What is told when, in the order of time."""
        return passages(self.alignment, keep_unplaced=self.keep_unplaced)

    @property
    def verdict(self) -> str:
        """``sound``, ``doubtful`` or ``unknown``; empty if the alignment was not assessed."""
        quality = self.alignment.quality
        return "" if quality is None else str(quality.verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFormat:
    """A format that alignments can be written in.

    Attributes:
        help: One line for people who choose a format.
        suffix: The end of the file's name; empty for a folder, which has the id as its name.
        write: Writes one alignment to a path; raises InputError for one that cannot be written. A file is
            written to a partial name with the same suffix, and renamed once it is whole.
        modules: The optional modules that it imports; they are looked for before anything is written.
        needs_film: Whether it cannot do without the film.
        lists_unplaced: Whether it has a place for snippets without times.
    """

    help: str
    suffix: str
    write: Callable[[Path, AlignedFilm], None]
    modules: tuple[str, ...] = ()
    needs_film: bool = False
    lists_unplaced: bool = False
