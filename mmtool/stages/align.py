"""Clips and snippets → alignments: by a trained network and its features, or by timing alone."""

from pathlib import Path

from mmtool.choices import CheckpointChoice, Decoder, TimingPath
from mmtool.errors import CallError, InputError
from mmtool.formats.corpus import Corpus
from mmtool.records import Progress, StageReport, silent
from mmtool.settings import AlignSettings


def align(root: Path, settings: AlignSettings, *, progress: Progress = silent) -> StageReport:
    """Write ``alignments/<run>/<id>.json`` for a split, or for all that has clips and snippets.

    Without a run the semi-Markov model aligns with the package's parameters, into
    ``alignments/semi-markov``; that path loads no torch.
    """
    corpus, report = Corpus.open(root), StageReport("align")
    try:
        if _decoder(corpus, settings) is Decoder.SEMI_MARKOV:
            from mmtool.stages.timing_alignment import align_by_timing as align_videos
        else:
            from mmtool.stages.network_alignment import align_by_network as align_videos
        align_videos(corpus, settings, _ids(corpus, settings), report, progress)
    except InputError as error:
        raise CallError(str(error)) from error
    report.written.append(str(corpus.metrics(settings.folder).parent))
    return report


def _decoder(corpus: Corpus, settings: AlignSettings) -> Decoder:
    """The decoder that fits the run; raises CallError for options that mean nothing to it."""
    timing = not settings.run or corpus.timing(settings.run).exists()
    decoder = settings.decoder or (Decoder.SEMI_MARKOV if timing else Decoder.GREEDY)
    if decoder is Decoder.GREEDY and timing:
        raise CallError("--decoder greedy: needs a network; name its run with --run")
    if decoder is Decoder.GREEDY:
        foreign = {
            "path": settings.path is not TimingPath.MINIMUM_RISK,
            "text-start": settings.text_start is not None,
            "text-end": settings.text_end is not None,
        }
    else:
        foreign = {
            "video": settings.video != "",
            "text": settings.text != "",
            "checkpoint": settings.checkpoint is not CheckpointChoice.AUTO,
            "timing-weight": settings.timing_weight is not None,
        }
    for option, given in foreign.items():
        if given:
            raise CallError(f"--{option}: means nothing to the {decoder} decoder; leave it out")
    return decoder


def _ids(corpus: Corpus, settings: AlignSettings) -> list[str]:
    if settings.split is not None:
        return corpus.split_ids(settings.split)
    ids = sorted(corpus.known_ids())
    if not ids:
        raise CallError(f"{corpus.root}: no clips and no snippets; run `mmtool segment` first")
    return ids
