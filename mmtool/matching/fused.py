"""The matcher of several sources of a clip, and its branches: each source alone with the text."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn

from mmtool.fusion_choices import Fusion
from mmtool.matching.blocks import CLIP, TEXT, PairAttention
from mmtool.matching.embeddings import ClipEmbedding, TextEmbedding
from mmtool.matching.fusion import LateFusion, SqueezeExcitation
from mmtool.matching.inputs import TextBatch
from mmtool.matching.model import Matcher, MatchingHead, padding_bias, with_cls
from mmtool.matching.rows import Segment
from mmtool.matching.shape import MatcherShape
from mmtool.matching.source_inputs import AnyBatch, SourcesBatch, of_several
from mmtool.matching.source_positions import SourcePositions, source_biases


class SourceHead(MatchingHead):
    """The heads of the branch of one source."""

    def __init__(self, shape: MatcherShape) -> None:
        super().__init__()
        self.make_head(shape, shape.width)


@dataclass(frozen=True, slots=True)
class _Read:
    """One pass of clips through the blocks.

    Attributes:
        first: (B, d): what is read of it.
        tokens: (B, R, d): the states of the clip's tokens, each source's [CLS] included; (B, 0, d) without
            a gate that attends to them.
        real: (B, R): which of them are real.
    """

    first: Tensor
    tokens: Tensor
    real: Tensor


class FusedMatcher(Matcher):
    """Reads several sources of a clip, and decides by all of them.

    Each source has its own map of features, type, [CLS], table of positions and, in each block, expert. With
    ``fusion=mid`` the tokens of all sources attend to each other, and the mean of their [CLS] is what is read
    of a clip. Otherwise each source passes the blocks alone, in a pair with the text, and what is read of all
    of them is concatenated.

    With ``shape.branches``, branch *m* decides by source *m* and the text alone, with heads of its own. Then
    the joint branch may be kept from seeing some sources: it has no tokens of them, and zeros in place of
    what is read of them.
    """

    seen: Tensor | None

    def make_inputs(self, shape: MatcherShape) -> None:
        every = range(len(shape.sources))
        self.source_embeddings = nn.ModuleList(ClipEmbedding(shape.of_source(number)) for number in every)
        self.text_embedding = TextEmbedding(shape)
        self.positions = None
        self.source_positions = SourcePositions(shape) if shape.relative else None

    def make_more(self, shape: MatcherShape) -> None:
        count = len(shape.sources)
        if shape.fusion is Fusion.SE:
            self.gates = nn.ModuleList(SqueezeExcitation(count - 1, shape.width) for _ in shape.sources)
        late = shape.fusion is not Fusion.MID
        self.clip_fusion = LateFusion(shape) if late else None
        self.pair_fusion = LateFusion(shape) if late else None
        self.branches = nn.ModuleList(SourceHead(shape) for _ in shape.sources if shape.branches)
        self.register_buffer("seen", torch.ones(count) if shape.branches else None)

    @property
    def clip_kinds(self) -> tuple[str, ...]:
        return tuple(map(_kind, range(len(self.shape.sources))))

    def head_of(self, branch: int) -> MatchingHead:
        return self if branch == self.joint else cast(SourceHead, self.branches[branch])

    def leave_out(self, numbers: Collection[int]) -> None:
        """Let the joint branch see all sources but these. This is part of the matcher's state."""
        if self.seen is None:
            raise ValueError("sources without heads cannot be left out")
        self.seen.copy_(torch.tensor([number not in numbers for number in range(self.joint)]))

    def visible(self, clips: AnyBatch) -> AnyBatch:
        """What of clips the joint branch sees: no tokens of sources that are left out."""
        several = of_several(clips)
        if self.seen is None:
            return several
        sources = zip(several.parts, self.seen.bool(), strict=True)
        return SourcesBatch(tuple(replace(part, real=part.real & seen) for part, seen in sources))

    def reached_by(self) -> dict[nn.Parameter, tuple[int, ...]]:
        """The numbers of the branches that learn each parameter."""
        every = tuple(range(self.joint + 1))
        found = {}
        for name, parameter in self.named_parameters():
            parts = name.split(".")
            if parts[0] == "branches":
                numbers: tuple[int, ...] = (int(parts[1]),)
            elif parts[0] == "source_embeddings":
                numbers = (int(parts[1]), self.joint)
            elif parts[:2] == ["source_positions", "sources"]:
                numbers = (int(parts[2]), self.joint)
            elif parts[0] == "blocks" and parts[3].startswith(CLIP):  # of attention, or an expert
                numbers = (int(parts[3].removeprefix(CLIP)), self.joint)
            elif parts[0] in ("blocks", "norm", "text_embedding") or parts[1:] == ["text"]:
                numbers = every
            else:
                numbers = (self.joint,)
            found[parameter] = numbers
        return found

    def embed_clips(self, clips: AnyBatch) -> Tensor:
        return self.clips_by_branch(clips, [self.joint])[0]

    def embed_texts(self, texts: TextBatch) -> Tensor:
        return self.texts_by_branch(texts, [self.joint])[0]

    def clips_by_branch(self, clips: AnyBatch, wanted: Sequence[int]) -> list[Tensor]:
        clips = of_several(clips)
        tokens = self._embedded(clips)
        alone = {number: self._pass(clips, tokens, [number]) for number in wanted if number != self.joint}
        return [
            self.clip_embedding_of(self._joint(clips, tokens, self.clip_fusion, known=alone))
            if number == self.joint
            else self.head_of(number).clip_embedding_of(alone[number].first)
            for number in wanted
        ]

    def texts_by_branch(self, texts: TextBatch, wanted: Sequence[int]) -> list[Tensor]:
        x = self.text_embedding(texts)
        padding, layers = padding_bias(texts.real), self.shape.layers
        biases = source_biases(self.source_positions, padding, x.shape[1], {}, layers)
        own = [Segment(TEXT, x.shape[1])]
        first = self.through(x, biases, own, real=texts.real, read=[0])[:, 0]
        return [self.head_of(number).text_embedding_of(first) for number in wanted]

    def match_pairs(
        self,
        clips: AnyBatch,
        texts: TextBatch,
        *,
        kept: Tensor | None = None,
        attention: PairAttention | None = None,
    ) -> Tensor:
        clips, text = of_several(clips), (self.text_embedding(texts), texts.real)
        tokens = self._embedded(clips, kept)
        return self.judge(self._joint(clips, tokens, self.pair_fusion, text, attention))

    def match_by_branch(
        self, clips: AnyBatch, texts: TextBatch, branch: int, attention: PairAttention | None = None
    ) -> Tensor:
        if branch == self.joint:
            return self.match_pairs(clips, texts, attention=attention)
        clips, text = of_several(clips), (self.text_embedding(texts), texts.real)
        tokens = {branch: cast(Tensor, self.source_embeddings[branch](clips.parts[branch]))}
        return self.head_of(branch).judge(self._pass(clips, tokens, [branch], text, attention).first)

    def _embedded(self, clips: SourcesBatch, kept: Tensor | None = None) -> dict[int, Tensor]:
        """The tokens (B, 1 + R, d) of each source as they enter the first block."""
        shares = [None] * self.joint if kept is None else list(torch.split(kept, clips.sizes, dim=1))
        modules = zip(self.source_embeddings, clips.parts, shares, strict=True)
        return {number: module(part, share) for number, (module, part, share) in enumerate(modules)}

    def _gated(self, clips: SourcesBatch, tokens: Mapping[int, Tensor]) -> dict[int, Tensor]:
        """The tokens of each source, their channels scaled by the others; [CLS] is left as it is."""
        inner = [(tokens[number][:, 1:], part.real) for number, part in enumerate(clips.parts)]
        return {
            number: torch.cat(
                [tokens[number][:, :1], gate(inner[number][0], inner[:number] + inner[number + 1 :])], dim=1
            )
            for number, gate in enumerate(self.gates)
        }

    def _joint(
        self,
        clips: SourcesBatch,
        tokens: Mapping[int, Tensor],
        fusion: LateFusion | None,
        text: tuple[Tensor, Tensor] | None = None,
        attention: PairAttention | None = None,
        known: Mapping[int, _Read] | None = None,
    ) -> Tensor:
        """What is read of all sources of clips or, with the embedded words of ``text``, of pairs.

        Args:
            clips: The clips.
            tokens: Their embedded tokens.
            fusion: What follows the blocks; None where all sources pass them together.
            text: The embedded words (B, W, d), and which are real (B, W).
            attention: Where attention is kept, if it is asked for.
            known: The passes of sources alone that were made already; of no use behind gates.
        """
        clips = of_several(self.visible(clips))
        if self.shape.fusion is Fusion.SE:
            tokens, known = self._gated(clips, tokens), {}
        every = range(self.joint)
        if fusion is None:
            return self._pass(clips, tokens, every, text, attention, self.seen).first
        known = known or {}
        read = [
            known[number] if number in known else self._pass(clips, tokens, [number], text, attention)
            for number in every
        ]
        seen = read[0].first.new_ones(self.joint) if self.seen is None else self.seen
        fused: Tensor = fusion(
            [one.first * own for one, own in zip(read, seen, strict=True)],
            [one.tokens for one in read],
            [one.real & own for one, own in zip(read, seen.bool(), strict=True)],
        )
        return fused

    def _pass(
        self,
        clips: SourcesBatch,
        tokens: Mapping[int, Tensor],
        numbers: Sequence[int],
        text: tuple[Tensor, Tensor] | None = None,
        attention: PairAttention | None = None,
        seen: Tensor | None = None,
    ) -> _Read:
        """Pass the tokens of some sources, with or without a text before them, through the blocks.

        Of sources that are not ``seen``, [CLS] is neither attended to nor read.
        """
        seen = torch.ones(len(numbers), device=clips.real.device) if seen is None else seen
        parts, sources = [tokens[number] for number in numbers], [clips.parts[number] for number in numbers]
        reals = [with_cls(source.real) & own for source, own in zip(sources, seen.bool(), strict=True)]
        own = [Segment(_kind(number), part.shape[1]) for number, part in zip(numbers, parts, strict=True)]
        starts = [sum(part.shape[1] for part in parts[:place]) for place in range(len(parts))]
        words, real = 0, torch.cat(reals, dim=1)
        if text is not None:
            words = text[0].shape[1]
            parts, reals, own = [text[0], *parts], [text[1], *reals], [Segment(TEXT, words), *own]
        cells = {number: source.cells for number, source in zip(numbers, sources, strict=True)}
        every, layers = torch.cat(reals, dim=1), self.shape.layers
        biases = source_biases(self.source_positions, padding_bias(every), words, cells, layers)
        places = [words + start for start, is_seen in zip(starts, seen.tolist(), strict=True) if is_seen]
        places = places if text is None else [0, *places]
        gated = self.shape.fusion is Fusion.NL  # by a gate that attends to all states
        x = torch.cat(parts, dim=1)
        states = self.through(x, biases, own, attention, real=every, read=None if gated else places)
        firsts = states[:, places] if gated else states
        first = firsts.mean(dim=1) if text is None else firsts[:, 1:].mean(dim=1)
        if text is not None:
            first = firsts[:, 0] * first if self.shape.product else firsts[:, 0]
        return _Read(first, states[:, words:] if gated else states[:, :0], real)


def _kind(number: int) -> str:
    """The kind of the tokens of a source, whose names may hold what the names of modules may not."""
    return f"{CLIP}{number}"


def make_matcher(shape: MatcherShape) -> Matcher:
    """The matcher of a shape."""
    return FusedMatcher(shape) if shape.sources else Matcher(shape)
