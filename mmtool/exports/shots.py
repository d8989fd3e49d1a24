"""The passages of a film as an editor's timeline shows them: in frames, one after the other."""

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from mmtool.exports.contract import AlignedFilm
from mmtool.exports.passages import Passage
from mmtool.timecode import exact_rate, frame_of, is_drop

SMPTE_RATES = (
    *(Fraction(rate) for rate in (24, 25, 30, 48, 50, 60)),
    *(Fraction(rate * 1000, 1001) for rate in (24, 30, 60)),
)
FALLBACK_RATE = Fraction(25)
NAME_LENGTH = 60  # characters of a clip's name, which editors show on one line


@dataclass(frozen=True, slots=True)
class Shot:
    """A passage, and its frames of the film."""

    passage: Passage
    start: int
    end: int

    @property
    def name(self) -> str:
        text = self.passage.text
        return text if len(text) <= NAME_LENGTH else text[: NAME_LENGTH - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Shots:
    """What a timeline shows.

    Attributes:
        rate: Frames per second.
        shots: In the order of time, without overlap; the earlier of two takes precedence.
        length: Frames of the timeline and of the film's file.
        first: The frame that the film's own timecode gives to its first picture; 0 without one.
        drop: Whether that timecode is drop-frame.
    """

    rate: Fraction
    shots: list[Shot]
    length: int
    first: int
    drop: bool


def shots_of(film: AlignedFilm, rates: Collection[Fraction] = ()) -> Shots:
    """Lay out the passages at the film's frame rate.

    With ``rates``, a film at another rate gets 25 frames per second.
    """
    own = exact_rate(film.frame_rate())
    rate = own if not rates or own in rates else FALLBACK_RATE
    shots: list[Shot] = []
    position = 0
    for passage in film.passages:
        start, end = (round(Fraction(seconds) * rate) for seconds in passage.interval)
        start = max(start, position)
        if end > start:
            shots.append(Shot(passage, start, end))
            position = end
    seconds = max((clip.end for clip in film.alignment.clips), default=0.0)
    first, drop = _start(film, own, rate)
    return Shots(rate, shots, max(position, round(Fraction(seconds) * rate)), first, drop)


def _start(film: AlignedFilm, own: Fraction, rate: Fraction) -> tuple[int, bool]:
    media = film.media()
    if media is None or media.start is None:
        return 0, False
    try:
        first = frame_of(media.start, float(own))
    except ValueError:
        return 0, False  # a timecode at another rate
    return round(first / own * rate), is_drop(media.start) and own == rate
