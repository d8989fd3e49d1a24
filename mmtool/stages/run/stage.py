"""One film and one text, from files to an alignment: segment, extract where encoders are named, align."""

import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, NamedTuple

from mmtool.errors import CallError, InputError
from mmtool.formats.alignments import read_alignment
from mmtool.formats.corpus import Corpus
from mmtool.formats.csv_rows import write_rows
from mmtool.formats.ids import require_usable
from mmtool.records import Alignment, Progress, Quality, Report, silent
from mmtool.settings.align import AlignSettings
from mmtool.settings.extract import ExtractSettings
from mmtool.settings.run import RunSettings, chosen_settings
from mmtool.settings.segment import SegmentSettings
from mmtool.stages.align import align
from mmtool.stages.run.sources import place, require_film_and_text
from mmtool.stages.run.transcript import provide_transcript
from mmtool.stages.segment import segment
from mmtool.stages.shared.decoder_choice import decoder_of


class NextStep(NamedTuple):
    """A command that goes on from an alignment, and what it is good for."""

    command: str
    purpose: str


@dataclass(slots=True, kw_only=True)
class RunReport(Report):
    """One film's alignment.

    Attributes:
        root: The corpus folder of the film.
        run: The name of its alignments, such as ``semi-markov``.
        quality: How far the alignment can be trusted.
        alignment: None where it is rejected, as less accurate than required.
    """

    stage: ClassVar[str] = "run"
    root: Path
    run: str
    quality: Quality
    alignment: Alignment | None = None

    @property
    def facts(self) -> dict[str, object]:
        facts: dict[str, object] = {}
        if self.alignment is not None:
            facts["clips"] = len(self.alignment.clips)
        return facts | self.quality.headline | {"verdict": str(self.quality.verdict)}

    @property
    def next_steps(self) -> list[NextStep]:
        """What can be done with the alignment; nothing where there is none."""
        if self.alignment is None:
            return []
        root = shlex.quote(str(self.root))
        return [
            NextStep(f"mmtool report {root} --run {self.run}", "a page with pictures of each match"),
            NextStep(
                f"mmtool export {root} --run {self.run} --format srt", "subtitles; or edl, csv, clips …"
            ),
        ]


def run(
    root: Path | str,
    settings: RunSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> RunReport:
    """Make a folder the corpus of one film and one text, and align them.

    If encoders of one space are named, the similarity of their features counts beside timing, or alone,
    depending on the decoder. Encoders are loaded before anything is written, to see whether they can be.

    The folder links to both files. The film's title (its file name where no title is given) helps to tell
    logos and credits from the narration. Work that is done already is skipped.

    Args:
        root: The folder to write, which becomes a corpus.
        settings: All settings; or give them as keywords: the fields of :class:`RunSettings`, and those of
            the settings of segment, extract and align.
        progress: Hears how far each stage is.

    Returns:
        A report with the alignment, and with the next steps.

    Raises:
        CallError: The settings are impossible, a file cannot be used, or the folder is the corpus of
            another film.
    """
    settings = chosen_settings(RunSettings, settings, options)
    require_film_and_text(settings.video, settings.text)
    id, corpus = settings.video.stem, Corpus(Path(root))
    try:
        require_usable(id)
    except InputError as error:
        raise CallError(f"{settings.video}: {error.problem}; rename the film") from error
    targets = {
        corpus.root / "videos" / settings.video.name: settings.video,
        corpus.root / "texts" / f"{id}{settings.text.suffix}": settings.text,
    }
    _require_own(corpus, id, set(targets))
    alignment_settings = _alignment_settings(settings)
    decoder_of(corpus, alignment_settings)
    if settings.extract is not None:
        _require_encoders(settings.extract)
    for target, source in targets.items():
        place(source, target)
    titles = corpus.root / "videos.csv"
    if settings.title or not titles.exists():
        write_rows(titles, ("id", "title"), [(id, settings.title or id)])
    said = provide_transcript(corpus, id, settings, progress)
    notes, written = _prepare(corpus, settings, progress)
    aligned = align(corpus.root, alignment_settings, progress=progress)
    quality = aligned.videos[0].quality if aligned.videos else Quality(placed=0, snippets=0)
    report = RunReport(root=corpus.root, run=aligned.run, quality=quality, failures=aligned.failures)
    if aligned.failures:  # the film is aligned, but not well enough
        return report
    path = corpus.alignment(aligned.run, id)
    report.alignment, _ = read_alignment(path)
    report.done, report.unchanged = aligned.done, aligned.unchanged
    report.notes = said + notes + aligned.notes
    report.written = [*written, *([str(path)] if aligned.done else [])]
    return report


def _alignment_settings(settings: RunSettings) -> AlignSettings:
    """The settings of align, with the features of the encoders that are named."""
    chosen = replace(settings.align_in_language, force=settings.force or settings.align.force)
    if settings.extract is None:
        return chosen
    video, text = settings.extract.video_encoder, settings.extract.text_encoder
    return replace(chosen, video=str(video), text=str(text))


def _require_encoders(settings: ExtractSettings) -> None:
    """Raise InputError for encoders that cannot be loaded, CallError for those that cannot be compared."""
    from mmtool.features.pairs import in_one_space
    from mmtool.stages.shared.encoders import identify_encoders  # which loads torch

    video, text = identify_encoders(settings)
    if not in_one_space(video, text):
        raise CallError(
            f"{video.name} ({video.model}) and {text.name} ({text.model}) do not share a space; "
            "name one model for both, such as `video_encoder=clip` `text_encoder=clip`"
        )


def _prepare(corpus: Corpus, settings: RunSettings, progress: Progress) -> tuple[list[str], list[str]]:
    """Segment, and extract where encoders are named; return notes and what was written."""
    force = settings.force or settings.segment.force
    given = settings.segment.given | {"force": force}  # the others are those of the last call on this folder
    segmented = segment(corpus.root, SegmentSettings.chosen(None, given), progress=progress)
    if segmented.failures:
        raise CallError(segmented.failures[0].reason)
    if settings.extract is None:
        return segmented.notes, segmented.written
    from mmtool.stages.extract import extract

    force = settings.force or settings.extract.force
    extracted = extract(corpus.root, replace(settings.extract, force=force), progress=progress)
    if extracted.failures:
        raise CallError(extracted.failures[0].reason)
    written = extracted.written if extracted.done else []
    return segmented.notes + extracted.notes, segmented.written + written


def _require_own(corpus: Corpus, id: str, targets: set[Path]) -> None:
    """Raise CallError where the folder has another film or text."""
    existing = [path for folder in ("videos", "texts") for path in (corpus.root / folder).glob("[!.]*")]
    foreign = [path for path in existing if path not in targets]
    foreign += [corpus.clips(other) for other in corpus.known_ids() - {id}]
    if foreign:
        raise CallError(f"{min(foreign)}: belongs to another film or text; choose another folder to write")
