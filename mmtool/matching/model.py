"""The matcher: one Multiway Transformer as two encoders and as the fusion of both (VLMo, Section 3)."""

import math
from collections.abc import Sequence
from functools import partial
from itertools import accumulate

import torch
from torch import Tensor, nn

from mmtool.matcher_choices import SelfAttention
from mmtool.matching.blocks import (
    CLIP,
    EPS,
    PAIR,
    TEXT,
    Attended,
    MultiwayBlock,
    PairAttention,
    Weights,
)
from mmtool.matching.embeddings import ClipEmbedding, TextEmbedding
from mmtool.matching.inputs import TextBatch
from mmtool.matching.positions import RelativePositions
from mmtool.matching.rows import Segment
from mmtool.matching.shape import MatcherShape
from mmtool.matching.source_inputs import AnyBatch, of_one

MATCH = 1  # the class of pairs that belong together
STEEPNESS = math.log(1 / 0.07)  # the first logarithm of the scale of ITC's logits


class MatchingHead(nn.Module):
    """From what is read of clips, snippets and pairs to embeddings and to a decision."""

    def make_head(self, shape: MatcherShape, width: int) -> None:
        """Add the layers over what is read of a clip or a pair, of a ``width``, and over a snippet."""
        self._adds_contrast = shape.adds_contrast
        self.pooler = nn.Linear(width, shape.width)
        self.match = nn.Linear(shape.width, 2)
        self.clip_head = nn.Linear(width, shape.width, bias=False)
        self.text_head = nn.Linear(shape.width, shape.width, bias=False)
        self.log_scale = nn.Parameter(torch.tensor(STEEPNESS))

    def clip_embedding_of(self, read: Tensor) -> Tensor:
        """What is read of clips (B, …) → embeddings (B, d) of unit length."""
        return nn.functional.normalize(self.clip_head(read).float(), dim=-1)

    def text_embedding_of(self, read: Tensor) -> Tensor:
        """What is read of snippets (M, d) → embeddings (M, d) of unit length."""
        return nn.functional.normalize(self.text_head(read).float(), dim=-1)

    def judge(self, read: Tensor) -> Tensor:
        """What is read of pairs (P, …) → logits (P, 2) of not matching and matching, in fp32."""
        logits: Tensor = self.match(torch.tanh(self.pooler(read))).float()
        return logits

    def with_contrast(self, logits: Tensor, cosines: Tensor) -> Tensor:
        """Logits (P, 2) of pairs and the cosines (P,) of their embeddings → logits (P, 2) of the same pairs.

        Negatives are drawn in proportion to exp(scale · cosine). What is learned from them is therefore how
        much likelier a true pair is than such a draw, and the logit that they were drawn by is added again.
        """
        if not self._adds_contrast:
            return logits
        return logits + torch.stack([torch.zeros_like(cosines), self.scale * cosines], dim=1)

    @property
    def scale(self) -> Tensor:
        """What cosines are multiplied by, the inverse of ITC's temperature."""
        return self.log_scale.exp()


class Matcher(MatchingHead):
    """Embeds clips and snippets alone, and tells whether a pair belongs together.

    A clip alone takes the clips' experts in all blocks, a snippet alone the words'. In a pair, the text
    first, each side takes its own experts in the first L − F blocks while attending to the other, and the
    pairs' expert in the last F.
    """

    def __init__(self, shape: MatcherShape) -> None:
        super().__init__()
        self.shape = shape
        self.joint = len(shape.sources)  # the number of the branch that sees all sources
        self.make_inputs(shape)
        kinds = self.clip_kinds
        self.blocks = nn.ModuleList(_block(shape, layer, kinds) for layer in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width, eps=EPS)
        self.make_head(shape, shape.read_width)
        self.make_more(shape)
        self.apply(partial(_initialise, spread=shape.spread))
        for module in self.modules():
            if isinstance(module, ClipEmbedding):
                nn.init.trunc_normal_(module.cls, std=shape.spread)
                nn.init.trunc_normal_(module.modality, std=shape.spread)
        nn.init.trunc_normal_(self.text_embedding.modality, std=shape.spread)

    def make_inputs(self, shape: MatcherShape) -> None:
        """Add what embeds tokens, and what knows their positions."""
        self.clip_embedding = ClipEmbedding(shape)
        self.text_embedding = TextEmbedding(shape)
        self.positions = RelativePositions(shape) if shape.relative else None

    def make_more(self, shape: MatcherShape) -> None:
        """Add what a matcher of one source does not need."""

    @property
    def clip_kinds(self) -> tuple[str, ...]:
        """The kinds of tokens of clips, each with an expert."""
        return (CLIP,)

    def embed_clips(self, clips: AnyBatch) -> Tensor:
        """Clips → embeddings (B, d) of unit length."""
        clips = of_one(clips)
        x = self.clip_embedding(clips)
        rows = self.positions.of_clip(clips.cells) if self.positions else None
        real = with_cls(clips.real)
        own = [Segment(CLIP, x.shape[1])]
        states = self.through(x, self._biases(real, rows), own, real=real, read=[0])
        return self.clip_embedding_of(states[:, 0])

    def embed_texts(self, texts: TextBatch) -> Tensor:
        """Snippets → embeddings (M, d) of unit length."""
        x = self.text_embedding(texts)
        rows = self.positions.of_text(x.shape[1])[None] if self.positions else None
        own = [Segment(TEXT, x.shape[1])]
        states = self.through(x, self._biases(texts.real, rows), own, real=texts.real, read=[0])
        return self.text_embedding_of(states[:, 0])

    def match_pairs(
        self,
        clips: AnyBatch,
        texts: TextBatch,
        *,
        kept: Tensor | None = None,
        attention: PairAttention | None = None,
    ) -> Tensor:
        """P clips and P snippets, pair by pair → logits (P, 2) of not matching and matching, in fp32.

        Args:
            clips: The clips, of R tokens.
            texts: The snippets, of W tokens.
            kept: (P, R): the share of each token that a soft mask leaves.
            attention: Where the attention (P, H, W + 1 + R, W + 1 + R) of the block that explains a match is
                kept, if it is asked for.
        """
        clips = of_one(clips)
        words, visual = self.text_embedding(texts), self.clip_embedding(clips, kept)
        rows = None
        if self.positions is not None:
            of_text = self.positions.of_text(words.shape[1])
            rows = self.positions.of_pair(of_text, self.positions.of_clip(clips.cells))
        real = torch.cat([texts.real, with_cls(clips.real)], dim=1)
        own = [Segment(TEXT, words.shape[1]), Segment(CLIP, visual.shape[1])]
        x, biases = torch.cat([words, visual], dim=1), self._biases(real, rows)
        firsts = [0, words.shape[1]] if self.shape.product else [0]
        states = self.through(x, biases, own, attention, real=real, read=firsts)
        return self.judge(states[:, 0] * states[:, 1] if self.shape.product else states[:, 0])

    def visible(self, clips: AnyBatch) -> AnyBatch:
        """What of clips the joint branch sees: all of them, where there is one source."""
        return clips

    def head_of(self, branch: int) -> MatchingHead:
        """The heads of a branch, by its number; a matcher of one source is its only branch."""
        return (self,)[branch]

    def clips_by_branch(self, clips: AnyBatch, wanted: Sequence[int]) -> list[Tensor]:
        """The embeddings (B, d) of clips by each of the wanted branches."""
        return [self.embed_clips(clips) for _ in wanted]

    def texts_by_branch(self, texts: TextBatch, wanted: Sequence[int]) -> list[Tensor]:
        """The embeddings (M, d) of snippets by each of the wanted branches."""
        return [self.embed_texts(texts) for _ in wanted]

    def match_by_branch(
        self, clips: AnyBatch, texts: TextBatch, branch: int, attention: PairAttention | None = None
    ) -> Tensor:
        """The logits (P, 2) of pairs by a branch; see :meth:`match_pairs`."""
        del branch  # there is one
        return self.match_pairs(clips, texts, attention=attention)

    def through(
        self,
        x: Tensor,
        biases: Sequence[Tensor],
        own: Sequence[Segment],
        attention: PairAttention | None = None,
        *,
        real: Tensor | None = None,
        read: Sequence[int] | None = None,
    ) -> Tensor:
        """Pass states (B, S, d) through all blocks → normalised states (B, S, d), or (B, R, d) of those read.

        Args:
            x: The states.
            biases: For each block, what is added to the logits of attention.
            own: The kinds of the tokens. Those of a pair, the text first, take the pairs' expert in the last
                F blocks.
            attention: Where the attention of the block that explains a match is kept, if it is asked for.
            real: (B, S): which tokens are not padding, of which nothing is computed; all by default.
            read: The places of the tokens that are asked for, in ascending order; all by default.
        """
        is_pair = len(own) > 1 and own[0].expert == TEXT
        fused = [Segment(PAIR, x.shape[1])] if is_pair else own
        weights = Weights()
        for layer, (block, bias) in enumerate(zip(self.blocks, biases, strict=True)):
            segments = own if layer < self.shape.layers - self.shape.fusion_layers else fused
            kept = attention is not None and layer == self.shape.map_layer
            last = layer == self.shape.layers - 1
            x = block(x, bias, segments, weights if kept else None, real=real, read=read if last else None)
        if attention is not None and weights.kept is not None:
            attention.passes.append(Attended(weights.kept, _clip_tokens(own)))
        found: Tensor = self.norm(x)
        return found

    def _biases(self, real: Tensor, rows: Tensor | None) -> list[Tensor]:
        """For each block, what is added to the logits of attention (B, H or 1, S, S): −∞ at padded keys."""
        padding = padding_bias(real)
        if self.positions is None or rows is None:
            return [padding.expand(-1, -1, real.shape[1], -1)] * self.shape.layers
        return [bias + padding for bias in self.positions.biases(rows)]


def parameter_count(network: nn.Module) -> int:
    """The number of trained numbers."""
    return sum(parameter.numel() for parameter in network.parameters())


def _block(shape: MatcherShape, layer: int, kinds: Sequence[str]) -> MultiwayBlock:
    fuses = layer >= shape.layers - shape.fusion_layers
    return MultiwayBlock(
        shape.width,
        shape.heads,
        experts=(*kinds, TEXT, PAIR) if fuses else (*kinds, TEXT),
        attention=SelfAttention.SHARED if fuses else shape.attention,
        layer_scale=shape.layer_scale,
        drop_path=shape.drop_path * layer / max(1, shape.layers - 1),
        dropout=shape.dropout,
    )


def _clip_tokens(segments: Sequence[Segment]) -> tuple[slice, ...]:
    """Where the tokens of clips stand that are not [CLS]."""
    ends = list(accumulate(segment.size for segment in segments))
    return tuple(
        slice(end - segment.size + 1, end)
        for segment, end in zip(segments, ends, strict=True)
        if segment.expert != TEXT
    )


def padding_bias(real: Tensor) -> Tensor:
    """(B, S) → (B, 1, 1, S): −∞ where a key is padding."""
    return torch.zeros(real.shape, device=real.device).masked_fill(~real, -torch.inf)[:, None, None]


def with_cls(real: Tensor) -> Tensor:
    """Which tokens are real, with [CLS] before them: (B, R) → (B, 1 + R)."""
    return torch.cat([real.new_ones(len(real), 1), real], dim=1)


def _initialise(module: nn.Module, spread: float) -> None:
    """Truncated normal weights, zero biases, as in BEiT and VLMo."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.trunc_normal_(module.weight, std=spread)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
