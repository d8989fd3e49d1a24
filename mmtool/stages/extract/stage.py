"""Clips and snippets → features in HDF5."""

from pathlib import Path

from mmtool.choices import EncoderPrecision
from mmtool.formats.corpus import Corpus
from mmtool.records import Progress, StageReport, silent
from mmtool.settings.extract import ExtractSettings
from mmtool.stages.extract.texts import extract_text
from mmtool.stages.extract.videos import extract_video
from mmtool.stages.shared.devices import multiplies_bf16, resolve_device


def extract(root: Path, settings: ExtractSettings, *, progress: Progress = silent) -> StageReport:
    """Write ``features/<name>.h5`` for the video encoder, for the text encoder, or for both."""
    corpus, report = Corpus.open(root), StageReport("extract")
    if settings.precision is EncoderPrecision.BF16 and not multiplies_bf16(resolve_device(settings.device)):
        report.notes.append(
            "this processor has no products of bf16 (AVX-512 has); --precision fp32 is faster"
        )
    if settings.video_encoder is not None:
        extract_video(corpus, settings.video_encoder, settings, report, progress)
    if settings.text_encoder is not None:
        extract_text(corpus, settings.text_encoder, settings, report, progress)
    return report
