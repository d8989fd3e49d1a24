"""A trained matcher as retrieval, scores and explanations ask for one (:mod:`mmtool.retrieval.contract`)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mmtool.matcher_choices import ClipTokens as TokenKind
from mmtool.matching.blocks import Weights
from mmtool.matching.inputs import ClipInput, Words, pad_clips, pad_texts
from mmtool.matching.model import Matcher
from mmtool.matching.recall import embeddings_of_clips, embeddings_of_texts
from mmtool.matching.tokens import FrameTokens, Scaling, of_clip, of_frames, of_whole_frames
from mmtool.matching.vocabulary import Pieces
from mmtool.matching.word_maps import word_maps
from mmtool.records import EncoderIdentity
from mmtool.retrieval.contract import ClipInput as Material
from mmtool.retrieval.contract import (
    ClipMaterial,
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

    inputs: Sequence[ClipInput]
    frames: Sequence[NDArray[np.int64]]
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


class TrainedMatcher:
    """Embeds clips and texts, judges pairs and explains them.

    Args:
        network: The network, on its device, in evaluation mode.
        pieces: The vocabulary that it was trained with.
        scaling: Of the features of clips.
        regions: The most regions of a clip.
        identity: Identifies its embeddings.
    """

    def __init__(
        self, network: Matcher, pieces: Pieces, scaling: Scaling, *, regions: int, identity: EncoderIdentity
    ) -> None:
        self.network = self._network = network.eval()
        self._pieces, self._scaling = pieces, scaling
        self._regions, self._identity = regions, identity

    @property
    def identity(self) -> EncoderIdentity:
        return self._identity

    @property
    def material(self) -> ClipMaterial:
        return MATERIALS[self._network.shape.clip_tokens]

    @property
    def embeds(self) -> bool:
        return True

    @property
    def matches(self) -> bool:
        return True

    @property
    def explains(self) -> bool:
        return True

    @property
    def scaling(self) -> Scaling:
        """How features of clips are scaled."""
        return self._scaling

    @property
    def regions(self) -> int:
        """The most regions of a clip."""
        return self._regions

    def clips(self, material: Sequence[Material]) -> ReadClips:
        """Read N clips; raises ValueError for pictures, and for features of another width."""
        inputs = [self._input(clip) for clip in material]
        frames = [clip.cells[:, 1] for clip in inputs]
        return ReadClips(inputs, frames, embeddings_of_clips(self._network, inputs))

    def _input(self, clip: Material) -> ClipInput:
        if not isinstance(clip, ClipTokens):
            raise ValueError("a trained matcher reads stored features, not pictures")
        if clip.features.shape[1] != len(self._scaling.mean):
            wanted = len(self._scaling.mean)
            raise ValueError(f"features of {clip.features.shape[1]} dimensions instead of {wanted}")
        columns = self._network.shape.grid[1]
        if self.material is ClipMaterial.FRAME_FEATURES:
            return of_whole_frames(clip.features, scaling=self._scaling, columns=columns)
        if clip.boxes is None:
            return of_clip(clip.features.mean(axis=0), scaling=self._scaling)
        frames = [
            FrameTokens(clip.features[clip.frames == frame], clip.boxes[clip.frames == frame])
            for frame in range(int(clip.frames.max(initial=-1)) + 1)
        ]
        return of_frames(frames, most=self._regions, scaling=self._scaling, columns=columns)

    def texts(self, texts: Sequence[str]) -> ReadTexts:
        rows, truncated = self._pieces.rows(texts) if texts else ([], 0)
        unknown = np.array([self._pieces.unknown(row) for row in rows], np.float32)
        return ReadTexts(rows, embeddings_of_texts(self._network, rows), unknown, truncated)

    @torch.inference_mode()
    def logits(self, clips: ReadClips, texts: ReadTexts, pairs: Pairs) -> NDArray[np.float32]:
        found, device = np.zeros((len(pairs), 2), np.float32), self._network.log_scale.device
        for start in range(0, len(pairs), AT_ONCE):
            some = pairs[start : start + AT_ONCE]
            batch = pad_clips([clips.inputs[clip] for clip, _ in some]).to(device)
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
        if not len(given.features):
            raise ValueError("the clip has no regions")
        device, weights = self._network.log_scale.device, Weights()
        with torch.enable_grad():
            batch, words = pad_clips([given]).to(device), pad_texts([row]).to(device)
            logits = self._network.match_pairs(batch, words, weights=weights)
            if weights.kept is None:
                raise ValueError("a matcher of one block has no map")
            maps = word_maps(logits, weights.kept, len(row))[0]  # (W, R)
        names = self._pieces.names([int(number) for number in np.asarray(row)])
        inside = slice(1, len(row) - 1)
        boxes = given.boxes[:, :4]
        if self.material is not ClipMaterial.REGIONS:
            boxes = np.tile(np.array(WHOLE_FRAME, np.float32), (len(boxes), 1))
        return WordMaps(
            tuple(names[inside]),
            maps[inside].float().cpu().numpy(),
            clips.frames[clip],
            boxes,
        )
