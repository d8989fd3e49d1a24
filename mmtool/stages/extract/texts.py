"""Snippets → features; the half of ``extract`` that reads."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from mmtool.choices import Modality, TextEncoderName
from mmtool.encoders import contract
from mmtool.errors import CallError, InputError
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file
from mmtool.formats.features import FeatureGroup
from mmtool.formats.snippets import read_snippets
from mmtool.records import Failure, Progress, StageReport
from mmtool.settings.extract import ExtractSettings
from mmtool.stages.extract.outputs import add_results, ids_to_make, note_unsegmented, open_builder
from mmtool.stages.shared.encoders import make_text_encoder
from mmtool.text import TEXT_SUFFIXES


def extract_text(
    corpus: Corpus,
    encoder_name: TextEncoderName,
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

    with open_builder(corpus, name, Modality.TEXT, encoder.identity, force=settings.force) as builder:
        recipes = ids_to_make(ids, inputs, builder, settings.force, report)
        told = partial(progress, f"{name} text", total=len(recipes), unit="texts")
        add_results(_encode_texts(corpus, recipes, encoder, report, told), recipes, builder, report)
    if encoder.truncated:
        report.notes.append(
            f"{builder.path}: {encoder.truncated} snippets are longer than the model reads and were cut; "
            "split them with `mmtool segment --split sentences`"
        )


def _encode_texts(
    corpus: Corpus,
    ids: Iterable[str],
    encoder: contract.TextEncoder,
    report: StageReport,
    progress: Callable[[int], None],
) -> Iterator[tuple[str, FeatureGroup]]:
    """Yield each id with the features of its text; texts that cannot be read are failures of the report."""
    read: deque[tuple[str, list[str]]] = deque()  # and not encoded yet

    def each() -> Iterator[list[str]]:
        for id in ids:
            try:
                texts = [snippet.text for snippet in read_snippets(corpus.snippets(id))]
            except InputError as error:
                report.failures.append(Failure(id, str(error)))
            else:
                read.append((id, texts))
                yield texts

    for done, features in enumerate(encoder.encode_each(each()), start=1):
        progress(done)
        id, texts = read.popleft()
        yield id, FeatureGroup(features, snippets=texts)
