"""A corrected export of one video → its pins, or its annotations."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mmtool.alignment.pins.constraints import PinError, constraints_of, shown
from mmtool.alignment.pins.places import Found, Places
from mmtool.choices import Corrections
from mmtool.errors import CallError, InputError, SettingError
from mmtool.formats.annotations import annotations_text
from mmtool.formats.atomic import write_text
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.pins import pins_text
from mmtool.formats.snippets import read_snippets
from mmtool.importers.corrected import CorrectedLine, read_corrected
from mmtool.records import Annotation, Failure, Interval, Pin, Progress, silent
from mmtool.settings.imports import ImportCorrectionsSettings
from mmtool.stages.imports.report import ImportCorrectionsReport


def import_corrections(
    root: Path | str,
    settings: ImportCorrectionsSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> ImportCorrectionsReport:
    """Write ``pins/<id>.tsv`` or ``annotations/<id>.tsv`` from a corrected export.

    Entries are found among the snippets by their texts, whose case, punctuation and white space do not
    count. Several entries of one snippet become one, from the first start to the last end.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`ImportCorrectionsSettings`.
        progress: Hears when the file is written.

    Returns:
        A report in which each entry that no snippet has is a failure, with the nearest snippet.

    Raises:
        CallError: The settings are impossible, the file cannot be read, no entry is found, the pins
            contradict each other, or the video already has other pins or annotations and ``force`` is not
            set.
    """
    settings = ImportCorrectionsSettings.chosen(settings, options)
    corpus = Corpus.open(Path(root))
    id = settings.video or settings.file.stem
    if id not in corpus.snippet_ids():
        raise SettingError("video", f"must be the id of a video with snippets, not {id!r}")
    as_pins = settings.corrections is Corrections.PINS
    path = corpus.pins(id) if as_pins else corpus.annotations(id)
    report = ImportCorrectionsReport(id=id, corrections=settings.corrections)
    try:
        lines = read_corrected(settings.file)
        texts = [snippet.text for snippet in read_snippets(corpus.snippets(id))]
        places = Places(texts)
        placed, lost = place_lines(lines, places)
        if not as_pins:
            lost += [(line, f"is the text of several snippets, {found.first} to {found.last}")
                     for line, found in placed if found.first != found.last]  # fmt: skip
            lost += [(line, f"is only a part of snippet {found.first}")
                     for line, found in placed if found.first == found.last and not found.whole]  # fmt: skip
            placed = [(line, found) for line, found in placed if found.first == found.last and found.whole]
        merged = _merged(placed)
        if not merged:
            line, problem = lost[0]
            raise InputError(settings.file, f"{_named(line)} {problem}", "import the export of this video")
        if as_pins:
            pins = _pins(merged, places)
            _check(corpus, id, pins, texts)
            content = pins_text(pins)
        else:
            rows = [Annotation(*each.interval, texts[each.found.first]) for each in merged]
            content = annotations_text(rows)
        is_there = path.exists() and not settings.force
        if is_there and not _holds(path, content):  # otherwise by this call, killed as it ended
            raise CallError(f"{path}: exists already; replace it with `force`")
        if not is_there:
            write_text(path, content)
    except InputError as error:
        raise CallError(str(error)) from error
    except PinError as error:
        raise CallError(f"{settings.file}: {error}") from error
    progress("importing", 1, 1, "videos")
    report.placed = len(lines) - len(lost)
    if is_there:
        report.unchanged.append(id)
    else:
        report.done.append(id)
        report.written.append(str(path))
    report.failures += [Failure(id, f"{settings.file}: {_named(line)} {problem}") for line, problem in lost]
    return report


class _Merged(NamedTuple):
    """What all entries of one place say."""

    found: Found
    interval: Interval
    text: str


Placed = list[tuple[CorrectedLine, Found]]
Lost = list[tuple[CorrectedLine, str]]


def place_lines(lines: Sequence[CorrectedLine], places: Places) -> tuple[Placed, Lost]:
    """Find each entry among the snippets, in order of time; and say why the others cannot be found.

    Of several places with one text, an entry takes the first that does not come before the previous entry's;
    where as many places as entries are left, each entry takes one of its own.
    """
    placed: Placed = []
    lost: Lost = []
    position = (0, True)  # the first snippet of the previous entry, and whether it may be taken again
    left: dict[str, int] = {}
    for line in lines:
        left[line.text] = left.get(line.text, 0) + 1
    for line in lines:
        found = places.all_of(line.text)
        if not found:
            lost.append((line, _why(line.text, places)))
            continue
        ahead = [place for place in found if place.first > position[0]]
        again = [place for place in found if place.first == position[0]]
        alone = len(found) == 1 or len(ahead) < left[line.text]
        chosen = (again if again and (alone or position[1]) else ahead) or again or ahead or found[-1:]
        left[line.text] -= 1
        position = chosen[0].first, False
        placed.append((line, chosen[0]))
    return placed, lost


def _why(text: str, places: Places) -> str:
    nearest = places.nearest(text)
    if nearest is None:
        return "is the text of no snippet"
    number, ratio = nearest
    return (
        f"is the text of no snippet; the nearest is snippet {number}, {shown(places.texts[number])} "
        f"({ratio:.0%} the same)"
    )


def _named(line: CorrectedLine) -> str:
    return f"{line.where} {shown(line.text)}"


def _merged(placed: Placed) -> list[_Merged]:
    """One entry for each place, in reading order."""
    whole: dict[Found, _Merged] = {}
    for line, found in placed:
        if found in whole:
            before = whole[found].interval
            interval = Interval(min(before.start, line.interval.start), max(before.end, line.interval.end))
        else:
            interval = line.interval
        whole[found] = _Merged(found, interval, line.text)
    return sorted(whole.values(), key=lambda each: each.found)


def _pins(merged: Sequence[_Merged], places: Places) -> list[Pin]:
    pins = []
    for found, interval, text in merged:
        if found.whole and found.first == found.last:
            text = places.texts[found.first]
        pins.append(Pin(text, *interval, places.all_of(text).index(found) + 1))
    return pins


def _check(corpus: Corpus, id: str, pins: Sequence[Pin], texts: Sequence[str]) -> None:
    """Raise PinError for pins that no alignment could keep."""
    film = Interval(0.0, float("inf"))
    if corpus.clips(id).exists():
        clips = read_clips(corpus.clips(id))
        film = Interval(clips[0].start, max(clip.end for clip in clips))
    constraints_of(pins, texts, film)


def _holds(path: Path, content: str) -> bool:
    return path.is_file() and path.read_bytes() == content.encode()
