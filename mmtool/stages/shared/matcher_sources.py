"""What a matcher of several sources reads of a corpus: the tokens of each source of a clip."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import overload

from mmtool.choices import Modality
from mmtool.errors import InputError
from mmtool.features.joined import JoinedFeatures, open_joined
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.formats.frame_features import FRAME_FEATURES
from mmtool.formats.regions import COUNT
from mmtool.fusion_choices import Missing
from mmtool.matcher_choices import ClipTokens
from mmtool.matching.source_inputs import SourcesInput
from mmtool.matching.tokens import no_tokens
from mmtool.records import Clip, EncoderIdentity
from mmtool.stages.shared.clip_sources import listed
from mmtool.stages.shared.matcher_films import FilmTokens, ReadableClips, TokenSource, open_tokens

STORED = {ClipTokens.REGIONS: COUNT, ClipTokens.FRAMES: FRAME_FEATURES}
KEEP = {ClipTokens.REGIONS: "--keep-regions", ClipTokens.FRAMES: "--keep-frames"}


@dataclass(frozen=True, slots=True)
class TokenSources:
    """The open features of each source, whose rows belong to the same clips."""

    names: tuple[str, ...]
    parts: tuple[TokenSource, ...]
    missing: Missing

    @property
    def identities(self) -> tuple[EncoderIdentity, ...]:
        return tuple(identity for part in self.parts for identity in part.identities)

    def ids(self) -> list[str]:
        every = [set(part.ids()) for part in self.parts]
        return sorted(set.union(*every) if self.missing is Missing.ZERO else set.intersection(*every))

    def present(self, id: str) -> list[bool]:
        """Which sources have features of a film; raises InputError if it lacks one that must be there."""
        return present_in([part.features for part in self.parts], self.names, self.missing, id)

    def recipe(self, id: str) -> str:
        present = zip(self.parts, self.present(id), strict=True)
        return digest_json([part.recipe(id) if there else "" for part, there in present])

    def check_clips(self, id: str, clips: list[Clip]) -> None:
        for part, there in zip(self.parts, self.present(id), strict=True):
            if there:
                part.check_clips(id, clips)

    def film(self, id: str) -> "FilmSources":
        return FilmSources(self, id)

    def fit(self, films: Sequence[str]) -> None:
        """Fit the scaling of each source to the training films that have it."""
        for name, part in zip(self.names, self.parts, strict=True):
            there = [id for id in films if id in part.features]
            if not there:
                problem = "has features of no training film"
                remedy = f"run `mmtool extract` for them, or leave {name} out of `modalities`"
                raise InputError(part.file.path, problem, remedy)
            part.fit(there)


class FilmSources(Sequence[SourcesInput]):
    """The clips of a film with the tokens of each source, none of a source that lacks it."""

    def __init__(self, sources: TokenSources, id: str) -> None:
        present = zip(sources.parts, sources.present(id), strict=True)
        self._sources = sources
        self._films: list[FilmTokens | None] = [part.film(id) if there else None for part, there in present]
        self._count = next(len(film) for film in self._films if film is not None)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, clip: int) -> SourcesInput: ...
    @overload
    def __getitem__(self, clip: slice) -> list[SourcesInput]: ...
    def __getitem__(self, clip: int | slice) -> SourcesInput | list[SourcesInput]:
        if isinstance(clip, slice):
            return [self[row] for row in range(*clip.indices(len(self)))]
        if clip not in range(-len(self), len(self)):
            raise IndexError(clip)
        parts = []
        for film, part in zip(self._films, self._sources.parts, strict=True):
            if part.scaling is None:
                raise ValueError("tokens are read before their scaling is known")
            parts.append(no_tokens(len(part.scaling.mean)) if film is None else film[clip])
        return SourcesInput(tuple(parts))


def present_in(
    features: Sequence[JoinedFeatures], names: Sequence[str], missing: Missing, id: str
) -> list[bool]:
    """Which features a film has; raises InputError if it lacks some that must be there, or all."""
    present = [id in own for own in features]
    if all(present) or (any(present) and missing is Missing.ZERO):
        return present
    absent = [name for name, there in zip(names, present, strict=True) if not there]
    remedy = "run `mmtool extract` for it"
    if any(present):
        remedy += ", or train with `missing=zero`"
    path = features[present.index(False)].files[0].path
    raise InputError(path, f"has no features of {id!r} (missing: {', '.join(absent)})", remedy)


@contextmanager
def open_token_sources(
    corpus: Corpus, names: tuple[str, ...], kinds: Sequence[ClipTokens], most: int, missing: Missing
) -> Iterator[TokenSources]:
    """Open the features of each source, whose tokens are of the given kinds."""
    with ExitStack() as stack:
        parts = [
            stack.enter_context(open_tokens(corpus, name, kind, most))
            for name, kind in zip(names, kinds, strict=True)
        ]
        yield TokenSources(names, tuple(parts), missing)


@contextmanager
def open_for_training(
    corpus: Corpus,
    names: tuple[str, ...],
    wanted: ClipTokens,
    most: int,
    missing: Missing,
    films: Sequence[str],
) -> Iterator[TokenSources]:
    """Open the sources of a training, of which those without stored regions or frames have a token a clip.

    Raises InputError where no source stores what is wanted, and one that names all films that lack a source
    which must be there.
    """
    kinds = [_kind(corpus, name, wanted) for name in names]
    if wanted not in kinds:
        raise InputError(
            corpus.root / "features",
            f"no file of {', '.join(names)} stores {wanted}",
            f"run `mmtool extract {KEEP[wanted]}`, or train with `clip_tokens=clip`",
        )
    with open_token_sources(corpus, names, kinds, most, missing) as sources:
        for part in sources.parts:
            absent = [id for id in films if id not in part.features]
            if absent and missing is Missing.FAIL:
                raise InputError(
                    part.file.path,
                    f"has no features of {listed(absent)}",
                    "run `mmtool extract` for them, or train with `missing=zero`",
                )
        yield sources


def _kind(corpus: Corpus, name: str, wanted: ClipTokens) -> ClipTokens:
    """What the tokens of a source are: what is wanted where its first film stores that."""
    if wanted is ClipTokens.CLIP:
        return wanted
    with open_joined(corpus, name, Modality.VIDEO) as features:
        file = features.files[0]
        stores = any(file.array_shape(id, STORED[wanted]) is not None for id in file.ids()[:1])
    return wanted if stores else ClipTokens.CLIP


def each_source(source: ReadableClips) -> list[TokenSource]:
    """Each source by itself."""
    if isinstance(source, TokenSources):
        return list(source.parts)
    if not isinstance(source, TokenSource):
        raise TypeError(f"{type(source)} has no tokens")
    return [source]
