"""Clips and snippets → alignments: by a trained network, by timing, or by the similarity of features."""

from pathlib import Path

from mmtool.choices import Decoder
from mmtool.errors import CallError, InputError
from mmtool.formats.corpus import Corpus
from mmtool.records import Progress, StageReport, silent
from mmtool.settings.align import AlignSettings
from mmtool.settings.run_names import BY_SIMILARITY
from mmtool.stages.align.outputs import EXPECTED_ACCURACY
from mmtool.stages.shared.decoder_choice import decoder_of


def align(root: Path, settings: AlignSettings, *, progress: Progress = silent) -> StageReport:
    """Write ``alignments/<run>/<id>.json`` for a split, or for all that has clips and snippets.

    Without a run the semi-Markov model aligns with the package's parameters, or another decoder by
    similarity, into ``alignments/<decoder>``; that path loads no torch. A video that cannot be
    aligned is a failure beside those that are; where none can be, CallError says why.
    """
    corpus, report = Corpus.open(root), StageReport("align")
    try:
        decoder = decoder_of(corpus, settings)
        if decoder is Decoder.SEMI_MARKOV:
            from mmtool.stages.align.by_timing import align_by_timing as align_videos
        elif decoder in BY_SIMILARITY:
            from mmtool.stages.align.by_similarity import align_by_similarity as align_videos
        else:
            from mmtool.stages.align.by_network import align_by_network as align_videos
        align_videos(corpus, settings, _ids(corpus, settings), report, progress)
    except InputError as error:
        raise CallError(str(error)) from error
    _require_some(report)
    report.written.append(str(corpus.metrics(settings.folder).parent))
    return report


def _require_some(report: StageReport) -> None:
    """Raise CallError with the first reason where no video could be aligned, good enough or not."""
    if report.failures and EXPECTED_ACCURACY not in report.facts:
        others = len(report.failures) - 1
        more = f" (and {others} more failed)" if others else ""
        raise CallError(report.failures[0].reason + more)


def _ids(corpus: Corpus, settings: AlignSettings) -> list[str]:
    if settings.split is not None:
        return corpus.split_ids(settings.split)
    ids = sorted(corpus.known_ids())
    if not ids:
        raise CallError(f"{corpus.root}: no clips and no snippets; run `mmtool segment` first")
    return ids
