"""What rerankers are told when they are made, and the states in which they keep clips and texts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mmtool.choices import EncoderPrecision
from mmtool.retrieval.contract import Embeddings


@dataclass(frozen=True, slots=True)
class RerankerOptions:
    """What users can choose about a reranker.

    Args:
        model: Name of a model of the hub or a local folder; None for the published one.
        enc_token: Whether texts of pairs begin with BLIP's [ENC]; the other models have no such token.
        batch_size: The most frames or pairs that are computed at a time.
        precision: Precision of the network's products.
        device: Where to compute, such as ``"cpu"`` or ``"cuda:0"``.
        setting: The setting that names the model, for messages.
    """

    model: str | None = None
    enc_token: bool = True
    batch_size: int = 8
    precision: EncoderPrecision = EncoderPrecision.FP32
    device: str = "cpu"
    setting: str = "reranker"


class ReadClips:
    """N clips: what the fusion encoder reads of each, and their embeddings if there is a dual encoder."""

    def __init__(
        self,
        tokens: Sequence[Tensor],
        frames: Sequence[int],
        embeddings: Embeddings | None,
        grids: Sequence[tuple[int, int]] = (),
    ) -> None:
        """Take the visual tokens (V, D) of each clip, which come from so many frames.

        ``grids`` has the rows and columns of patches of each clip's frames, for models that explain pairs.
        """
        self.tokens, self.frames, self.grids = list(tokens), list(frames), list(grids)
        self._embeddings = embeddings

    @property
    def embeddings(self) -> Embeddings:
        if self._embeddings is None:
            raise ValueError("this model has no dual encoder")
        return self._embeddings

    def __len__(self) -> int:
        return len(self.tokens)


class ReadTexts:
    """M texts as rows of token ids; they are embedded only if somebody asks."""

    def __init__(
        self,
        rows: Sequence[Sequence[int]],
        *,
        unknown: NDArray[np.float32],
        truncated: int,
        embed: Callable[[Sequence[Sequence[int]]], Embeddings] | None,
    ) -> None:
        """Take the ids of each text, and what embeds them; None without a dual encoder."""
        self.rows, self.unknown, self.truncated = list(rows), unknown, truncated
        self._embed = embed

    @cached_property
    def embeddings(self) -> Embeddings:
        if self._embed is None:
            raise ValueError("this model has no dual encoder")
        return self._embed(self.rows)

    def __len__(self) -> int:
        return len(self.rows)
