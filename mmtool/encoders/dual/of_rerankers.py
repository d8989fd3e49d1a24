"""The dual encoders of rerankers that have one, BLIP and BLIP-2, as encoders of frames and of snippets."""

from collections.abc import Sequence
from typing import ClassVar

from mmtool.choices import Modality
from mmtool.encoders.contract import (
    EncodedFrames,
    EncoderIdentity,
    EncoderOptions,
    EncoderPair,
    Features,
    Frame,
    FrameEncoder,
    TextEncoder,
)
from mmtool.encoders.rerankers.contract import RerankerOptions
from mmtool.encoders.rerankers.embedding_matcher import EmbeddingMatcher
from mmtool.encoders.rerankers.registry import load_reranker

VECTORS = "vectors"  # the setting that says how many vectors a feature of BLIP-2 is made of


class _OfReranker:
    kind: ClassVar[str]
    modality: ClassVar[Modality]
    reads = frozenset({"model"})

    def __init__(self, options: EncoderOptions) -> None:
        """Load the model; raises InputError."""
        self.device = options.device
        matcher = load_reranker(
            self.kind,
            RerankerOptions(
                model=options.model,
                enc_token=False,  # only pairs begin with it
                batch_size=options.batch_size,
                precision=options.precision,
                device=options.device,
                setting=f"{self.modality}_model",
            ),
        )
        if not isinstance(matcher, EmbeddingMatcher):
            raise TypeError(f"{self.kind} has no dual encoder")
        self._matcher = matcher
        self.identity = _identity(matcher, self.modality)


class _Frames(_OfReranker, FrameEncoder):
    modality = Modality.VIDEO

    def encode(self, frames: Sequence[Frame]) -> EncodedFrames:
        """Encode ``B`` RGB frames (H, W, 3), uint8, to features (B, D), which have any length."""
        return EncodedFrames(self._matcher.frame_features(frames))


class _Texts(_OfReranker, TextEncoder):
    modality = Modality.TEXT

    def encode(self, texts: Sequence[str]) -> Features:
        """Encode M snippets to features (M, D) of unit length."""
        read = self._matcher.texts(texts)
        self.truncated += read.truncated
        return read.embeddings

    def unknown(self, texts: Sequence[str]) -> Features:
        return self._matcher.texts(texts).unknown


class BlipFrameEncoder(_Frames):
    """The image embeddings of BLIP for image–text retrieval."""

    kind = "blip"


class BlipTextEncoder(_Texts):
    """The text embeddings of BLIP for image–text retrieval."""

    kind = "blip"


class Blip2FrameEncoder(_Frames):
    """The image embeddings of BLIP-2: one vector for each query, one after the other."""

    kind = "blip2"


class Blip2TextEncoder(_Texts):
    """The text embeddings of BLIP-2; each is compared with all vectors of a frame."""

    kind = "blip2"


BLIP = EncoderPair(BlipFrameEncoder, BlipTextEncoder)
BLIP2 = EncoderPair(Blip2FrameEncoder, Blip2TextEncoder)


def _identity(matcher: EmbeddingMatcher, modality: Modality) -> EncoderIdentity:
    of_pairs = matcher.identity
    left_out = {"enc_token"} | ({"max_tokens"} if modality is Modality.VIDEO else set())
    settings = {name: value for name, value in of_pairs.settings.items() if name not in left_out}
    if modality is Modality.VIDEO and matcher.vectors > 1:
        settings[VECTORS] = matcher.vectors
    dimension = of_pairs.dimension
    return EncoderIdentity(
        name=f"{matcher.name}-{modality}",
        model=of_pairs.model,
        weights=of_pairs.weights,
        dimension=dimension if modality is Modality.VIDEO else dimension // matcher.vectors,
        settings=settings,
    )
