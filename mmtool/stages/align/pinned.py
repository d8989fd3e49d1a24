"""The pins of one video, as every way to align takes them."""

from collections.abc import Iterable, Sequence

from mmtool.alignment.pins.constraints import PinError, constraints_of, within_extent
from mmtool.choices import Use
from mmtool.constraints import Constraints
from mmtool.errors import InputError
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file
from mmtool.formats.pins import read_pins
from mmtool.records import Clip, Evidence, Interval, Snippet
from mmtool.settings.align import AlignSettings


def constraints_for(
    corpus: Corpus, settings: AlignSettings, id: str, clips: Sequence[Clip], snippets: Sequence[Snippet]
) -> Constraints | None:
    """What ``pins/<id>.tsv`` and the given extent of the text say; None where that is nothing.

    Raises InputError for pins that cannot be kept.
    """
    path, texts = corpus.pins(id), [snippet.text for snippet in snippets]
    film = Interval(clips[0].start, max(clip.end for clip in clips))
    constraints = Constraints.none(len(texts))
    if settings.pins is Use.USE and path.exists():
        try:
            constraints = constraints_of(read_pins(path), texts, film)
        except PinError as error:
            raise InputError(path, error.problem, error.remedy) from error
    try:
        constraints = within_extent(constraints, texts, settings.text_start, settings.text_end, film)
    except PinError as error:
        raise InputError(corpus.clips(id), error.problem, error.remedy) from error
    return constraints or None


def pins_recipe(corpus: Corpus, settings: AlignSettings, id: str) -> list[object]:
    """What a recipe says of pins and of the given extent; nothing without any."""
    path = corpus.pins(id)
    said: list[object] = []
    if settings.pins is Use.USE and path.exists():
        said.append(["pins", digest_file(path)])
    if settings.text_start is not None or settings.text_end is not None:
        said.append(["extent", settings.text_start, settings.text_end])
    return said


def evidence_of(
    snippets: int,
    matches: Iterable[tuple[int, int]],
    constraints: Constraints | None,
    usual: Evidence | None,
) -> tuple[Evidence | None, ...]:
    """What decided where each of M snippets is: a pin where there is one, otherwise the usual evidence.

    Empty where the usual evidence is unknown and nothing is pinned.
    """
    if usual is None and not constraints:
        return ()
    placed = {snippet for _, snippet in matches}
    found: list[Evidence | None] = [usual if number in placed else None for number in range(snippets)]
    if constraints:
        for number in range(snippets):
            if constraints.absent[number] or (constraints.pinned[number] and number in placed):
                found[number] = Evidence.PIN
    return tuple(found)
