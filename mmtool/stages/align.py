"""Clips and snippets → alignments: by a trained network, by timing, or by the similarity of features."""

from pathlib import Path

from mmtool.choices import CheckpointChoice, Decoder, TimingPath
from mmtool.errors import CallError, InputError
from mmtool.formats.corpus import Corpus
from mmtool.records import Progress, StageReport, silent
from mmtool.settings.align import AlignSettings
from mmtool.settings.runs import BY_SIMILARITY, WITHOUT_RUN
from mmtool.stages.alignment_output import EXPECTED_ACCURACY


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
            from mmtool.stages.timing_alignment import align_by_timing as align_videos
        elif decoder in BY_SIMILARITY:
            from mmtool.stages.similarity_alignment import align_by_similarity as align_videos
        else:
            from mmtool.stages.network_alignment import align_by_network as align_videos
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


def decoder_of(corpus: Corpus, settings: AlignSettings) -> Decoder:
    """Return the decoder that fits the run; raises CallError for options that mean nothing to it."""
    timing = not settings.run or corpus.timing(settings.run).exists()
    decoder = settings.decoder or (Decoder.SEMI_MARKOV if timing else Decoder.GREEDY)
    if decoder not in WITHOUT_RUN and timing:
        raise CallError(f"--decoder {decoder}: needs a network; name its run with --run")
    features = settings.video != "", settings.text != ""
    if decoder in BY_SIMILARITY and not all(features):
        raise CallError(f"--decoder {decoder}: compares features; name them with --video and --text")
    if decoder is Decoder.SEMI_MARKOV and any(features) and not all(features):
        one, other = ("video", "text") if features[0] else ("text", "video")
        raise CallError(f"--{one}: is compared with --{other}; name both")
    of_timing, of_network = {Decoder.SEMI_MARKOV}, {Decoder.GREEDY, Decoder.BEAM}
    options = {  # whether given, and which decoders read it
        "run": (settings.run != "", of_timing | of_network),
        "path": (settings.path is not TimingPath.MINIMUM_RISK, of_timing),
        "text-start": (settings.text_start is not None, of_timing),
        "text-end": (settings.text_end is not None, of_timing),
        "any-space": (settings.any_space, WITHOUT_RUN),
        "checkpoint": (settings.checkpoint is not CheckpointChoice.AUTO, of_network),
        "timing-weight": (settings.timing_weight is not None, of_network),
        "beam-width": (settings.beam_width != AlignSettings().beam_width, {Decoder.BEAM}),
        "unmatched-score": (settings.unmatched_score != 0, {Decoder.MONOTONE}),
        "unused-cost": (settings.unused_cost != 0, {Decoder.MONOTONE}),
    }
    for option, (given, readers) in options.items():
        if given and decoder not in readers:
            raise CallError(f"--{option}: means nothing to the {decoder} decoder; leave it out")
    return decoder


def _ids(corpus: Corpus, settings: AlignSettings) -> list[str]:
    if settings.split is not None:
        return corpus.split_ids(settings.split)
    ids = sorted(corpus.known_ids())
    if not ids:
        raise CallError(f"{corpus.root}: no clips and no snippets; run `mmtool segment` first")
    return ids
