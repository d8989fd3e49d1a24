"""The models of a call: a dual encoder that finds candidates, and a fusion encoder that orders them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from mmtool.choices import Modality, RetrievalScore
from mmtool.encoders.dual.kinds import dual_kind
from mmtool.encoders.rerankers.contract import RerankerOptions
from mmtool.encoders.rerankers.registry import kind_of, load_reranker
from mmtool.errors import InputError, SettingError
from mmtool.formats.corpus import Corpus
from mmtool.formats.embedding_index import EmbeddingIndex
from mmtool.records import Failure, Progress
from mmtool.retrieval.contract import PairMatcher
from mmtool.settings.retrieve import RetrieveSettings
from mmtool.stages.retrieve.published_dual import PublishedDual
from mmtool.stages.retrieve.trained_dual import open_trained_dual
from mmtool.stages.shared.batch_sizes import batch_size_for
from mmtool.stages.shared.clip_materials import ClipMaterials, FilmFrames
from mmtool.stages.shared.devices import resolve_device
from mmtool.stages.shared.matcher_runs import open_run
from mmtool.stages.shared.stored_tokens import open_clips_of

WITH_DUAL = ("blip", "blip2")  # rerankers that also find candidates


class DualEncoder(Protocol):
    """Embeds clips, snippets and words in one space."""

    name: str
    failures: list[Failure]

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors (Q, E) of texts."""
        ...

    def unknown(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The share (Q,) of each text that the vocabulary does not know."""
        ...

    def clips(self) -> EmbeddingIndex:
        """The embeddings of all clips of the corpus."""
        ...

    def snippets(self) -> EmbeddingIndex:
        """The embeddings of all snippets of the corpus."""
        ...


@dataclass(frozen=True, slots=True)
class RetrievalModels:
    """What searches, what reranks (None if nothing does) and what it reads; ``label`` names a page."""

    dual: DualEncoder
    matcher: PairMatcher | None
    materials: ClipMaterials
    label: str


@contextmanager
def open_models(corpus: Corpus, settings: RetrieveSettings, progress: Progress) -> Iterator[RetrievalModels]:
    """Load the models that settings choose; raises CallError and InputError."""
    if settings.run:
        matcher = open_run(corpus, settings.run, resolve_device(settings.device), settings.checkpoint)
        with (
            open_trained_dual(corpus, settings.run, matcher, progress) as trained,
            open_clips_of(corpus, matcher) as tokens,
        ):
            judge = None if settings.rule is RetrievalScore.ITC else cast(PairMatcher, matcher)
            yield RetrievalModels(trained, judge, tokens, settings.run)
        return
    kind = kind_of(settings.reranker) if settings.reranker is not None else ""
    if "blip_enc_token" in settings.given and kind != "blip":
        raise SettingError("blip_enc_token", "has no effect without `reranker=blip`; leave it out")
    encoder, model = _dual_choice(settings, kind)
    dual = PublishedDual(corpus, encoder, model, settings, progress)
    label = f"{encoder}-{kind}" if kind else encoder
    yield RetrievalModels(dual, _reranker(settings), FilmFrames(corpus, dual.frames), label)


def _reranker(settings: RetrieveSettings) -> PairMatcher | None:
    """The published reranker; None if nothing is reranked."""
    if settings.reranker is None or settings.rule is RetrievalScore.ITC:
        return None
    device = resolve_device(settings.device)
    options = RerankerOptions(
        enc_token=settings.blip_enc_token,
        batch_size=settings.batch_size or batch_size_for(device, Modality.VIDEO),
        precision=settings.precision,
        device=str(device),
    )
    try:
        return load_reranker(settings.reranker, options)
    except InputError as error:
        remedy = f"{error.remedy}, or leave it out to rank by the dual encoder alone"
        raise InputError(error.path, error.problem, remedy) from error


def _dual_choice(settings: RetrieveSettings, reranker: str) -> tuple[str, str | None]:
    """The dual encoder and its model; a reranker that has one finds its own candidates."""
    if settings.encoder is not None:
        return dual_kind(settings.encoder)
    if reranker in WITH_DUAL:
        return reranker, None if settings.reranker == reranker else settings.reranker
    return "clip", None
