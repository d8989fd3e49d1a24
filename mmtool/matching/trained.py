"""A trained matcher as retrieval, scores and explanations ask for one (:mod:`mmtool.retrieval.contract`)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mmtool.fusion_choices import Missing
from mmtool.matcher_choices import ClipTokens as TokenKind
from mmtool.matching.blocks import PairAttention
from mmtool.matching.inputs import ClipInput, Words, pad_texts
from mmtool.matching.model import Matcher
from mmtool.matching.recall import embeddings_of_clips, embeddings_of_texts
from mmtool.matching.source_inputs import AnyClip, SourcesInput, pad
from mmtool.matching.tokens import FrameTokens, Scaling, no_tokens, of_clip, of_frames, of_whole_frames
from mmtool.matching.vocabulary import Pieces
from mmtool.matching.word_maps import word_maps
from mmtool.records import EncoderIdentity
from mmtool.retrieval.contract import ClipInput as Material
from mmtool.retrieval.contract import (
    ClipMaterial,
    ClipSources,
    ClipTokens,
    Embeddings,
    LogOdds,
    Pairs,
    WordMaps,
)

AT_ONCE = 128  # pairs
MATERIALS = {
    TokenKind.REGIONS: ClipMaterial.REGIONS,
    TokenKind.FRAMES: ClipMaterial.FRAME_FEATURES,
    TokenKind.CLIP: ClipMaterial.FEATURES,
}
WHOLE_FRAME = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class ReadClips:
    """Clips as they were read."""

    inputs: Sequence[AnyClip]
    embeddings: Embeddings

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True, slots=True)
class ReadTexts:
    """Texts as they were read."""

    rows: Sequence[Words]
    embeddings: Embeddings
    unknown: NDArray[np.float32]
    truncated: int

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class SourceReader:
    """Makes the tokens of one source of a clip.

    Attributes:
        name: The features.
        kind: What the tokens are.
        scaling: Of the features.
        columns: The most frames that relative positions can tell apart.
        regions: The most regions of a clip.
    """

    name: str
    kind: TokenKind
    scaling: Scaling
    columns: int
    regions: int

    @property
    def material(self) -> ClipMaterial:
        return MATERIALS[self.kind]

    def read(self, clip: ClipTokens) -> ClipInput:
        """The tokens of a clip; raises ValueError for features of another width."""
        if clip.features.shape[1] != len(self.scaling.mean):
            wanted = len(self.scaling.mean)
            raise ValueError(f"features of {clip.features.shape[1]} dimensions instead of {wanted}")
        if not len(clip.features):
            return no_tokens(len(self.scaling.mean))
        if self.kind is TokenKind.FRAMES:
            return of_whole_frames(clip.features, scaling=self.scaling, columns=self.columns)
        if clip.boxes is None:
            return of_clip(clip.features.mean(axis=0), scaling=self.scaling)
        frames = [
            FrameTokens(clip.features[clip.frames == frame], clip.boxes[clip.frames == frame])
            for frame in range(int(clip.frames.max(initial=-1)) + 1)
        ]
        return of_frames(frames, most=self.regions, scaling=self.scaling, columns=self.columns)


class TrainedMatcher:
    """Embeds clips and texts, judges pairs and explains them.

    Args:
        network: The network, on its device, in evaluation mode.
        pieces: The vocabulary that it was trained with.
        readers: What makes the tokens of each source of a clip.
        identity: Identifies its embeddings.
        missing: What a film is that lacks one of several sources.
    """

    def __init__(
        self,
        network: Matcher,
        pieces: Pieces,
        readers: Sequence[SourceReader],
        *,
        identity: EncoderIdentity,
        missing: Missing = Missing.FAIL,
    ) -> None:
        self.network = self._network = network.eval()
        self.readers, self.missing = tuple(readers), missing
        self._pieces, self._identity = pieces, identity

    @property
    def identity(self) -> EncoderIdentity:
        return self._identity

    @property
    def material(self) -> ClipMaterial:
        return self.readers[0].material if len(self.readers) == 1 else ClipMaterial.SOURCES

    @property
    def embeds(self) -> bool:
        return True

    @property
    def matches(self) -> bool:
        return True

    @property
    def explains(self) -> bool:
        return True

    def clips(self, material: Sequence[Material]) -> ReadClips:
        """Read N clips; raises ValueError for pictures, and for features of another width."""
        inputs = [self._input(clip) for clip in material]
        return ReadClips(inputs, embeddings_of_clips(self._network, inputs))

    def _input(self, clip: Material) -> AnyClip:
        if len(self.readers) == 1 and isinstance(clip, ClipTokens):
            return self.readers[0].read(clip)
        if isinstance(clip, ClipSources) and len(clip.parts) == len(self.readers) > 1:
            parts = zip(self.readers, clip.parts, strict=True)
            return SourcesInput(tuple(reader.read(part) for reader, part in parts))
        raise ValueError("a trained matcher reads the stored features of its own sources, not pictures")

    def texts(self, texts: Sequence[str]) -> ReadTexts:
        rows, truncated = self._pieces.rows(texts) if texts else ([], 0)
        unknown = np.array([self._pieces.unknown(row) for row in rows], np.float32)
        return ReadTexts(rows, embeddings_of_texts(self._network, rows), unknown, truncated)

    @torch.inference_mode()
    def logits(self, clips: ReadClips, texts: ReadTexts, pairs: Pairs) -> NDArray[np.float32]:
        found, device = np.zeros((len(pairs), 2), np.float32), self._network.log_scale.device
        for start in range(0, len(pairs), AT_ONCE):
            some = pairs[start : start + AT_ONCE]
            batch = pad([clips.inputs[clip] for clip, _ in some]).to(device)
            words = pad_texts([texts.rows[text] for _, text in some]).to(device)
            cosines = (clips.embeddings[some[:, 0]] * texts.embeddings[some[:, 1]]).sum(axis=1)
            logits = self._network.match_pairs(batch, words)
            logits = self._network.with_contrast(logits, torch.from_numpy(cosines).to(device))
            found[start : start + len(some)] = logits.cpu().numpy()
        return found

    def match(self, clips: ReadClips, texts: ReadTexts, pairs: Pairs) -> LogOdds:
        found = self.logits(clips, texts, pairs)
        return found[:, 1] - found[:, 0]

    def word_maps(self, clips: ReadClips, clip: int, texts: ReadTexts, text: int) -> WordMaps:
        """Grad-CAM of the match over the tokens of the clip; raises ValueError for a clip without any."""
        given, row = clips.inputs[clip], texts.rows[text]
        parts = given.parts if isinstance(given, SourcesInput) else (given,)
        if not any(len(part.features) for part in parts):
            raise ValueError("the clip has no regions")
        device, attention = self._network.log_scale.device, PairAttention()
        with torch.enable_grad():
            batch, words = pad([given]).to(device), pad_texts([row]).to(device)
            logits = self._network.match_pairs(batch, words, attention=attention)
            if not attention.passes:
                raise ValueError("a matcher of one block has no map")
            maps = word_maps(logits, attention, len(row))[0]  # (W, R), of padding, too
        names = self._pieces.names(row)
        inside, real = slice(1, len(row) - 1), batch.real[0].cpu().numpy()
        boxes = [
            part.boxes[:, :4]
            if reader.material is ClipMaterial.REGIONS
            else np.tile(np.array(WHOLE_FRAME, np.float32), (len(part.boxes), 1))
            for reader, part in zip(self.readers, parts, strict=True)
        ]
        return WordMaps(
            tuple(names[inside]),
            maps[inside].float().cpu().numpy()[:, real],
            self._frames_of(parts),
            np.concatenate(boxes),
            *self._sources_of(parts),
        )

    def _frames_of(self, parts: Sequence[ClipInput]) -> NDArray[np.int64]:
        """The frame of each token; −1 for the only token of one of several sources."""
        if len(parts) == 1:
            return parts[0].cells[:, 1]
        frames = [
            np.full(len(part.cells), -1, np.int64) if reader.kind is TokenKind.CLIP else part.cells[:, 1]
            for reader, part in zip(self.readers, parts, strict=True)
        ]
        return np.concatenate(frames)

    def _sources_of(self, parts: Sequence[ClipInput]) -> tuple[tuple[str, ...], str]:
        """The source of each token, and the first source of pictures; nothing for one source."""
        if len(self.readers) == 1:
            return (), ""
        pictures = [reader for reader in self.readers if reader.kind is not TokenKind.CLIP]
        names = [reader.name for reader, part in zip(self.readers, parts, strict=True) for _ in part.features]
        return tuple(names), (pictures or self.readers)[0].name
