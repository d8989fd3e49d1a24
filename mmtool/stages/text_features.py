"""Snippets → features; the half of ``extract`` that reads."""

from mmtool.choices import Modality, TextEncoder
from mmtool.encoders import contract
from mmtool.encoders.registry import load_text_encoder
from mmtool.errors import CallError
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file
from mmtool.formats.features import FeatureGroup
from mmtool.formats.snippets import read_snippets
from mmtool.records import Progress, StageReport
from mmtool.settings.extract import ExtractSettings
from mmtool.stages.devices import resolve_device
from mmtool.stages.features_output import extract_ids, note_unsegmented, open_builder
from mmtool.text import TEXT_SUFFIXES


def extract_text(
    corpus: Corpus,
    encoder_name: TextEncoder,
    settings: ExtractSettings,
    report: StageReport,
    progress: Progress,
) -> None:
    """Write the features of each text's snippets."""
    ids = corpus.snippet_ids()
    if not ids:
        raise CallError(f"{corpus.root}: no snippets in snippets/; run `mmtool segment` first")
    encoder = make_text_encoder(encoder_name, settings)
    name = settings.text_name or encoder.identity.name
    texts, _ = corpus.media("texts", TEXT_SUFFIXES)
    note_unsegmented(texts, ids, report)

    def inputs(id: str) -> list[str]:
        return [digest_file(corpus.snippets(id))]

    def work(id: str) -> FeatureGroup:
        texts = [snippet.text for snippet in read_snippets(corpus.snippets(id))]
        features = encoder.encode(texts)
        progress(f"{name} text", ids.index(id) + 1, len(ids), "texts")
        return FeatureGroup(features, snippets=texts)

    with open_builder(corpus, name, Modality.TEXT, encoder.identity, force=settings.force) as builder:
        extract_ids(ids, inputs, work, builder, settings.force, report)
    if encoder.truncated:
        report.notes.append(
            f"{builder.path}: {encoder.truncated} snippets are longer than the model reads and were cut; "
            "split them with `mmtool segment --split sentences`"
        )


def make_text_encoder(name: TextEncoder, settings: ExtractSettings) -> contract.TextEncoder:
    """Load the encoder; raises InputError where its weights cannot be had, CallError for wrong settings."""
    return load_text_encoder(
        name,
        weights=settings.text_weights,
        seed=settings.seed,
        text_model=settings.text_model,
        pooling=settings.pooling,
        batch_size=settings.batch_size,
        precision=settings.precision,
        device=resolve_device(settings.device).type,
    )
