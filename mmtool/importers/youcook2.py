"""YouCook2 (Zhou et al. 2018): steps of recipes with their times, which nobody reads aloud."""

from collections.abc import Mapping
from pathlib import Path

from mmtool.choices import Split
from mmtool.errors import InputError
from mmtool.formats.json_files import read_object, seconds, text
from mmtool.importers.annotated_film import (
    PUBLISHED,
    Counts,
    Sentence,
    UnusableFilmError,
    film,
    told,
)
from mmtool.importers.contract import ImportedCorpus, ImportedVideo, Importer
from mmtool.importers.made_cuts import FilmMaker, film_maker
from mmtool.records import Failure
from mmtool.settings.imports import YouCook2Settings

REMEDY = "give youcookii_annotations_trainval.json of YouCook2, unchanged"
SUBSETS = {"training": Split.TRAIN, "validation": Split.VAL, "testing": Split.TEST}


def import_youcook2(source: Path, settings: YouCook2Settings) -> ImportedCorpus:
    """Read an annotation file as a corpus with made cuts.

    Raises:
        InputError: The file is missing, not JSON, or not one of annotations.
    """
    try:
        content = read_object(source, "an annotation file of YouCook2", REMEDY)
    except FileNotFoundError:
        raise InputError(source, "no such file", REMEDY) from None
    database = content.get("database", content)
    if not isinstance(database, dict):
        raise InputError(source, "has a 'database' that is not an object", REMEDY)
    maker, counts = film_maker(settings), Counts()
    videos: dict[str, ImportedVideo] = {}
    splits: dict[Split, list[str]] = {}
    failures: list[Failure] = []
    for id, entry in database.items():
        try:
            subset = _subset(entry)
            videos[id] = _video(id, entry, settings.language, maker, counts)
        except UnusableFilmError as error:
            failures.append(Failure(id, f"{source}: {id!r} {error}; correct or remove it"))
        else:
            if subset is not None:
                splits.setdefault(subset, []).append(id)
    return ImportedCorpus(videos=videos, splits=splits, failures=failures, notes=counts.notes(source))


def _subset(entry: object) -> Split | None:
    if not isinstance(entry, dict):
        raise UnusableFilmError("is not an object")
    subset = entry.get("subset")
    if subset is None:
        return None
    if not isinstance(subset, str) or subset not in SUBSETS:
        raise UnusableFilmError(f"has subset {subset!r}, which is none of {', '.join(SUBSETS)}")
    return SUBSETS[subset]


def _video(
    id: str, entry: Mapping[str, object], language: str, maker: FilmMaker, counts: Counts
) -> ImportedVideo:
    try:
        duration = seconds(entry.get("duration"))
    except (TypeError, ValueError, OverflowError) as error:
        raise UnusableFilmError("has no usable 'duration'") from error
    if not duration:
        raise UnusableFilmError("has no usable 'duration'")
    steps = entry.get("annotations", entry.get("steps"))
    if not isinstance(steps, list):
        raise UnusableFilmError("has no list of 'annotations'")
    sentences = [_step(number, step, duration, counts) for number, step in enumerate(steps, start=1)]
    url = entry.get("video_url")
    details = {"language": language, "end": PUBLISHED, **({"url": url} if isinstance(url, str) else {})}
    return film(id, told(sentences, counts), duration, maker, details)


def _step(number: int, step: object, duration: float, counts: Counts) -> Sentence:
    """One step; what lies behind the end of the film is left out of its interval."""
    if not isinstance(step, dict):
        raise UnusableFilmError(f"has a step {number} that is not an object")
    written = step.get("sentence", step.get("text"))
    segment = step.get("segment", [step.get("start"), step.get("end")])
    if not isinstance(segment, list) or len(segment) != 2:
        raise UnusableFilmError(f"has a step {number} whose 'segment' is not a start and an end")
    try:
        start, end = (seconds(time) for time in segment)
        sentence = text(written)
    except (TypeError, ValueError, OverflowError) as error:
        raise UnusableFilmError(f"has a step {number} with a wrong value ({error})") from error
    if start >= duration:
        counts.annotations["after the end of the film"] += 1
        return Sentence(sentence)
    return Sentence(sentence, (start, min(end, duration)))


YOUCOOK2 = Importer(
    help="""Import YouCook2: recipe steps that nobody reads aloud, with random cuts.

    Reads SOURCE, youcookii_annotations_trainval.json as published. Writes clips/, snippets/, annotations/,
    splits/ and videos.csv. Cuts are not published. They are random, with the lengths of the clips of YouTube
    Movie Summaries, and videos.csv marks them as made.

    Example: mmtool import youcook2 youcookii_annotations_trainval.json youcook2
    """,
    read=import_youcook2,
    settings=YouCook2Settings,
)
