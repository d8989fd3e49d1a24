"""Clips and snippets → alignments: by a trained network, by timing, or by the similarity of features."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from pkgutil import resolve_name

from mmtool.choices import Decoder
from mmtool.decoders import DECODERS
from mmtool.errors import CallError, InputError
from mmtool.formats.corpus import Corpus
from mmtool.records import Failure, Progress, silent
from mmtool.settings.align import AlignSettings
from mmtool.settings.requirements import Requirement
from mmtool.stages.align.heard_text import ignored_transcript
from mmtool.stages.align.report import AlignedVideo, AlignReport, Outcome, Unmet
from mmtool.stages.shared.decoder_choice import decoder_of


def align(
    root: Path | str,
    settings: AlignSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> AlignReport:
    """Write ``alignments/<run>/<id>.json`` for a split, or for every id that has clips and snippets.

    Without a run, the semi-Markov model aligns with the package's parameters, or another decoder by
    similarity, into ``alignments/<decoder>``; that path loads no torch.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`AlignSettings`.
        progress: Hears how many videos are aligned.

    Returns:
        A report with a verdict for each video. A video that cannot be aligned is a failure beside those
        that are.

    Raises:
        CallError: The settings are impossible, or no video could be aligned.
    """
    settings = AlignSettings.chosen(settings, options)
    corpus, report = Corpus.open(Path(root)), AlignReport(run=settings.folder)
    try:
        ids = _ids(corpus, settings)
        name = decoder_of(corpus, settings)
        for result in _aligned(corpus, settings, name, ids, progress):
            _add(report, result, settings)
            if name != Decoder.SEMI_MARKOV and isinstance(result, AlignedVideo):
                report.notes += ignored_transcript(corpus, settings, result.id, name)
    except InputError as error:
        raise CallError(str(error)) from error
    if not report.videos and report.failures and not any(isinstance(f, Unmet) for f in report.failures):
        others = len(report.failures) - 1
        more = f" (and {others} more failed)" if others else ""
        raise CallError(report.failures[0].reason + more)
    report.written.append(str(corpus.metrics(settings.folder).parent))
    return report


def _aligned(
    corpus: Corpus, settings: AlignSettings, name: str, ids: Sequence[str], progress: Progress
) -> Iterator[AlignedVideo | Failure]:
    """Align each id with the decoder that fits the settings; only what that decoder needs is loaded."""
    decoder = DECODERS.load(name)
    if decoder.engine:
        aligned: Iterator[AlignedVideo | Failure] = resolve_name(decoder.engine)(
            corpus, settings, ids, progress
        )
        return aligned
    from mmtool.stages.align.by_video import align_by_video

    return align_by_video(corpus, settings, name, decoder, ids, progress)


def _add(report: AlignReport, result: AlignedVideo | Failure, settings: AlignSettings) -> None:
    """Add what became of one video to the report."""
    if isinstance(result, Failure):
        report.failures.append(result)
        return
    report.videos.append(result)
    if result.outcome is Outcome.REJECTED:
        report.failures.append(Failure(result.id, _rejection(result, settings.requirements)))
        return
    (report.done if result.outcome is Outcome.WRITTEN else report.unchanged).append(result.id)
    report.notes += result.notes
    if result.doubt:
        report.notes.append(result.doubt)


def _rejection(video: AlignedVideo, required: Sequence[Requirement]) -> str:
    quality = video.quality
    missed = ", ".join(each.shortfall(quality) for each in required if not each.is_met(quality))
    reasons = f" ({', '.join(quality.reasons)})" if quality.reasons else ""
    return (
        f"{video.path}: not written: {missed}{reasons}; check that the text belongs to this video, or "
        "require less"
    )


def _ids(corpus: Corpus, settings: AlignSettings) -> list[str]:
    if settings.split is not None:
        return corpus.split_ids(settings.split)
    ids = sorted(corpus.known_ids())
    if not ids:
        raise CallError(f"{corpus.root}: no clips and no snippets; run `mmtool segment` first")
    return ids
