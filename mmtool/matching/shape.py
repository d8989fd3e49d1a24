"""The shape of a matcher, and the published sizes by name (VLMo: Bao et al., NeurIPS 2022)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from mmtool.fusion_choices import Fusion
from mmtool.matcher_choices import ClipTokens, SelfAttention

MAX_WORDS = 40  # tokens of a snippet, [CLS] and [SEP] included
TEXT_OFFSETS = 196  # words apart for which relative positions are known, as in VLMo's pre-training on texts
PATCHES = 14  # of 16 × 16 pixels, on each side of a picture of 224 × 224
OF_SOURCES = ("sources", "fusion", "late_layers", "branches")  # fields of the shape


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceShape:
    """One of several sources of a clip: what its tokens are, their width, and the most frames of a clip."""

    clip_tokens: ClipTokens
    dimension: int
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MatcherShape:
    """Everything that determines a matcher's parameters.

    Attributes:
        layers: L, Multiway blocks.
        width: d, of every state.
        heads: Attention heads of a block.
        fusion_layers: F, the last blocks, which have an expert for pairs.
        attention: Whether clips and words share attention in the first L − F blocks.
        adds_contrast: Whether the log-odds of a pair add the logit of contrast, by which the negatives of
            matching are drawn; otherwise they are those of matching alone, as published.
        product: Whether matching is read off the product of the first tokens of text and clip (ViLBERT: Lu et
            al., NeurIPS 2019) instead of the text's alone, as published.
        relative: Whether attention knows how far apart frames, patches and words are; otherwise words and
            patches have absolute positions.
        layer_scale: First value of LayerScale; 0 leaves it out.
        spread: Standard deviation of first weights.
        drop_path: Stochastic depth of the last block; it grows linearly from 0 in the first.
        dropout: Of embeddings, attention and feed-forward layers.
        clip_tokens: What the tokens of a clip are.
        patches: Whether they are patches of pixels instead, as published.
        clip_dimension: Width of the features of a token, for several sources the sum of theirs; for patches,
            pixels of a patch times 3.
        grid: Rows and columns of patches, or 1 and the greatest number of frames in a clip.
        vocabulary: Rows of the table of words; 0 if words come as stored states.
        word_dimension: Width of stored states of words; 0 for words by number.
        max_words: Tokens of a snippet.
        sources: The sources of a clip where there are several; the matcher is then a
            :class:`~mmtool.matching.fused.FusedMatcher`, and the tokens and the grid of each are its own.
        fusion: How they are fused.
        late_layers: Fully connected layers over sources that are read alone.
        branches: Whether each source also has heads of its own.
    """

    layers: int = 2
    width: int = 128
    heads: int = 4
    fusion_layers: int = 1
    attention: SelfAttention = SelfAttention.SHARED
    adds_contrast: bool = False
    product: bool = False
    relative: bool = True
    layer_scale: float = 0.1
    spread: float = 0.02
    drop_path: float = 0.1
    dropout: float = 0.1
    clip_tokens: ClipTokens = ClipTokens.REGIONS
    patches: bool = False
    clip_dimension: int = 1024
    grid: tuple[int, int] = (1, 1)
    vocabulary: int = 0
    word_dimension: int = 0
    max_words: int = MAX_WORDS
    sources: tuple[SourceShape, ...] = ()
    fusion: Fusion = Fusion.LATE
    late_layers: int = 2
    branches: bool = False

    def of_source(self, number: int) -> "MatcherShape":
        """The shape of a matcher that reads one of the sources alone."""
        source = self.sources[number]
        return replace(
            self,
            clip_tokens=source.clip_tokens,
            clip_dimension=source.dimension,
            grid=(1, source.frames),
            sources=(),
        )

    @property
    def read_width(self) -> int:
        """The width of what the heads read of a clip or a pair."""
        unfused = self.sources and self.fusion is not Fusion.MID and self.late_layers == 0
        return self.width * len(self.sources) if unfused else self.width

    @property
    def map_layer(self) -> int:
        """The block whose attention explains a match: the last but one.

        A match is read off the first tokens after the last block, so that in the last block no other word's
        attention has an effect.
        """
        return self.layers - 2


SIZES: Mapping[str, MatcherShape] = MappingProxyType(
    {
        # From random weights and on hundreds of films, LayerScale and the small spread of the published sizes
        # keep embeddings from moving for tens of epochs, and a wider network takes longer without gain.
        # Without the product, matching stays at the loss of saying 1 in 3 even on four films.
        "small": MatcherShape(layer_scale=0.0, spread=0.08, adds_contrast=True, product=True),
        "base": MatcherShape(layers=12, width=768, heads=12, fusion_layers=2, dropout=0.0),
        "base-plus": MatcherShape(
            layers=24, width=544, heads=16, fusion_layers=3, dropout=0.0, relative=False, layer_scale=0.0
        ),
        "large": MatcherShape(layers=24, width=1024, heads=16, fusion_layers=3, dropout=0.0),
    }
)


def of_pictures(size: str, *, vocabulary: int) -> MatcherShape:
    """The shape as published, whose clips are pictures of 14 × 14 patches; for comparing parameter counts."""
    return replace(
        SIZES[size],
        patches=True,
        clip_dimension=3 * 16 * 16,
        grid=(PATCHES, PATCHES),
        vocabulary=vocabulary,
    )
