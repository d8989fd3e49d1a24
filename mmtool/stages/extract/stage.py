"""Clips and snippets → features in HDF5."""

from collections.abc import Iterator
from pathlib import Path

from mmtool.choices import EncoderPrecision
from mmtool.formats.corpus import Corpus
from mmtool.memory import remedy_for_memory
from mmtool.records import Progress, silent
from mmtool.settings.extract import ExtractSettings
from mmtool.stages.extract.report import ExtractReport, ModalityResult
from mmtool.stages.extract.texts import extract_text
from mmtool.stages.extract.videos import extract_video
from mmtool.stages.shared.devices import multiplies_bf16
from mmtool.stages.shared.encoders import encoder_devices, left_to_cpu

MORE_MEMORY = "use a smaller `batch_size`, fewer `workers` or `device=cpu`; finished films and texts are kept"


def extract(
    root: Path | str,
    settings: ExtractSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> ExtractReport:
    """Write ``features/<name>.h5`` for the video encoder, for the text encoder, or for both.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`ExtractSettings`.
        progress: Hears how many clips, films or texts are encoded.

    Returns:
        A report with the features file of each modality. A video or text that cannot be encoded is a failure
        beside those that can.

    Raises:
        CallError: The settings are impossible, or there is nothing to encode.
        InputError: The weights of an encoder cannot be loaded.
    """
    settings = ExtractSettings.chosen(settings, options)
    corpus, report = Corpus.open(Path(root)), ExtractReport()
    if settings.precision is EncoderPrecision.BF16 and not all(
        map(multiplies_bf16, encoder_devices(settings))
    ):
        report.notes.append(
            "bf16 is slow here: it needs a processor with AVX-512, or a GPU since Ampere (compute capability "
            "8.0); `precision=fp32` is faster"
        )
    report.notes += [
        f"{name} is computed on the CPU, because mps lacks operators of it" for name in left_to_cpu(settings)
    ]
    with remedy_for_memory(MORE_MEMORY):
        for result in _results(corpus, settings, progress):
            report.features.append(result.features)
            report.done += result.done
            report.unchanged += result.unchanged
            report.failures += result.failures
            report.notes += result.notes
            report.written.append(str(result.features.path))
    return report


def _results(corpus: Corpus, settings: ExtractSettings, progress: Progress) -> Iterator[ModalityResult]:
    if settings.video_encoder is not None:
        yield extract_video(corpus, settings, progress)
    if settings.text_encoder is not None:
        yield extract_text(corpus, settings, progress)
