"""What in a clip answers to a word: maps over its tokens, and the masks of chosen words."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmtool.matcher_choices import MaskFrom
from mmtool.matching.blocks import Attended, PairAttention
from mmtool.matching.model import MATCH
from mmtool.retrieval.grad_cam import cam


def word_maps(
    logits: Tensor, attention: PairAttention, words: int, of: MaskFrom = MaskFrom.GRADCAM
) -> Tensor:
    """Maps (P, W, R) ≥ 0 of the words of P pairs over the tokens of their clips, without a gradient.

    Args:
        logits: (P, 2), of matching, which the attention has led to.
        attention: Of a block before the last; clips of several sources may have a pass for each.
        words: W, the tokens of the texts.
        of: ``gradcam`` or ``attention``.
    """
    passes = attention.passes
    to_clip = _to_clip([one.weights.detach() for one in passes], passes, words)
    if of is MaskFrom.ATTENTION:
        return to_clip.mean(dim=1)
    each = [one.weights for one in passes]
    gradients = torch.autograd.grad(logits[:, MATCH].sum(), each, retain_graph=True)
    return cam(to_clip, _to_clip(gradients, passes, words))


def _to_clip(tensors: Sequence[Tensor], passes: Sequence[Attended], words: int) -> Tensor:
    """What tensors (P, H, S, S) say from words to tokens of the clip other than its [CLS]: (P, H, W, R)."""
    return torch.cat(
        [
            tensor[:, :, :words, tokens]
            for tensor, one in zip(tensors, passes, strict=True)
            for tokens in one.tokens
        ],
        dim=-1,
    )


def draw_words(
    maps: Tensor, allowed: NDArray[np.bool_], chances: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw a word of each pair, uniformly among those allowed whose map is not zero.

    Args:
        maps: (P, W, R).
        allowed: (P, W).
        chances: (P,): a number from 0 to below 1 that chooses the word of each pair.

    Returns:
        The pairs that have such a word (Q,), and these words (Q,).
    """
    answers = (maps.amax(dim=-1) > 0).cpu().numpy() & allowed  # (P, W)
    pairs = np.flatnonzero(answers.any(axis=1))
    counts = answers[pairs].sum(axis=1)
    wanted = np.minimum((chances[pairs] * counts).astype(np.int64), counts - 1)
    reached = answers[pairs].cumsum(axis=1) > wanted[:, None]
    return pairs, reached.argmax(axis=1)
