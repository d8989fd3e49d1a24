"""Somebody else's corpus, as an importer reads it → a corpus folder."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory

from mmtool.errors import CallError, InputError, SettingError
from mmtool.formats.annotations import read_annotations, write_annotations
from mmtool.formats.atomic import write_text
from mmtool.formats.clips import read_clips, write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.csv_rows import write_rows
from mmtool.formats.ids import require_distinct, require_usable
from mmtool.formats.provenance import Recipe, recorded
from mmtool.formats.snippets import read_snippets, write_snippets
from mmtool.formats.splits import write_split
from mmtool.importers.contract import ImportedCorpus, ImportedVideo
from mmtool.importers.table import IMPORTERS
from mmtool.records import Failure, Progress, silent
from mmtool.settings.imports import ImportSettings
from mmtool.settings.options import Settings
from mmtool.stages.imports.report import ImportReport

UNFINISHED = ".import"  # there while an import is at work, or if it was killed


def import_corpus(
    root: Path | str,
    settings: ImportSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> ImportReport:
    """Write the clips, snippets, annotations, splits and titles that an importer reads.

    Args:
        root: The corpus folder; it is made where it does not exist.
        settings: All settings; or give them as keywords, the fields of :class:`ImportSettings` and those
            of the importer's own settings.
        progress: Hears how many videos are written.

    Returns:
        A report with the number of records. A video that cannot be imported is a failure beside those
        that are.

    Raises:
        CallError: The settings are impossible, the source cannot be read, or the corpus already has other
            clips or snippets and ``force`` is not set.
    """
    settings, own = _chosen(settings, options)
    corpus = Corpus(Path(root))
    try:
        imported = IMPORTERS.load(settings.importer).read(settings.source, own)
    except InputError as error:
        raise CallError(str(error)) from error
    unfinished = corpus.root / UNFINISHED
    if corpus.known_ids() and not (settings.force or _is_unfinished(unfinished, settings)):
        return _already_there(corpus, imported, settings)
    write_text(unfinished, _identity(settings))
    report = _write(corpus, imported, settings, progress)
    unfinished.unlink()
    report.written.append(str(root))
    return report


def _already_there(corpus: Corpus, imported: ImportedCorpus, settings: ImportSettings) -> ImportReport:
    """The report of an import that the corpus holds; raises CallError if it holds something else.

    A call that is killed as it ends has imported everything. Called again, it has nothing left to do.
    """
    with TemporaryDirectory() as folder:
        again = Corpus(Path(folder))
        report = _write(again, imported, settings, silent)
        for path in sorted(again.root.rglob("*")):
            if path.is_file() and ".made" not in path.parts:
                there = corpus.root / path.relative_to(again.root)
                if not there.is_file() or there.read_bytes() != path.read_bytes():
                    raise CallError(
                        f"{corpus.root}: already has other clips or snippets; "
                        "choose an empty folder, or replace them with `force`"
                    )
    report.unchanged, report.done = report.done, []
    return report


def _write(
    corpus: Corpus, imported: ImportedCorpus, settings: ImportSettings, progress: Progress
) -> ImportReport:
    """Write everything that was imported."""
    report = ImportReport(importer=settings.importer)
    report.failures += imported.failures
    report.notes += imported.notes
    seen: dict[str, str] = {}
    for number, (id, video) in enumerate(imported.videos.items(), start=1):
        try:
            require_distinct(id, seen)
            _write_video(corpus, id, video)
        except InputError as error:
            report.failures.append(Failure(id, str(error)))
            continue
        report.done.append(id)
        report.clips += len(video.clips)
        report.snippets += len(video.snippets)
        report.annotations += len(video.annotations)
        progress("importing", number, len(imported.videos), "videos")
    for split, ids in imported.splits.items():
        kept = [id for id in ids if id in report.done]
        write_split(corpus.split(split), kept)
        report.splits[split] = len(kept)
    _write_titles(corpus, {id: imported.videos[id] for id in report.done})
    if made := sum(bool(imported.videos[id].made) for id in report.done):
        whose = "1 video" if made == 1 else f"{made} videos"
        report.notes.append(f"the cuts of {whose} were made at random, and are marked so in videos.csv")
    return report


def _identity(settings: ImportSettings) -> str:
    """What the file of an import at work says: enough to know that it is the same import."""
    return f"{settings.importer}\t{settings.source.resolve()}\n"


def _is_unfinished(path: Path, settings: ImportSettings) -> bool:
    """Whether this very import was killed, so that what is there is its own."""
    try:
        return path.read_text(encoding="utf-8") == _identity(settings)
    except (OSError, UnicodeDecodeError):
        return False


def _chosen(
    settings: ImportSettings | None, options: Mapping[str, object]
) -> tuple[ImportSettings, Settings]:
    """The settings of the stage, and those of the importer."""
    shared = {field.name for field in fields(ImportSettings)}
    settings = ImportSettings.chosen(
        settings, options if settings else {name: options[name] for name in options if name in shared}
    )
    kind = IMPORTERS.load(settings.importer).settings
    if settings.options is not None and not isinstance(settings.options, kind):
        raise SettingError("options", f"must be {kind.__name__}, not {type(settings.options).__name__}")
    own = {name: value for name, value in options.items() if name not in shared}
    return settings, kind.chosen(settings.options, own)


def _write_video(corpus: Corpus, id: str, video: ImportedVideo) -> None:
    """Write a video's files and read them again; raises InputError where that is impossible."""
    require_usable(id)
    if not (video.clips or video.snippets):
        raise InputError(id, "has neither clips nor snippets", "complete it where it was imported from")
    paths = corpus.clips(id), corpus.snippets(id), corpus.annotations(id)
    try:
        if video.clips and video.made:
            recipe = Recipe("import", dict(video.made), {})
            with recorded(corpus.clips(id), recipe) as part:
                write_clips(part, video.clips)
        elif video.clips:
            write_clips(corpus.clips(id), video.clips)
        if video.clips:
            read_clips(corpus.clips(id))
        if video.snippets:
            write_snippets(corpus.snippets(id), video.snippets)
            read_snippets(corpus.snippets(id))
        if video.annotations:
            write_annotations(corpus.annotations(id), video.annotations)
            read_annotations(corpus.annotations(id))
    except InputError:
        for path in paths:  # nothing of it, rather than half of it
            path.unlink(missing_ok=True)
        raise


def _write_titles(corpus: Corpus, videos: Mapping[str, ImportedVideo]) -> None:
    """Write ``videos.csv``, with a column for each detail that some video has."""
    details = list(dict.fromkeys(name for video in videos.values() for name in video.details))
    rows = [
        (id, video.title, *(video.details.get(name, "") for name in details)) for id, video in videos.items()
    ]
    write_rows(corpus.root / "videos.csv", ("id", "title", *details), rows)
