"""CLAP (Wu et al., ICASSP 2023) with its text side: the sound of clips, and snippets, in one space."""

from mmtool.choices import Modality
from mmtool.encoders.contract import EncoderOptions, EncoderPair
from mmtool.encoders.dual.clip import ClipTextEncoder, dual_identity
from mmtool.encoders.dual.clip_models import Family, load_dual_model
from mmtool.encoders.pretrained.loading import Pretrained
from mmtool.encoders.pretrained.sounds import SoundNetworkEncoder

CLAP_FAMILY = Family(
    title="a CLAP model",
    published="laion/clap-htsat-unfused",
    config="ClapConfig",
    images="ClapFeatureExtractor",
    type="clap",
    loads="AutoFeatureExtractor",
    arguments=lambda _: {},
)


class ClapSoundEncoder(SoundNetworkEncoder):
    """CLAP's embedding of sound, as ``sound`` gives it, in a space that it shares with snippets."""

    def __init__(self, options: EncoderOptions) -> None:
        """Load the model; see :func:`mmtool.encoders.dual.clip_models.load_dual_model` for errors."""
        loaded = load_dual_model(options, Modality.VIDEO, CLAP_FAMILY)
        self._set_up(options, Pretrained(loaded.network, loaded.images, loaded.weights))
        heard = {name: self.identity.settings[name] for name in ("rate", "longest")}
        self.identity = dual_identity(
            "clap", loaded, Modality.VIDEO, self.identity.dimension, options.precision, heard
        )


class ClapTextEncoder(ClipTextEncoder):
    """The text embeddings of CLAP."""

    family = "clap"
    models = CLAP_FAMILY
    runs_on_mps = False


CLAP = EncoderPair(ClapSoundEncoder, ClapTextEncoder)
