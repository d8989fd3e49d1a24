"""A model that judges pairs of clip and snippet, trained or published, and what it reads of clips."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, cast

from mmtool.choices import CheckpointChoice, EncoderPrecision, Modality
from mmtool.encoders.rerankers.contract import RerankerOptions
from mmtool.encoders.rerankers.registry import can_explain, kind_of, load_reranker
from mmtool.errors import InputError, SettingError
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json, fingerprint
from mmtool.records import Clip
from mmtool.retrieval.contract import PairMatcher
from mmtool.stages.shared.batch_sizes import batch_size_for
from mmtool.stages.shared.clip_materials import ClipMaterials, FilmFrames
from mmtool.stages.shared.devices import resolve_device
from mmtool.stages.shared.matcher_runs import open_run
from mmtool.stages.shared.stored_tokens import StoredSources, StoredTokens, open_clips_of


class PairSettings(Protocol):
    """The settings that choose a model."""

    @property
    def run(self) -> str: ...
    @property
    def checkpoint(self) -> CheckpointChoice: ...
    @property
    def reranker(self) -> str | None: ...
    @property
    def frames(self) -> int: ...
    @property
    def batch_size(self) -> int | None: ...
    @property
    def precision(self) -> EncoderPrecision: ...
    @property
    def device(self) -> str: ...


@dataclass(frozen=True, slots=True)
class PairModel:
    """The model, what it reads, and the name of what it makes; ``is_trained`` says whether on this corpus."""

    matcher: PairMatcher
    materials: ClipMaterials
    name: str
    is_trained: bool
    _corpus: Corpus
    _recipes: dict[str, str] = field(default_factory=dict)

    def check(self, id: str, clips: list[Clip]) -> None:
        """Raise InputError for stored features of other clips."""
        if isinstance(self.materials, StoredTokens | StoredSources):
            self.materials.check(id, clips)

    def recipe(self, id: str) -> str:
        """A digest of what is read of a film's clips; raises InputError where there is nothing to read."""
        if isinstance(self.materials, StoredTokens | StoredSources):
            return self.materials.recipe(id)
        if not isinstance(self.materials, FilmFrames):
            raise TypeError(f"{type(self.materials)} has no recipe")
        film = self.materials.film(id)
        if film is None:
            problem = "has no film of the same name in videos/, whose frames the model reads"
            raise InputError(self._corpus.clips(id), problem, f"put it back as videos/{id}.mp4")
        return digest_json([fingerprint(film), self.materials.per_clip])


@contextmanager
def open_pair_model(
    corpus: Corpus, settings: PairSettings, *, blip_enc_token: bool = True, explaining: bool = False
) -> Iterator[PairModel]:
    """Load the model of settings, which must have word maps if it is for ``explaining``.

    Raises SettingError and InputError where that is impossible.
    """
    device = resolve_device(settings.device)
    if settings.reranker is None:
        with open_run_model(corpus, settings.run, settings.checkpoint, settings.device) as model:
            yield model
        return
    options = RerankerOptions(
        enc_token=blip_enc_token,
        batch_size=settings.batch_size or batch_size_for(device, Modality.VIDEO),
        precision=settings.precision,
        device=str(device),
    )
    try:
        kind = kind_of(settings.reranker)
        if explaining and not can_explain(kind):
            raise SettingError("reranker", f"cannot be {kind}, which cannot explain pairs; use blip or vilt")
        reranker = load_reranker(settings.reranker, options)
    except InputError as error:
        remedy = f"{error.remedy}, or name a matcher that was trained on the corpus with `run`"
        raise InputError(error.path, error.problem, remedy) from error
    yield PairModel(reranker, FilmFrames(corpus, settings.frames), kind, False, corpus)


@contextmanager
def open_run_model(
    corpus: Corpus, run: str, checkpoint: CheckpointChoice, device: str
) -> Iterator[PairModel]:
    """Load the matcher of a run, and open the features that it reads."""
    matcher = open_run(corpus, run, resolve_device(device), checkpoint)
    with open_clips_of(corpus, matcher) as tokens:
        yield PairModel(cast(PairMatcher, matcher), tokens, run, True, corpus)
