"""The models of a call: a dual encoder that finds candidates, and a fusion encoder that orders them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mmtool.choices import Modality, RetrievalScore
from mmtool.encoders.dual.kinds import dual_kind
from mmtool.encoders.rerankers.contract import RerankerOptions
from mmtool.encoders.rerankers.registry import kind_of, load_reranker
from mmtool.errors import SettingError
from mmtool.formats.corpus import Corpus
from mmtool.formats.embedding_index import EmbeddingIndex
from mmtool.records import Failure, Progress
from mmtool.retrieval.contract import PairMatcher
from mmtool.settings.retrieve import RetrieveSettings
from mmtool.stages.retrieve.materials import ClipMaterials, FilmFrames
from mmtool.stages.retrieve.published_dual import PublishedDual
from mmtool.stages.shared.batch_sizes import batch_size_for
from mmtool.stages.shared.devices import resolve_device

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


def open_models(corpus: Corpus, settings: RetrieveSettings, progress: Progress) -> RetrievalModels:
    """Load the models that settings choose; raises SettingError and InputError."""
    kind = kind_of(settings.reranker) if settings.reranker is not None else ""
    if "blip_enc_token" in settings.given and kind != "blip":
        raise SettingError("blip_enc_token", "has no effect without `reranker=blip`; leave it out")
    encoder, model = _dual_choice(settings, kind)
    dual = PublishedDual(corpus, encoder, model, settings, progress)
    matcher = None
    if settings.reranker is not None and settings.rule is not RetrievalScore.ITC:
        device = resolve_device(settings.device)
        matcher = load_reranker(
            settings.reranker,
            RerankerOptions(
                enc_token=settings.blip_enc_token,
                batch_size=settings.batch_size or batch_size_for(device, Modality.VIDEO),
                precision=settings.precision,
                device=str(device),
            ),
        )
    label = f"{encoder}-{kind}" if kind else encoder
    return RetrievalModels(dual, matcher, FilmFrames(corpus, dual.frames), label)


def _dual_choice(settings: RetrieveSettings, reranker: str) -> tuple[str, str | None]:
    """The dual encoder and its model; a reranker that has one finds its own candidates."""
    if settings.encoder is not None:
        return dual_kind(settings.encoder)
    if reranker in WITH_DUAL:
        return reranker, None if settings.reranker == reranker else settings.reranker
    return "clip", None
