"""Snippets → features: the text side of ``extract``."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from mmtool.choices import Modality
from mmtool.encoders.contract import KeepsWords, TextEncoder
from mmtool.errors import CallError, InputError, SettingError
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file
from mmtool.formats.features import FeatureGroup
from mmtool.formats.snippets import read_snippets
from mmtool.formats.word_states import word_arrays
from mmtool.records import Failure, Progress
from mmtool.settings.extract import ExtractSettings
from mmtool.stages.extract.outputs import Result, find_work, open_builder, unsegmented_notes, write_features
from mmtool.stages.extract.report import ModalityResult
from mmtool.stages.shared.encoders import make_text_encoder
from mmtool.stages.shared.gpus import device_with_name
from mmtool.text import SUBTITLE_SUFFIXES, TEXT_SUFFIXES

WORDS = "words"  # what a recipe says that word states are stored


def extract_text(corpus: Corpus, settings: ExtractSettings, progress: Progress) -> ModalityResult:
    """Write the features of each text's snippets."""
    ids = corpus.snippet_ids()
    if not ids:
        raise CallError(f"{corpus.root}: no snippets in snippets/; run `mmtool segment` first")
    encoder = make_text_encoder(settings)
    if settings.keep_words and not isinstance(encoder, KeepsWords):
        chosen = f"`text_encoder={settings.text_encoder}`"
        raise SettingError("keep_words", f"has no effect with {chosen}, which has no states of words")
    keeper = encoder if settings.keep_words and isinstance(encoder, KeepsWords) else None
    name = settings.text_name or encoder.identity.name
    texts, _ = corpus.media("texts", TEXT_SUFFIXES, giving_way=SUBTITLE_SUFFIXES)

    def inputs(id: str) -> list[str]:
        return [digest_file(corpus.snippets(id))]

    with open_builder(corpus, name, Modality.TEXT, encoder.identity, force=settings.force) as builder:
        stored = [[WORDS]] if settings.keep_words else [[], [WORDS]]
        work = find_work(ids, inputs, builder, force=settings.force, stored=stored)
        on_text = partial(progress, f"{name} text", total=len(work.recipes), unit="texts")
        encoded = _encode_texts(corpus, work.recipes, encoder, keeper, on_text)
        result = write_features(encoded, work, builder, [encoder.device])
    result.notes += unsegmented_notes(texts, ids)
    if encoder.truncated:
        result.notes.append(_truncation_note(builder.path, encoder.truncated))
    return result


def _truncation_note(path: Path, count: int) -> str:
    cut = "1 snippet is longer than the model reads and was cut"
    if count > 1:
        cut = f"{count} snippets are longer than the model reads and were cut"
    return f"{path}: {cut}; use shorter snippets, as from `mmtool segment --split sentences`"


def _encode_texts(
    corpus: Corpus,
    ids: Iterable[str],
    encoder: TextEncoder,
    keeper: KeepsWords | None,
    on_text: Callable[[int], None],
) -> Iterator[tuple[str, Result]]:
    """Yield each id with the features of its text, or with the reason why it cannot be read."""
    device = device_with_name(encoder.device)
    waiting: deque[tuple[str, list[str]]] = deque()  # read but not encoded yet
    failures: deque[Failure] = deque()

    def snippets() -> Iterator[list[str]]:
        for id in ids:
            try:
                texts = [snippet.text for snippet in read_snippets(corpus.snippets(id))]
            except InputError as error:
                failures.append(Failure(id, str(error)))
            else:
                waiting.append((id, texts))
                yield texts

    for done, features in enumerate(encoder.encode_each(snippets()), start=1):
        on_text(done)
        id, texts = waiting.popleft()
        words = [keeper.word_states(text) for text in texts] if keeper else []
        extras = word_arrays(words, encoder.identity.dimension) if keeper else {}
        yield id, FeatureGroup(features, snippets=texts, device=device, extras=extras)
    yield from ((failure.id, failure) for failure in failures)
