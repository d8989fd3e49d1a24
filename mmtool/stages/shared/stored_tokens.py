"""What a trained matcher reads of clips: stored regions, features of frames, or the one of each clip."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mmtool.choices import Modality
from mmtool.errors import InputError
from mmtool.features.joined import JoinedFeatures, open_joined
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.formats.frame_features import read_frame_features
from mmtool.formats.regions import KEEP, read_regions
from mmtool.fusion_choices import Missing
from mmtool.matching.trained import SourceReader, TrainedMatcher
from mmtool.records import Clip
from mmtool.retrieval.contract import ClipInput, ClipMaterial, ClipSources, ClipTokens
from mmtool.stages.shared.matcher_sources import present_in


@dataclass(slots=True)
class StoredTokens:
    """The tokens of clips of an open features file."""

    features: JoinedFeatures
    material: ClipMaterial
    _sizes: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def check(self, id: str, clips: list[Clip]) -> None:
        """Raise InputError if the features belong to other clips."""
        self.features.check_clips(id, clips)

    def recipe(self, id: str) -> str:
        """What the tokens of a film are made of."""
        return self.features.recipe(id)

    def read(self, id: str, clips: Sequence[int]) -> list[ClipInput]:
        """The tokens of these clips; raises InputError where regions or frames are needed but not stored."""
        if self.material is ClipMaterial.REGIONS:
            size = self._size(id)
            return [self._regions(id, clip, size) for clip in clips]
        if self.material is ClipMaterial.FRAME_FEATURES:
            read = (read_frame_features(self.features.files[0], id, clip) for clip in clips)
            return [ClipTokens(rows, None, np.arange(len(rows))) for rows in read]
        rows = self.features.parts(id)[0]
        return [ClipTokens(rows[clip][None], None, np.zeros(1, np.int64)) for clip in clips]

    def _regions(self, id: str, clip: int, size: NDArray[np.float32]) -> ClipTokens:
        frames = read_regions(self.features.files[0], id, clip)
        counts = [len(frame.features) for frame in frames]
        boxes = np.concatenate([frame.boxes for frame in frames]) / np.tile(size, 2)
        return ClipTokens(
            np.concatenate([frame.features for frame in frames]),
            boxes.astype(np.float32),
            np.repeat(np.arange(len(frames)), counts),
        )

    def _size(self, id: str) -> NDArray[np.float32]:
        """Width and height of the frames, as far as boxes reach."""
        if id not in self._sizes:
            file = self.features.files[0]
            boxes = file.read_array(id, "boxes")
            if boxes is None:
                raise InputError(file.path, f"stores no regions of {id!r}", KEEP)
            self._sizes[id] = np.maximum(boxes.reshape(-1, 4)[:, 2:].max(axis=0, initial=1.0), 1.0)
        return self._sizes[id]


@dataclass(frozen=True, slots=True)
class StoredSources:
    """The tokens of clips of several open features files."""

    readers: tuple[SourceReader, ...]
    parts: tuple[StoredTokens, ...]
    missing: Missing

    def _present(self, id: str) -> list[bool]:
        names = [reader.name for reader in self.readers]
        return present_in([part.features for part in self.parts], names, self.missing, id)

    def check(self, id: str, clips: list[Clip]) -> None:
        """Raise InputError if the features of a source belong to other clips, or are missing."""
        for part, there in zip(self.parts, self._present(id), strict=True):
            if there:
                part.check(id, clips)

    def recipe(self, id: str) -> str:
        """What the tokens of a film are made of."""
        present = zip(self.parts, self._present(id), strict=True)
        return digest_json([part.recipe(id) if there else "" for part, there in present])

    def read(self, id: str, clips: Sequence[int]) -> list[ClipInput]:
        """The tokens of these clips, none of a source that lacks the film."""
        columns = []
        for reader, part, there in zip(self.readers, self.parts, self._present(id), strict=True):
            nothing = ClipTokens(np.zeros((0, len(reader.scaling.mean))), None, np.zeros(0, np.int64))
            columns.append(part.read(id, clips) if there else [nothing] * len(clips))
        return [
            ClipSources(tuple(part for part in clip if isinstance(part, ClipTokens)))
            for clip in zip(*columns, strict=True)
        ]


@contextmanager
def open_clips_of(corpus: Corpus, matcher: TrainedMatcher) -> Iterator[StoredTokens | StoredSources]:
    """Open the features of clips that a matcher was trained on."""
    with ExitStack() as stack:
        parts = tuple(
            stack.enter_context(open_stored_tokens(corpus, reader.name, reader.material))
            for reader in matcher.readers
        )
        yield parts[0] if len(parts) == 1 else StoredSources(matcher.readers, parts, matcher.missing)


@contextmanager
def open_stored_tokens(corpus: Corpus, video: str, material: ClipMaterial) -> Iterator[StoredTokens]:
    """Open the features of clips of one source."""
    with open_joined(corpus, video, Modality.VIDEO) as features:
        yield StoredTokens(features, material)
