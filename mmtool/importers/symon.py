"""SyMoN (Sun et al. 2022): English movie summaries of many channels, with their automatic captions.

Published are the captions, ``timestamped_text/<id>.en.vtt``, and their text with punctuation,
``preprocessed_text/<id>.txt``. The truth is when a sentence is spoken, found by matching its words with those
of the captions. Folders with the sentences' times, ``spoken/<id>.tsv`` beside ``captions/<id>.vtt``, are read
as they are.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from mmtool.choices import Ends
from mmtool.errors import CallError, InputError
from mmtool.formats.annotations import read_annotations
from mmtool.formats.csv_rows import read_utf8
from mmtool.importers.annotated_film import Counts, Sentence, UnusableFilmError, film, told
from mmtool.importers.caption_words import Captions, read_captions, spoken_times
from mmtool.importers.contract import ImportedCorpus, ImportedVideo, Importer
from mmtool.importers.made_cuts import film_maker
from mmtool.records import Failure
from mmtool.settings.imports import SymonSettings

TAIL = 5.0  # seconds
CAPTIONS, TEXTS = ("captions", "timestamped_text"), (("spoken", ".tsv"), ("preprocessed_text", ".txt"))
REMEDY = (
    "give the folder with timestamped_text/ and preprocessed_text/ of SyMoN, or with captions/ and spoken/"
)
_LANGUAGE_SUFFIX = re.compile(r"\.[a-z]{2}(?:-\w+)*$")  # of yt-dlp: ID.en.vtt
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_ABBREVIATION = re.compile(r"(?:^|\s)(?:mr|mrs|ms|dr|st|vs|jr|sr|prof|sgt|lt|capt|gen)\.$", re.I)


def import_symon(source: Path, settings: SymonSettings) -> ImportedCorpus:
    """Read captions and sentences as a corpus with made cuts.

    Raises:
        CallError: The folder does not have both.
    """
    captions, texts = _captions(source), _texts(source)
    maker, counts = film_maker(settings), Counts()
    videos: dict[str, ImportedVideo] = {}
    failures: list[Failure] = []
    counts.films["without captions"] = len(texts.keys() - captions.keys())
    counts.films["without sentences"] = len(captions.keys() - texts.keys())
    for id in sorted(captions.keys() & texts.keys()):
        try:
            heard = read_captions(captions[id])
            sentences = _sentences(texts[id], heard, counts)
            if sentences is None:
                counts.films["whose captions do not time words"] += 1
                continue
            tail = maker.tail(id) if settings.ends is Ends.YMS_LIKE else TAIL
            snippets, annotations = told(sentences, counts)
            details = {"language": settings.language, "end": f"made, {settings.ends}"}
            duration = max(heard.end, annotations[-1].end) + tail
            videos[id] = film(id, (snippets, annotations), duration, maker, details)
        except UnusableFilmError as error:
            failures.append(Failure(id, f"{texts[id]}: {error}; correct or remove it"))
        except InputError as error:
            failures.append(Failure(id, str(error)))
    counts.films = +counts.films
    return ImportedCorpus(videos=videos, failures=failures, notes=counts.notes(source))


def _captions(source: Path) -> dict[str, Path]:
    """The files of captions by id."""
    folder = next((source / name for name in CAPTIONS if (source / name).is_dir()), None)
    paths = sorted(folder.glob("*.vtt")) if folder else []
    if not paths:
        raise CallError(f"{source}: has no captions/*.vtt and no timestamped_text/*.vtt; {REMEDY}")
    return {_LANGUAGE_SUFFIX.sub("", path.name.removesuffix(".vtt")): path for path in paths}


def _texts(source: Path) -> Mapping[str, Path]:
    """The files of sentences by id; those with times are preferred."""
    for folder, suffix in TEXTS:
        if found := {path.stem: path for path in sorted((source / folder).glob(f"*{suffix}"))}:
            return found
    raise CallError(f"{source}: has no spoken/*.tsv and no preprocessed_text/*.txt; {REMEDY}")


def _sentences(path: Path, heard: Captions, counts: Counts) -> list[Sentence] | None:
    """The sentences of a film; None where nothing tells when they are spoken."""
    if path.suffix == ".tsv":
        return [Sentence(one.text, (one.start, one.end)) for one in read_annotations(path)]
    if not heard.words:
        return None
    texts = split_sentences(read_utf8(path, REMEDY))
    times = spoken_times(texts, heard.words)
    counts.annotations["not found in the captions"] += times.count(None)
    counts.annotations = +counts.annotations
    return [Sentence(*pair) for pair in zip(texts, times, strict=True)]


def split_sentences(text: str) -> list[str]:
    """Sentences of text without capitals, as the data set has it: each ends with ``.``, ``!`` or ``?``."""
    sentences: list[str] = []
    unfinished = False
    for piece in _SENTENCE_END.split(text.strip()):
        if unfinished:
            sentences[-1] += f" {piece}"
        elif piece:
            sentences.append(piece)
        unfinished = _ABBREVIATION.search(piece) is not None
    return sentences


SYMON = Importer(
    help="""Import SyMoN: English movie summaries with the times when sentences are spoken, with random cuts.

    Reads SOURCE/timestamped_text/ID.en.vtt and SOURCE/preprocessed_text/ID.txt as published, or
    SOURCE/captions/ID.vtt and SOURCE/spoken/ID.tsv with start, end and sentence in each line. Writes clips/,
    snippets/, annotations/ and videos.csv. Cuts are not published. They are random, with the lengths of the
    clips of YouTube Movie Summaries, and videos.csv marks them as made. A video ends after its last caption.

    Example: mmtool import symon SYMON symon
    """,
    read=import_symon,
    settings=SymonSettings,
)
