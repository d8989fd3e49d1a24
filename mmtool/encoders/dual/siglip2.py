"""SigLIP 2 (Tschannen et al., 2025): like CLIP, in many languages; of fixed resolution, or NaFlex."""

from dataclasses import replace

from mmtool.encoders.contract import EncoderOptions, EncoderPair
from mmtool.encoders.dual.clip import ClipFrameEncoder, ClipTextEncoder

PUBLISHED = "google/siglip2-base-patch16-224"


class Siglip2FrameEncoder(ClipFrameEncoder):
    """The image embeddings of SigLIP 2."""

    family = "siglip2"

    def __init__(self, options: EncoderOptions) -> None:
        """Load the model; see :func:`mmtool.encoders.dual.clip_models.load_dual_model` for errors."""
        super().__init__(replace(options, model=options.model or PUBLISHED))


class Siglip2TextEncoder(ClipTextEncoder):
    """The text embeddings of SigLIP 2."""

    family = "siglip2"

    def __init__(self, options: EncoderOptions) -> None:
        """Load the model; see :func:`mmtool.encoders.dual.clip_models.load_dual_model` for errors."""
        super().__init__(replace(options, model=options.model or PUBLISHED))


SIGLIP2 = EncoderPair(Siglip2FrameEncoder, Siglip2TextEncoder)
