"""Cuts and ends for data sets that publish neither: drawn at random, with a seed.

Lengths of clips are those of the 12,140 clips of the training videos of YouTube Movie Summaries (Dogan et
al. 2018), and lengths of what follows the last annotation those of its 66 training videos, both as quantiles.
Each video has a generator of its own, so that its cuts do not depend on which others are imported.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from mmtool.errors import InputError
from mmtool.formats.csv_rows import finite_seconds, read_utf8
from mmtool.records import Clip
from mmtool.settings.imports import MadeFilmSettings

SHORTEST = 0.04  # seconds: one frame
YMS_CLIP_LENGTHS = (  # seconds; quantiles 0, 2.5, …, 97.5 %, then what keeps the mean of the longest
    *(0.07, 0.17, 0.17, 0.17, 0.2, 0.21, 0.21, 0.21, 0.25, 0.29, 0.33, 0.4, 0.47, 0.54, 0.62, 0.67, 0.77),
    *(0.83, 0.92, 1.0, 1.08, 1.17, 1.25, 1.33, 1.42, 1.5, 1.6, 1.68, 1.79, 1.9, 2.0, 2.13, 2.27, 2.4, 2.58),
    *(2.78, 3.04, 3.3, 3.71, 4.72, 7.55),
)
YMS_TAILS = (  # seconds from the end of the last annotation to that of the video; quantiles 0, 5, …, 100 %
    *(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 8.7, 11.7, 14.7, 15.6, 15.7, 15.7, 20.6, 20.6, 20.7, 20.7, 20.7, 20.8),
    *(21.3, 23.9, 41.6),
)
MADE = "random"  # in the column `cuts` of videos.csv
LENGTHS_REMEDY = "write one length in seconds a line"


@dataclass(frozen=True, slots=True)
class FilmMaker:
    """Draws cuts and ends; equal seeds and ids give equal ones."""

    seed: int
    clip_lengths: Sequence[float] = YMS_CLIP_LENGTHS  # quantiles, equally spaced

    def clips(self, id: str, duration: float) -> list[Clip]:
        """Cut ``[0, duration)`` into clips; the last is as long as the film allows."""
        random = Random(f"{self.seed}:cuts:{id}")
        cuts = [0.0]
        while (cut := round(cuts[-1] + _draw(self.clip_lengths, random), 3)) < duration - SHORTEST:
            cuts.append(cut)
        return [Clip(start, end) for start, end in zip(cuts, [*cuts[1:], round(duration, 3)], strict=True)]

    def tail(self, id: str) -> float:
        """Seconds between the last annotation and the end of the film, as they are in YMS."""
        return round(_draw(YMS_TAILS, Random(f"{self.seed}:tail:{id}")), 3)


def film_maker(settings: MadeFilmSettings) -> FilmMaker:
    """The maker that an importer's settings ask for; raises InputError for an unusable list of lengths."""
    lengths = YMS_CLIP_LENGTHS if settings.clip_lengths is None else read_clip_lengths(settings.clip_lengths)
    return FilmMaker(settings.seed, lengths)


def _draw(quantiles: Sequence[float], random: Random) -> float:
    """A value of the distribution whose quantile function is linear between the given ones."""
    place = random.random() * (len(quantiles) - 1)
    below = int(place)
    if below + 1 >= len(quantiles):
        return quantiles[below]
    return quantiles[below] + (place - below) * (quantiles[below + 1] - quantiles[below])


def read_clip_lengths(path: Path) -> tuple[float, ...]:
    """Lengths of clips of one's own, sorted; raises InputError for a file that is not a list of them."""
    lengths: list[float] = []
    for number, line in enumerate(read_utf8(path, LENGTHS_REMEDY).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            length = finite_seconds(line)
        except ValueError:
            raise InputError(path, f"line {number} is not a number", LENGTHS_REMEDY) from None
        if length < SHORTEST:
            raise InputError(path, f"line {number}: no clip is as short as {length:g} s", LENGTHS_REMEDY)
        lengths.append(length)
    if not lengths:
        raise InputError(path, "contains no lengths", LENGTHS_REMEDY)
    return tuple(sorted(lengths))
