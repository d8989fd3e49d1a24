"""What a matcher reads of a corpus: the tokens of clips, and which snippets they show."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, overload

import numpy as np
from numpy.typing import NDArray

from mmtool.choices import Modality
from mmtool.errors import InputError
from mmtool.evaluation.labels import best_labels
from mmtool.features.joined import JoinedFeatures, open_joined
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.features import FeaturesFile
from mmtool.formats.frame_features import frames_of_clips, read_frame_features
from mmtool.formats.regions import COUNT, KEEP, read_regions
from mmtool.formats.snippets import read_snippets
from mmtool.matcher_choices import ClipTokens
from mmtool.matching.films import MatchedFilm
from mmtool.matching.inputs import ClipInput
from mmtool.matching.source_inputs import AnyClip
from mmtool.matching.tokens import (
    FrameTokens,
    Scaling,
    features_of_frames,
    fit_scaling,
    of_clip,
    of_frames,
    of_whole_frames,
)
from mmtool.matching.vocabulary import Pieces
from mmtool.records import Clip, EncoderIdentity, Interval, Snippet
from mmtool.stages.shared.truth import read_truth

MEMORY = 0.4  # share of the free memory that may hold tokens; the rest is read again in each epoch
ASSUMED = 4 << 30  # bytes that are free where the system does not say
SAMPLED = 32  # clips of a film to which the scaling is fitted


@dataclass(slots=True)
class TokenSource:
    """The open features of clips, and how tokens are made of them."""

    features: JoinedFeatures
    kind: ClipTokens
    most: int
    frames: int = 1  # the most frames of a clip
    scaling: Scaling | None = None
    room: int = field(default_factory=lambda: int(MEMORY * _free_memory()))

    @property
    def file(self) -> FeaturesFile:
        return self.features.files[0]

    @property
    def identities(self) -> tuple[EncoderIdentity, ...]:
        """The encoders of the features."""
        return self.features.header.sources

    def ids(self) -> list[str]:
        """The films that have features."""
        return self.features.ids()

    def recipe(self, id: str) -> str:
        """Changes with the features of a film."""
        return self.features.recipe(id)

    def check_clips(self, id: str, clips: list[Clip]) -> None:
        """Raise InputError if the features belong to other clips."""
        self.features.check_clips(id, clips)

    def film(self, id: str) -> "FilmTokens":
        """The clips of a film."""
        return FilmTokens(self, id)

    def fit(self, films: Sequence[str]) -> None:
        """Fit the scaling to training films; raises InputError where they have no tokens."""
        fit_tokens(self, [self.film(id) for id in films])

    def stored(self, id: str, clip: int, size: NDArray[np.float32]) -> list[FrameTokens]:
        """The regions of each frame of a clip, their boxes as shares of the frame's size (2,)."""
        return [
            FrameTokens(frame.features, (frame.boxes / np.tile(size, 2)).astype(np.float32))
            for frame in read_regions(self.file, id, clip)
        ]


class FilmTokens(Sequence[ClipInput]):
    """The clips of a film, read when they are asked for and kept while there is room."""

    def __init__(self, source: TokenSource, id: str) -> None:
        self._source, self._id = source, id
        self._features = source.features.parts(id)[0] if source.kind is ClipTokens.CLIP else None
        self._kept: dict[int, ClipInput] = {}
        self.frames = 1  # of a clip
        if self._features is not None:
            self._count = len(self._features)
            return
        if source.kind is ClipTokens.FRAMES:
            try:
                self._count, self.frames = frames_of_clips(source.file, id)
            except InputError as error:
                remedy = f"{error.remedy}, or train with `clip_tokens=clip`"
                raise InputError(error.path, error.problem, remedy) from error
            return
        counts, boxes = (source.file.read_array(id, name) for name in (COUNT, "boxes"))
        if counts is None or boxes is None:
            raise InputError(
                source.file.path,
                f"stores no regions of {id!r}",
                f"{KEEP}, or train with `clip_tokens=clip`",
            )
        self._count, self.frames = len(counts), 1 if counts.ndim == 1 else counts.shape[1]
        self._size = np.maximum(boxes.reshape(-1, 4)[:, 2:].max(axis=0, initial=1.0), 1.0)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, clip: int) -> ClipInput: ...
    @overload
    def __getitem__(self, clip: slice) -> list[ClipInput]: ...
    def __getitem__(self, clip: int | slice) -> ClipInput | list[ClipInput]:
        if isinstance(clip, slice):
            return [self[row] for row in range(*clip.indices(len(self)))]
        if clip not in range(-len(self), len(self)):
            raise IndexError(clip)
        clip %= len(self)
        if clip in self._kept:
            return self._kept[clip]
        found = self._read(clip)
        if found.features.nbytes <= self._source.room:
            self._source.room -= found.features.nbytes
            self._kept[clip] = found
        return found

    def unscaled(self, clip: int) -> NDArray[np.float32]:
        """The features (R, D) of a clip's tokens as they are stored."""
        if self._features is not None:
            return np.asarray(self._features[clip][None], np.float32)
        if self._source.kind is ClipTokens.FRAMES:
            return read_frame_features(self._source.file, self._id, clip)
        return features_of_frames(self._source.stored(self._id, clip, self._size), most=self._source.most)

    def _read(self, clip: int) -> ClipInput:
        source = self._source
        if source.scaling is None:
            raise ValueError("tokens are read before their scaling is known")
        if self._features is not None:
            return of_clip(self._features[clip], scaling=source.scaling)
        if source.kind is ClipTokens.FRAMES:
            rows = self.unscaled(clip)
            return of_whole_frames(rows, scaling=source.scaling, columns=source.frames)
        frames = source.stored(self._id, clip, self._size)
        return of_frames(frames, most=source.most, scaling=source.scaling, columns=source.frames)


@contextmanager
def open_tokens(corpus: Corpus, video: str, kind: ClipTokens, most: int) -> Iterator[TokenSource]:
    """Open the features of clips; raises InputError for joined features whose regions are asked for."""
    with open_joined(corpus, video, Modality.VIDEO) as features:
        if len(features.files) > 1:
            problem = "is joined to others, of which a matcher cannot read tokens"
            remedy = "name the features of one encoder with `video`, or several with `modalities`"
            raise InputError(features.files[0].path, problem, remedy)
        yield TokenSource(features, kind, most)


def fit_tokens(source: TokenSource, films: Sequence[FilmTokens]) -> None:
    """Fit the scaling of a source to training films; raises InputError where they have no tokens."""
    source.frames = max((film.frames for film in films), default=1)
    parts = []
    for film in films:
        step = max(1, len(film) // SAMPLED)
        parts += [film.unscaled(clip) for clip in range(0, len(film), step)]
    try:
        source.scaling = fit_scaling(parts)
    except ValueError as error:
        problem = "stores no regions of the training films"
        raise InputError(source.file.path, problem, "run `mmtool extract --keep-regions --force`") from error


@dataclass(frozen=True, slots=True)
class AnnotatedFilm:
    """A film whose clips can be read, with its snippets and what they show."""

    id: str
    tokens: Sequence[AnyClip]
    clips: list[Clip]
    snippets: list[Snippet]
    matches: NDArray[np.bool_]  # (N, M)


class ReadableClips(Protocol):
    """The features of clips of one source, or of several."""

    @property
    def identities(self) -> tuple[EncoderIdentity, ...]: ...
    def ids(self) -> list[str]: ...
    def recipe(self, id: str) -> str: ...
    def check_clips(self, id: str, clips: list[Clip]) -> None: ...
    def film(self, id: str) -> Sequence[AnyClip]: ...
    def fit(self, films: Sequence[str]) -> None: ...


def read_annotated_film(corpus: Corpus, id: str, source: ReadableClips) -> AnnotatedFilm:
    """Read a film; raises InputError for damaged files, and for features of other clips."""
    clips, snippets = read_clips(corpus.clips(id)), read_snippets(corpus.snippets(id))
    source.check_clips(id, clips)
    truth = read_truth(corpus, id, clips, snippets)
    return AnnotatedFilm(id, source.film(id), clips, snippets, matches_of(clips, truth))


def matches_of(clips: Sequence[Clip], truth: Sequence[Interval | None]) -> NDArray[np.bool_]:
    """(N, M): the snippet that fits a clip best, and those whose interval covers half of it."""
    matches = np.zeros((len(clips), len(truth)), bool)
    for clip, snippet in enumerate(best_labels([clip.interval for clip in clips], truth)):
        if snippet is not None:
            matches[clip, snippet] = True
    for snippet, interval in enumerate(truth):
        if interval is not None:
            for clip, of in enumerate(clips):
                shared = min(of.end, interval.end) - max(of.start, interval.start)
                if shared > 0 and shared >= of.duration / 2:
                    matches[clip, snippet] = True
    return matches


def matched_films(films: Sequence[AnnotatedFilm], pieces: Pieces) -> list[MatchedFilm]:
    """Films as the matcher's training reads them."""
    numbers: dict[str, int] = {}
    found = []
    for film in films:
        texts = [snippet.text for snippet in film.snippets]
        rows, _ = pieces.rows(texts)
        same = np.array([numbers.setdefault(text, len(numbers)) for text in texts], np.int64)
        found.append(MatchedFilm(film.id, film.tokens, rows, same, film.matches))
    return found


def _free_memory() -> int:
    """Bytes of memory that are free."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # macOS and Windows
        return ASSUMED
