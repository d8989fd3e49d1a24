"""M-SyMoN (Sun et al. 2024): movie summaries in seven languages, with the times when sentences are seen.

Published are the sentences of each video and, for those that are seen in it, the interval; neither cuts nor
lengths. A film is made to end where its last annotated sentence ends, plus the time that the rest of its text
takes at the pace of the sentences so far, plus a tail.
"""

from collections.abc import Sequence
from pathlib import Path

from mmtool.choices import Ends, Split
from mmtool.errors import CallError
from mmtool.formats.json_files import read_object, seconds, text
from mmtool.importers.annotated_film import Counts, Sentence, UnusableFilmError, film, told
from mmtool.importers.contract import ImportedCorpus, ImportedVideo, Importer
from mmtool.importers.made_cuts import film_maker
from mmtool.languages import is_language
from mmtool.records import Annotation, Failure, Snippet
from mmtool.settings.imports import MSymonSettings

REMEDY = "give an annotation file of M-SyMoN, such as annotations/en/train.json, unchanged"
TAIL = 8.0  # seconds
ALIASES = {"ch": "zh"}  # the data set's name of Chinese
SPLITS = {"train": Split.TRAIN, "val": Split.VAL, "test": Split.TEST}


def import_msymon(source: Path, settings: MSymonSettings) -> ImportedCorpus:
    """Read annotation files as a corpus with made cuts.

    Raises:
        CallError: There are no annotation files, or the language of one cannot be told.
        InputError: A file is not JSON, or not one of annotations.
    """
    wanted = {_normalised(code) for code in settings.language}
    maker = film_maker(settings)
    videos: dict[str, ImportedVideo] = {}
    splits: dict[Split, list[str]] = {}
    failures: list[Failure] = []
    counts = Counts()
    for path, language in _files(source, wanted):
        for id, entries in read_object(path, "a file of annotations", REMEDY).items():
            try:
                if id in videos:
                    raise UnusableFilmError("is also in another file")
                sentences = told(_sentences(entries), counts)
                duration = _end(*sentences) + (maker.tail(id) if settings.ends is Ends.YMS_LIKE else TAIL)
                details = {"language": language, "end": f"made, {settings.ends}"}
                videos[id] = film(id, sentences, duration, maker, details)
            except UnusableFilmError as error:
                failures.append(Failure(id, f"{path}: {id!r} {error}; correct or remove it"))
            else:
                if path.stem in SPLITS:
                    splits.setdefault(SPLITS[path.stem], []).append(id)
    return ImportedCorpus(videos=videos, splits=splits, failures=failures, notes=counts.notes(source))


def _files(source: Path, wanted: set[str]) -> list[tuple[Path, str]]:
    """The annotation files below a path with their languages, only those of the languages that are wanted."""
    if source.is_dir():
        folder = source / "annotations" if (source / "annotations").is_dir() else source
        found = sorted(path for path in folder.glob("*.json") if path.is_file())
        found += sorted(path for path in folder.glob("*/*.json") if _language_of(path.parent.name))
        files = [(path, language) for path in found if (language := _told_by(path))]
        if not files:
            raise CallError(f"{source}: has no files such as en.json or en/train.json; {REMEDY}")
    elif source.exists():
        language = _told_by(source) or (next(iter(wanted)) if len(wanted) == 1 else "")
        if not language:
            raise CallError(
                f"{source}: is not named after a language, such as en.json; name it with `language`"
            )
        files = [(source, language)]
    else:
        raise CallError(f"{source}: no such file or folder; {REMEDY}")
    chosen = [(path, language) for path, language in files if not wanted or language in wanted]
    if not chosen:
        known = ", ".join(sorted({language for _, language in files}))
        raise CallError(f"{source}: has no annotations in {', '.join(sorted(wanted))}; it has {known}")
    return chosen


def _told_by(path: Path) -> str:
    return _language_of(path.stem) or _language_of(path.absolute().parent.name)


def _language_of(name: str) -> str:
    """The language that a file or folder is named after; empty if it is not named after one."""
    return _normalised(name) if len(name) == 2 and is_language(name) else ""


def _normalised(code: str) -> str:
    return ALIASES.get(code.lower(), code.lower())


def _sentences(entries: object) -> list[Sentence]:
    if not isinstance(entries, list):
        raise UnusableFilmError("is not a list of sentences")
    return [_sentence(number, entry) for number, entry in enumerate(entries, start=1)]


def _sentence(number: int, entry: object) -> Sentence:
    """One sentence; ``begin_time`` and ``end_time``, or ``start`` and ``end``, count where it is matched."""
    if not isinstance(entry, dict):
        raise UnusableFilmError(f"has a sentence {number} that is not an object")
    keys = ("begin_time", "end_time") if "begin_time" in entry else ("start", "end")
    for key in ("text", "matched", *keys):
        if key not in entry:
            raise UnusableFilmError(f"has a sentence {number} without {key!r}")
    matched = {"yes": True, "no": False}.get(str(entry["matched"]).lower(), entry["matched"])
    if not isinstance(matched, bool):
        raise UnusableFilmError(f"has a sentence {number} whose 'matched' is neither yes nor no")
    try:
        written = text(entry["text"])
        start, end = (seconds(entry[key]) for key in keys)
    except (TypeError, ValueError, OverflowError) as error:
        raise UnusableFilmError(f"has a sentence {number} with a wrong value ({error})") from error
    return Sentence(written, (start, end) if matched else None)


def _end(snippets: Sequence[Snippet], annotations: Sequence[Annotation]) -> float:
    """Where the narration ends: the rest of the text is told at the pace of the text that was annotated."""
    first, last = annotations[0], annotations[-1]
    texts = [snippet.text for snippet in snippets]
    to = len(texts) - texts[::-1].index(last.text)
    told_from = min(texts.index(first.text), to - 1)
    told_characters = sum(len(one) + 1 for one in texts[told_from:to])
    left = sum(len(one) + 1 for one in texts[to:])
    return last.end + left * (last.end - first.start) / told_characters


MSYMON = Importer(
    help="""Import M-SyMoN: movie summaries in seven languages, with random cuts.

    Reads SOURCE: annotations/LANGUAGE/train.json, val.json and test.json as published, a folder of
    LANGUAGE.json, or one such file. Writes clips/, snippets/, annotations/, splits/ and videos.csv.
    Neither cuts nor lengths of these videos are published. Cuts are random, with the lengths of the
    clips of YouTube Movie Summaries, and videos.csv marks them as made.

    Example: mmtool import msymon M-SyMoN msymon-en --language en
    """,
    read=import_msymon,
    settings=MSymonSettings,
)
