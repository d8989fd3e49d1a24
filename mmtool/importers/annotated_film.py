"""A film of which only the annotations are public: sentences, some with times, become a video of a corpus."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mmtool.importers.contract import ImportedVideo
from mmtool.importers.made_cuts import MADE, FilmMaker
from mmtool.importers.time_order import in_order
from mmtool.records import Annotation, Snippet

LONGEST = 86_400.0  # seconds; a film that is longer than a day has a damaged time
PUBLISHED = "published"  # in the column `end` of videos.csv: the film's length is not made


class UnusableFilmError(ValueError):
    """The annotations of one film cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a text, and the interval that it was annotated with, as it was published."""

    text: str
    times: tuple[float, float] | None = None


@dataclass(slots=True)
class Counts:
    """What was left out of all films, by reason."""

    annotations: Counter[str] = field(default_factory=Counter)
    sentences: Counter[str] = field(default_factory=Counter)
    films: Counter[str] = field(default_factory=Counter)

    def notes(self, source: object) -> list[str]:
        """One note for each kind of thing that was left out."""
        said = []
        for counter, singular, plural, where in (
            (self.annotations, "1 annotation", "annotations", " of the truth; the sentences are kept"),
            (self.sentences, "1 sentence", "sentences", ""),
            (self.films, "1 video", "videos", ""),
        ):
            if total := counter.total():
                counted = singular if total == 1 else f"{total} {plural}"
                reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(counter.items()))
                said.append(f"{source}: left {counted} out{where} ({reasons})")
        return said


def told(sentences: Sequence[Sentence], counts: Counts) -> tuple[list[Snippet], list[Annotation]]:
    """The snippets of a film, and the annotations that keep order.

    Raises UnusableFilmError where there are no sentences, or none that is annotated.
    """
    written = [Sentence(" ".join(one.text.split()), one.times) for one in sentences]
    filled = [one for one in written if one.text]
    counts.sentences["without text"] += len(written) - len(filled)
    half, odd = divmod(len(filled), 2)
    texts = [one.text for one in filled]
    if half > 1 and not odd and texts[:half] == texts[half:]:  # as some videos of M-SyMoN are
        filled = filled[:half]
        counts.sentences["listed a second time"] += half
    counts.sentences = +counts.sentences
    if not filled:
        raise UnusableFilmError("has no sentences")
    kept, left_out = in_order([Annotation(*one.times, one.text) for one in filled if one.times is not None])
    if not kept:
        raise UnusableFilmError("has no sentence with a usable interval")
    counts.annotations += left_out
    return [Snippet(one.text) for one in filled], kept


def film(
    id: str,
    told: tuple[list[Snippet], list[Annotation]],
    duration: float,
    maker: FilmMaker,
    details: Mapping[str, str],
) -> ImportedVideo:
    """A video with made cuts, which its details and the note beside its clips mark as made.

    Raises UnusableFilmError for a film that is longer than a day.
    """
    if duration > LONGEST:
        raise UnusableFilmError(f"would last {duration / 3600:,.0f} hours")
    snippets, annotations = told
    return ImportedVideo(
        clips=maker.clips(id, duration),
        snippets=snippets,
        annotations=annotations,
        details={**details, "cuts": MADE},
        made={"cuts": MADE, "seed": maker.seed, "end": details["end"]},
    )
