"""The matcher: one Multiway Transformer as two encoders and as the fusion of both (VLMo, Section 3)."""

import math
from functools import partial

import torch
from torch import Tensor, nn

from mmtool.matcher_choices import SelfAttention
from mmtool.matching.blocks import CLIP, EPS, PAIR, TEXT, MultiwayBlock, Segment, Weights
from mmtool.matching.embeddings import ClipEmbedding, TextEmbedding
from mmtool.matching.inputs import ClipBatch, TextBatch
from mmtool.matching.positions import RelativePositions
from mmtool.matching.shape import MatcherShape

MATCH = 1  # the class of pairs that belong together
STEEPNESS = math.log(1 / 0.07)  # the first logarithm of the scale of ITC's logits


class Matcher(nn.Module):
    """Embeds clips and snippets alone, and tells whether a pair belongs together.

    A clip alone takes the clips' experts in all blocks, a snippet alone the words'. In a pair, the text
    first, each side takes its own experts in the first L − F blocks while attending to the other, and the
    pairs' expert in the last F.
    """

    def __init__(self, shape: MatcherShape) -> None:
        super().__init__()
        self.shape = shape
        self.clip_embedding = ClipEmbedding(shape)
        self.text_embedding = TextEmbedding(shape)
        self.positions = RelativePositions(shape) if shape.relative else None
        self.blocks = nn.ModuleList(_block(shape, layer) for layer in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width, eps=EPS)
        self.pooler = nn.Linear(shape.width, shape.width)
        self.match = nn.Linear(shape.width, 2)
        self.clip_head = nn.Linear(shape.width, shape.width, bias=False)
        self.text_head = nn.Linear(shape.width, shape.width, bias=False)
        self.log_scale = nn.Parameter(torch.tensor(STEEPNESS))
        self.apply(partial(_initialise, spread=shape.spread))
        for parameter in (
            self.clip_embedding.cls,
            self.clip_embedding.modality,
            self.text_embedding.modality,
        ):
            nn.init.trunc_normal_(parameter, std=shape.spread)

    def embed_clips(self, clips: ClipBatch) -> Tensor:
        """Clips → embeddings (B, d) of unit length."""
        x = self.clip_embedding(clips)
        rows = self.positions.of_clip(clips.cells) if self.positions else None
        states = self._alone(x, _with_cls(clips.real), rows, CLIP)
        return nn.functional.normalize(self.clip_head(states[:, 0]).float(), dim=-1)

    def embed_texts(self, texts: TextBatch) -> Tensor:
        """Snippets → embeddings (M, d) of unit length."""
        x = self.text_embedding(texts)
        rows = self.positions.of_text(x.shape[1])[None] if self.positions else None
        states = self._alone(x, texts.real, rows, TEXT)
        return nn.functional.normalize(self.text_head(states[:, 0]).float(), dim=-1)

    def match_pairs(
        self,
        clips: ClipBatch,
        texts: TextBatch,
        *,
        kept: Tensor | None = None,
        weights: Weights | None = None,
    ) -> Tensor:
        """P clips and P snippets, pair by pair → logits (P, 2) of not matching and matching, in fp32.

        Args:
            clips: The clips, of R tokens.
            texts: The snippets, of W tokens.
            kept: (P, R): the share of each token that a soft mask leaves.
            weights: Where the attention (P, H, W + 1 + R, W + 1 + R) of the block that explains a match is
                kept, if it is asked for.
        """
        words, visual = self.text_embedding(texts), self.clip_embedding(clips, kept)
        x = torch.cat([words, visual], dim=1)
        rows = None
        if self.positions is not None:
            of_text = self.positions.of_text(words.shape[1])
            rows = self.positions.of_pair(of_text, self.positions.of_clip(clips.cells))
        biases = self._biases(torch.cat([texts.real, _with_cls(clips.real)], dim=1), rows)
        own = (Segment(TEXT, words.shape[1]), Segment(CLIP, visual.shape[1]))
        fused = (Segment(PAIR, x.shape[1]),)
        for layer, (block, bias) in enumerate(zip(self.blocks, biases, strict=True)):
            segments = own if layer < self.shape.layers - self.shape.fusion_layers else fused
            x = block(x, bias, segments, weights if layer == self.shape.map_layer else None)
        states = self.norm(x)
        first = states[:, 0]
        if self.shape.product:
            first = first * states[:, words.shape[1]]
        pooled = torch.tanh(self.pooler(first))
        logits: Tensor = self.match(pooled).float()
        return logits

    def with_contrast(self, logits: Tensor, cosines: Tensor) -> Tensor:
        """Logits (P, 2) of pairs and the cosines (P,) of their embeddings → logits (P, 2) of the same pairs.

        Negatives are drawn in proportion to exp(scale · cosine). What is learned from them is therefore how
        much likelier a true pair is than such a draw, and the logit that they were drawn by is added again.
        """
        if not self.shape.adds_contrast:
            return logits
        return logits + torch.stack([torch.zeros_like(cosines), self.scale * cosines], dim=1)

    @property
    def scale(self) -> Tensor:
        """What cosines are multiplied by, the inverse of ITC's temperature."""
        return self.log_scale.exp()

    def _alone(self, x: Tensor, real: Tensor, rows: Tensor | None, expert: str) -> Tensor:
        segments = (Segment(expert, x.shape[1]),)
        for block, bias in zip(self.blocks, self._biases(real, rows), strict=True):
            x = block(x, bias, segments)
        found: Tensor = self.norm(x)
        return found

    def _biases(self, real: Tensor, rows: Tensor | None) -> list[Tensor]:
        """For each block, what is added to the logits of attention (B, H or 1, S, S): −∞ at padded keys."""
        padding = torch.zeros(real.shape, device=real.device).masked_fill(~real, -torch.inf)[:, None, None]
        if self.positions is None or rows is None:
            return [padding.expand(-1, -1, real.shape[1], -1)] * self.shape.layers
        return [bias + padding for bias in self.positions.biases(rows)]


def parameter_count(network: nn.Module) -> int:
    """The number of trained numbers."""
    return sum(parameter.numel() for parameter in network.parameters())


def _block(shape: MatcherShape, layer: int) -> MultiwayBlock:
    fuses = layer >= shape.layers - shape.fusion_layers
    return MultiwayBlock(
        shape.width,
        shape.heads,
        experts=(CLIP, TEXT, PAIR) if fuses else (CLIP, TEXT),
        attention=SelfAttention.SHARED if fuses else shape.attention,
        layer_scale=shape.layer_scale,
        drop_path=shape.drop_path * layer / max(1, shape.layers - 1),
        dropout=shape.dropout,
    )


def _with_cls(real: Tensor) -> Tensor:
    """Which tokens are real, with [CLS] before them: (B, R) → (B, 1 + R)."""
    return torch.cat([real.new_ones(len(real), 1), real], dim=1)


def _initialise(module: nn.Module, spread: float) -> None:
    """Truncated normal weights, zero biases, as in BEiT and VLMo."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.trunc_normal_(module.weight, std=spread)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
