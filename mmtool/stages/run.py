"""One film and one text, from files to an alignment: segment, extract where encoders are named, align.

This module chains the stages, as the demo does.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from mmtool.errors import CallError
from mmtool.formats.alignments import read_alignment
from mmtool.formats.atomic import replacing
from mmtool.formats.corpus import Corpus
from mmtool.formats.csv_rows import write_rows
from mmtool.records import Alignment, Progress, StageReport, silent
from mmtool.settings.align import AlignSettings
from mmtool.settings.extract import ExtractSettings
from mmtool.settings.run import RunSettings
from mmtool.stages.align import AlignReport, align
from mmtool.stages.segment import SegmentReport, segment
from mmtool.stages.shared.decoder_choice import decoder_of
from mmtool.text import TEXT_SUFFIXES
from mmtool.video import VIDEO_SUFFIXES


@dataclass(frozen=True, slots=True)
class FilmRun:
    """What was done, and the alignment; None where it is not as good as required."""

    report: StageReport
    alignment: Alignment | None


def run(settings: RunSettings, *, progress: Progress = silent) -> FilmRun:
    """Make ``settings.folder`` the corpus of one film and one text, and align them.

    With encoders of one space the similarity of their features counts beside timing, or alone, as the
    decoder has it. Encoders are loaded before anything is written, to see whether they can be.

    The folder links to both files. The film's title, or its name where no title is given, helps to
    tell logos and credits from the narration. What is done and unchanged is skipped. Raises CallError
    for a file that cannot be used, and for a folder of other films.
    """
    for source, suffixes in ((settings.video, VIDEO_SUFFIXES), (settings.text, TEXT_SUFFIXES)):
        if not source.is_file():
            raise CallError(f"{source}: no such file; give a film and a text")
        if source.suffix.lower() not in suffixes:
            raise CallError(f"{source}: is of no kind known here; use {', '.join(suffixes)}")
    id, corpus = settings.video.stem, Corpus(settings.folder)
    targets = {
        corpus.root / "videos" / settings.video.name: settings.video,
        corpus.root / "texts" / f"{id}{settings.text.suffix}": settings.text,
    }
    _require_own(corpus, id, set(targets))
    asked = _alignment_asked(settings)
    decoder_of(corpus, asked)
    if settings.extract is not None:
        _require_encoders(settings.extract)
    for target, source in targets.items():
        _place(source, target)
    titles = corpus.root / "videos.csv"
    if settings.title or not titles.exists():
        write_rows(titles, ("id", "title"), [(id, settings.title or id)])

    segmented = segment(corpus.root, settings.segment, progress=progress)
    prepared = _extract(corpus, settings.extract, segmented, progress)
    if prepared.failures:
        raise CallError(prepared.failures[0].reason)
    aligned = align(corpus.root, asked, progress=progress)
    if aligned.failures:  # it is aligned, but not well enough
        return FilmRun(StageReport("run", failures=aligned.failures, facts=aligned.facts), None)
    path = corpus.alignment(asked.folder, id)
    alignment, _ = read_alignment(path)
    return FilmRun(_report(alignment, prepared, aligned, path), alignment)


def _alignment_asked(settings: RunSettings) -> AlignSettings:
    """By the features of the encoders that are named."""
    if settings.extract is None:
        return settings.align
    video, text = settings.extract.video_encoder, settings.extract.text_encoder
    return replace(settings.align, video=str(video), text=str(text))


def _require_encoders(settings: ExtractSettings) -> None:
    """Raise InputError for encoders that cannot be had, CallError for those that cannot be compared."""
    from mmtool.features.pairs import in_one_space
    from mmtool.stages.shared.encoders import identify_encoders  # which loads torch

    video, text = identify_encoders(settings)
    if not in_one_space(video, text):
        raise CallError(
            f"{video.name} ({video.model}) and {text.name} ({text.model}) do not share a space; "
            "name one model for both, such as --video-encoder clip --text-encoder clip"
        )


def _extract(
    corpus: Corpus, settings: ExtractSettings | None, segmented: SegmentReport, progress: Progress
) -> StageReport | SegmentReport:
    """The report of segmenting, and of extracting where that is wanted."""
    if settings is None or segmented.failures:
        return segmented
    from mmtool.stages.extract import extract

    extracted = extract(corpus.root, settings, progress=progress)
    return StageReport(
        "run",
        failures=extracted.failures,
        notes=segmented.notes + extracted.notes,
        written=segmented.written + (extracted.written if extracted.done else []),
    )


def _require_own(corpus: Corpus, id: str, targets: set[Path]) -> None:
    """Raise CallError where the folder has another film or text."""
    there = [path for folder in ("videos", "texts") for path in (corpus.root / folder).glob("[!.]*")]
    foreign = [path for path in there if path not in targets]
    foreign += [corpus.clips(other) for other in corpus.known_ids() - {id}]
    if foreign:
        raise CallError(f"{min(foreign)}: is of another film or text; name another folder with --output")


def _place(source: Path, target: Path) -> None:
    """Link ``target`` to ``source``, or copy where links cannot be."""
    if target.exists() and target.samefile(source):
        return
    with replacing(target) as part:
        try:
            part.unlink(missing_ok=True)
            part.symlink_to(source.resolve())
        except (OSError, NotImplementedError):
            shutil.copyfile(source, part)


def _report(
    alignment: Alignment, prepared: StageReport | SegmentReport, aligned: AlignReport, path: Path
) -> StageReport:
    return StageReport(
        "run",
        done=aligned.done,
        unchanged=aligned.unchanged,
        notes=prepared.notes + aligned.notes,
        written=[*prepared.written, *([str(path)] if aligned.done else [])],
        facts={
            "clips": len(alignment.clips),
            "snippets": len(alignment.snippets),
            "matched snippets": len({snippet for _, snippet in alignment.matches}),
            **{name: value for name, value in aligned.facts.items() if name != "doubtful"},
        },
    )
