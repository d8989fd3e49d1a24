"""YouTube Movie Summaries (Dogan et al. 2018): the annotation files as their authors released them.

Each line of the annotations and of the clips names a video and an interval,
``VIDEO_HH.MM.SS.mmm-HH.MM.SS.mmm``. A phrase that starts with ``UNMATCHED`` is spoken over unrelated
pictures; the authors leave these phrases out of the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mmtool.choices import Split
from mmtool.errors import CallError, InputError
from mmtool.formats.csv_rows import read_utf8
from mmtool.formats.splits import read_split
from mmtool.importers.annotated_film import Counts
from mmtool.importers.contract import ImportedCorpus, ImportedVideo, Importer
from mmtool.importers.time_order import in_order
from mmtool.records import Annotation, Clip, Failure, Snippet
from mmtool.settings.imports import YmsSettings

ANNOTATIONS, CLIPS, TITLES, URLS = (
    "annotations_phrases.txt",
    "clip_segmentation.txt",
    "movie_list.txt",
    "url_list.txt",
)
SPLITS = {Split.TRAIN: "training_split.txt", Split.VAL: "val_split.txt", Split.TEST: "test_split.txt"}
UNMATCHED = "UNMATCHED"
_TIMES = re.compile(r"(?P<id>[^_/]+)_(?P<start>\d+\.\d+\.\d+(\.\d+)?)-(?P<end>\d+\.\d+\.\d+(\.\d+)?)")


@dataclass(slots=True)
class YmsVideo:
    """What the files say about one video."""

    clips: list[Clip] = field(default_factory=list)
    snippets: list[Snippet] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)
    title: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Yms:
    """The videos of the splits by id, and the splits."""

    videos: dict[str, YmsVideo]
    splits: dict[Split, list[str]]
    blank: int  # intervals of these videos whose text is empty, so that there is nothing to align


def import_yms(folder: Path, settings: YmsSettings) -> ImportedCorpus:
    """Read the annotation files as a corpus.

    Videos without clips, phrases or annotations are failures. Annotations that break the order of time, or
    overlap by more than a quarter of a second, are left out of the truth.

    Raises:
        CallError: A file is missing, or one of its lines is malformed.
    """
    yms = read_yms(folder, keep_unmatched=settings.keep_unmatched)
    videos, failures, counts = {}, [], Counts()
    for id, video in sorted(yms.videos.items()):
        if video.clips and video.snippets and video.annotations:
            kept, left_out = in_order(video.annotations)
            counts.annotations += left_out
            videos[id] = ImportedVideo(
                clips=video.clips,
                snippets=video.snippets,
                annotations=kept if left_out else video.annotations,  # as released where order holds
                title=video.title,
                details={"url": video.url},
            )
        else:
            problem = f"{folder}: {id!r} has no clips or no phrases; restore the released files"
            failures.append(Failure(id, problem))
    notes = counts.notes(folder)
    if yms.blank:
        intervals = "1 annotated interval has" if yms.blank == 1 else f"{yms.blank} annotated intervals have"
        notes.append(f"{folder}: {intervals} no text and so no snippet")
    return ImportedCorpus(videos=videos, splits=yms.splits, failures=failures, notes=notes)


def read_yms(folder: Path, *, keep_unmatched: bool) -> Yms:
    """Read the annotation files; ``keep_unmatched`` keeps phrases without a match as snippets.

    Videos that are in no split are left out. Raises CallError for a missing file or a malformed line.
    """
    if not folder.is_dir():
        raise CallError(f"{folder}: no such folder; give the one that holds {ANNOTATIONS}")
    try:
        splits = {split: read_split(folder / name) for split, name in SPLITS.items()}
        videos = {id: YmsVideo() for ids in splits.values() for id in ids}
        for id, clip, _ in _intervals(folder / CLIPS):
            if id in videos:
                videos[id].clips.append(Clip(*clip))
        blank = 0
        for id, (start, end), text in _intervals(folder / ANNOTATIONS):
            blank += id in videos and not text
            if id in videos:
                _add_phrase(videos[id], Annotation(start, end, text), keep_unmatched)
        for id, title in _pairs(folder / TITLES):
            if id in videos:
                videos[id].title = title
        for id, url in _pairs(folder / URLS):
            if id in videos:
                videos[id].url = url
    except InputError as error:
        raise CallError(str(error)) from error
    return Yms(videos, splits, blank)


def _add_phrase(video: YmsVideo, phrase: Annotation, keep_unmatched: bool) -> None:
    matched = not phrase.text.startswith(UNMATCHED)
    text = phrase.text if matched else phrase.text.removeprefix(UNMATCHED).lstrip(": ")
    if text and (matched or keep_unmatched):
        video.snippets.append(Snippet(text))
    if text and matched:
        video.annotations.append(phrase)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    remedy = "give the folder with the annotation files of YMS, unchanged"
    for number, line in enumerate(read_utf8(path, remedy).splitlines(), start=1):
        if line.strip():
            yield number, line


def _intervals(path: Path) -> Iterator[tuple[str, tuple[float, float], str]]:
    """Yield ``(id, (start, end), text)`` of each line, in seconds."""
    for number, line in _lines(path):
        name, _, text = line.partition("\t")
        match = _TIMES.fullmatch(name.strip().rsplit("/", maxsplit=1)[-1])
        if match is None:
            raise InputError(path, f"line {number} is not VIDEO_START-END", "restore the released file")
        start, end = _seconds(match["start"]), _seconds(match["end"])
        if end <= start:
            raise InputError(
                path, f"line {number}: the interval ends before it starts", "restore the released file"
            )
        yield match["id"], (start, end), " ".join(text.split())


def _pairs(path: Path) -> Iterator[tuple[str, str]]:
    """Yield ``(id, text)`` of each line that has both."""
    for _, line in _lines(path):
        id, *rest = line.split(maxsplit=1)
        if rest:
            yield id, rest[0].strip()


def _seconds(time: str) -> float:
    hours, minutes, seconds = time.split(".", maxsplit=2)
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


YMS = Importer(
    help="""Import YouTube Movie Summaries: clips, snippets, annotations, splits and titles.

    Reads SOURCE/annotations_phrases.txt, clip_segmentation.txt, movie_list.txt, url_list.txt and the three
    splits. Writes clips/, snippets/, annotations/, splits/ and videos.csv. The films themselves are not
    part of the release; videos.csv has their addresses.

    Example: mmtool import yms YMS/annotations yms
    """,
    read=import_yms,
    settings=YmsSettings,
)
