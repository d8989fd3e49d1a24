"""What all rerankers share: frames to visual tokens once a clip, pairs in batches of one clip each.

The models' own ``forward`` computes the picture again for every pair. Here sub-modules are called instead:
the picture's network once for each frame, what a pair needs of its clip alone once for each clip, and the
rest for batches of texts that share the clip. Frames of a clip are concatenated along the sequence of tokens.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from mmtool.encoders.contract import Frame
from mmtool.encoders.kernels.uploads import upload
from mmtool.encoders.precision import DTYPES, exact_fp32, precision_settings
from mmtool.encoders.rerankers.contract import ReadClips, ReadTexts, RerankerOptions
from mmtool.encoders.rerankers.models import PairModel
from mmtool.encoders.tokens.batches import Rows, padded, padded_batches
from mmtool.records import EncoderIdentity
from mmtool.retrieval.contract import (
    ClipFrames,
    ClipInput,
    ClipMaterial,
    ClipStates,
    Embeddings,
    Logits,
    LogOdds,
    Pairs,
    TextStates,
    WordMaps,
)


class FrameMatcher(ABC):
    """A model of transformers that judges pairs of frames and text; a :class:`PairMatcher`."""

    name: ClassVar[str]
    embeds: ClassVar[bool] = False
    material: ClassVar[ClipMaterial] = ClipMaterial.FRAMES
    matches: ClassVar[bool] = True
    explains: ClassVar[bool] = False

    def __init__(self, loaded: PairModel, options: RerankerOptions) -> None:
        self.device, self._device = options.device, torch.device(options.device)
        self._dtype = DTYPES[options.precision]
        self._network: Any = loaded.network.to(self._device, self._dtype)
        self._images, self._tokens = loaded.images, loaded.tokens
        self._batch_size = options.batch_size
        self.identity = EncoderIdentity(
            name=self.name,
            model=loaded.architecture,
            weights=loaded.weights,
            dimension=self._width(),
            settings={
                "max_tokens": self._tokens.limit,
                "space": loaded.weights,
                **self._settings(),
                **precision_settings(options.precision),
            },
        )

    def clips(self, material: Sequence[ClipInput]) -> ReadClips:
        """Read N clips; the frames of several are encoded together where they have one size."""
        frames: list[Frame] = []
        counts = []
        for clip in material:
            if not isinstance(clip, ClipFrames):
                raise ValueError(f"{self.name} reads frames, not stored features")
            frames += list(clip.pixels)
            counts.append(len(clip.pixels))
        encoded, grids = self._encoded(frames)  # (V, D) of each frame
        tokens, of_clips, start = [], [], 0
        for count in counts:
            tokens.append(torch.cat(encoded[start : start + count]))
            of_clips.append(grids[start])
            start += count
        return ReadClips(tokens, counts, self._embed_clips(tokens, counts), of_clips)

    def texts(self, texts: Sequence[str]) -> ReadTexts:
        """Read M texts; those that are too long are cut and counted."""
        rows, truncated = self._tokens(list(texts)) if texts else ([], 0)
        return ReadTexts(
            rows,
            unknown=self._tokens.unknown(rows),
            truncated=truncated,
            embed=self._embedder(),
        )

    @torch.inference_mode()
    def logits(self, clips: ClipStates, texts: TextStates, pairs: Pairs) -> Logits:
        """The logits (P, 2) of pairs, clip by clip; texts of about one length share a batch."""
        if not isinstance(clips, ReadClips) or not isinstance(texts, ReadTexts):
            raise TypeError("clips and texts that another model has read")
        found = np.zeros((len(pairs), 2), np.float32)
        order = np.argsort(pairs[:, 0], kind="stable")
        starts = np.flatnonzero(np.diff(pairs[order, 0], prepend=-1))
        with exact_fp32(self._device):
            for of_clip in np.split(order, starts[1:]) if len(order) else []:
                clip = int(pairs[of_clip[0], 0])
                context = self._context(clips.tokens[clip], clips.frames[clip])
                rows = [texts.rows[text] for text in pairs[of_clip, 1]]
                for batch in padded_batches(rows, batch_size=self._batch_size, device=self._device):
                    judged = self._judged(context, [rows[index] for index in batch])
                    found[of_clip[batch]] = judged.float().cpu().numpy()
        return found

    def match(self, clips: ClipStates, texts: TextStates, pairs: Pairs) -> LogOdds:
        """The log-odds (P,) of pairs."""
        logits = self.logits(clips, texts, pairs)
        found: LogOdds = logits[:, 1] - logits[:, 0]
        return found

    def word_maps(self, clips: ClipStates, clip: int, texts: TextStates, text: int) -> WordMaps:  # noqa: ARG002
        """Raise ValueError: only models that override this explain pairs."""
        raise ValueError(f"{self.name} cannot explain pairs; blip and vilt can")

    @torch.inference_mode()
    def _encoded(self, frames: Sequence[Frame]) -> tuple[list[Tensor], list[tuple[int, int]]]:
        """The visual tokens (V, D) of each frame, and the rows and columns of its patches."""
        encoded: list[Tensor] = []
        grids: list[tuple[int, int]] = []

        def encode(batch: list[Frame]) -> None:
            pixels = self._pixels(batch)
            encoded.extend(self._visual(pixels))
            grids.extend([self._grid(pixels)] * len(batch))

        with exact_fp32(self._device):
            for start in range(0, len(frames), self._batch_size):
                batch = list(frames[start : start + self._batch_size])
                if len({frame.shape for frame in batch}) > 1:  # some image processors pad to the largest
                    for frame in batch:
                        encode([frame])
                else:
                    encode(batch)
        return encoded, grids

    def _pixels(self, frames: list[Frame]) -> Tensor:
        prepared = self._images(frames, return_tensors="np", input_data_format="channels_last")
        return upload(prepared["pixel_values"], self._device).to(self._dtype)

    def _padded(self, rows: Rows) -> tuple[Tensor, Tensor]:
        """Token ids (b, L), and which of them are real (b, L) as 0 and 1."""
        ids, real = padded(rows, pad=self._tokens.pad, device=self._device)
        return ids, torch.ones_like(ids) if real is None else real

    def _settings(self) -> dict[str, str | int | float | bool]:
        """What the identity says beyond what all rerankers have."""
        return {}

    @property
    def vectors(self) -> int:
        """How many vectors a clip's embedding is made of; a text is compared with the most similar one."""
        return 1

    def _grid(self, pixels: Tensor) -> tuple[int, int]:
        """The rows and columns of patches (b, 3, H, W) is cut into."""
        config = self._network.config
        patch = int(getattr(config, "vision_config", config).patch_size)
        return pixels.shape[-2] // patch, pixels.shape[-1] // patch

    def _width(self) -> int:
        """The dimension E of a clip's embedding; 1 without any."""
        return 1

    def _embed_clips(self, tokens: Sequence[Tensor], frames: Sequence[int]) -> Embeddings | None:  # noqa: ARG002
        """The embeddings (N, E) of clips by their visual tokens; None without a dual encoder."""
        return None

    def _embedder(self) -> Callable[[Rows], Embeddings] | None:
        """What embeds texts; None without a dual encoder."""
        return None

    @abstractmethod
    def _visual(self, pixels: Tensor) -> list[Tensor]:
        """The visual tokens (V, D) of each of b frames, from what the image processor made of them."""

    @abstractmethod
    def _context(self, tokens: Tensor, frames: int) -> Any:
        """What pairs need of a clip alone, from its visual tokens (V, D)."""

    @abstractmethod
    def _judged(self, context: Any, rows: Rows) -> Tensor:
        """The logits (b, 2) of one clip with b texts."""
