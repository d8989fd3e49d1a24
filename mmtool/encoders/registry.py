"""The table of encoders: the package's own, and those of other packages.

A row is a subclass of :class:`~mmtool.encoders.contract.FrameEncoder`,
:class:`~mmtool.encoders.contract.IntervalEncoder` or :class:`~mmtool.encoders.contract.TextEncoder`, or an
:class:`~mmtool.encoders.contract.EncoderPair` of one for clips and one for snippets. Other packages add rows
through entry points of the group ``mmtool.encoders``. Video encoders also include each classifier of
``torchvision.models`` and ``torchvision.models.video``, by its name. A row's libraries are imported only when
it is chosen.
"""

from difflib import get_close_matches
from typing import Any

from mmtool.choices import Modality
from mmtool.encoders.contract import (
    EncoderOptions,
    EncoderPair,
    FrameEncoder,
    IntervalEncoder,
    SequenceEncoder,
    SoundEncoder,
    SpeechEncoder,
    TextEncoder,
    VideoClass,
    VideoEncoder,
)
from mmtool.errors import SettingError
from mmtool.model_names import TEXT_ENCODERS, VIDEO_ENCODERS
from mmtool.plugins import Registry

GROUP = "mmtool.encoders"
BUILT_IN = {
    "faster-rcnn-resnet50": "mmtool.encoders.faster_rcnn.encoder:FasterRcnnEncoder",
    "faster-rcnn-mobilenet": "mmtool.encoders.faster_rcnn.encoder:FasterRcnnEncoder",
    "faster-rcnn-vg": "mmtool.encoders.visual_genome.encoder:VisualGenomeDetector",
    "lxmert": "mmtool.encoders.dual.lxmert:LXMERT",
    "clip": "mmtool.encoders.dual.clip:CLIP",
    "motion": "mmtool.encoders.motion.encoder:MotionEncoder",
    "audio": "mmtool.encoders.sound.statistics:AudioEncoder",
    "siglip2": "mmtool.encoders.dual.siglip2:SIGLIP2",
    "xclip": "mmtool.encoders.dual.xclip:XCLIP",
    "videoprism": "mmtool.encoders.dual.videoprism:VIDEOPRISM",
    "clap": "mmtool.encoders.dual.clap:CLAP",
    "pe-av": "mmtool.encoders.dual.pe_av:PE_AV",
    "pe-av-sound": "mmtool.encoders.dual.pe_av:PE_AV_SOUND",
    "blip": "mmtool.encoders.dual.of_rerankers:BLIP",
    "blip2": "mmtool.encoders.dual.of_rerankers:BLIP2",
    "dino": "mmtool.encoders.pretrained.pictures:DinoEncoder",
    "vjepa2": "mmtool.encoders.pretrained.videos:VjepaEncoder",
    "sound": "mmtool.encoders.pretrained.sounds:SoundNetworkEncoder",
    "timing": "mmtool.encoders.counting.timing:TimingEncoder",
    "spoken": "mmtool.encoders.spoken:SpokenEncoder",
    "bert": "mmtool.encoders.tokens.bert:BertEncoder",
    "sentence": "mmtool.encoders.tokens.sentence:SentenceEncoder",
    "length": "mmtool.encoders.counting.length:LengthEncoder",
}
BUILT_IN_NAMES = {Modality.VIDEO: VIDEO_ENCODERS, Modality.TEXT: TEXT_ENCODERS}
BASES: dict[Modality, tuple[type, ...]] = {
    Modality.VIDEO: (FrameEncoder, SequenceEncoder, SoundEncoder, IntervalEncoder, SpeechEncoder),
    Modality.TEXT: (TextEncoder,),
}


def _encodes(loaded: object, *modalities: Modality) -> bool:
    return isinstance(loaded, type) and any(issubclass(loaded, BASES[modality]) for modality in modalities)


def _is_row(loaded: object) -> bool:
    if isinstance(loaded, EncoderPair):
        return _encodes(loaded.video, Modality.VIDEO) and _encodes(loaded.text, Modality.TEXT)
    return _encodes(loaded, *Modality)


ENCODERS: dict[Modality, Registry[Any]] = {  # one table; errors name the setting of the modality
    modality: Registry(
        GROUP, f"{modality}_encoder", BUILT_IN, expected="an encoder class or an EncoderPair", accepts=_is_row
    )
    for modality in Modality
}


def encoder_names(modality: Modality) -> list[str]:
    """The built-in encoders of a modality, then the names of plug-ins, whatever they encode.

    Nothing is loaded, so the modality of plug-ins is unknown here.
    """
    plugins = [name for name in ENCODERS[modality].names() if name not in BUILT_IN]
    return [*BUILT_IN_NAMES[modality], *plugins]


def video_encoder_class(name: str) -> VideoClass:
    """The class of a video encoder; raises SettingError for an unknown name or a text encoder."""
    if name not in ENCODERS[Modality.VIDEO]:
        return _classifier_class(name)
    found: VideoClass = _side(name, Modality.VIDEO)
    return found


def text_encoder_class(name: str) -> type[TextEncoder]:
    """The class of a text encoder; raises SettingError for an unknown name or a video encoder."""
    if name not in ENCODERS[Modality.TEXT]:
        raise _unknown(name, Modality.TEXT, encoder_names(Modality.TEXT))
    found: type[TextEncoder] = _side(name, Modality.TEXT)
    return found


def load_video_encoder(options: EncoderOptions) -> VideoEncoder:
    """Make the encoder ``options.name``; raises SettingError for its name, InputError for its weights."""
    encoder = video_encoder_class(options.name)
    if issubclass(encoder, SpeechEncoder):
        raise SettingError("video_encoder", f"{options.name} needs an encoder of texts")
    return encoder(options)


def load_text_encoder(options: EncoderOptions) -> TextEncoder:
    """Make the encoder ``options.name``; raises SettingError for its name, InputError for its weights."""
    return text_encoder_class(options.name)(options)


def _side(name: str, modality: Modality) -> Any:
    """The class that a row has for a modality."""
    row = ENCODERS[modality].load(name)
    found = getattr(row, modality) if isinstance(row, EncoderPair) else row
    if not _encodes(found, modality):
        encodes = "snippets, not clips" if modality is Modality.VIDEO else "clips, not snippets"
        raise SettingError(f"{modality}_encoder", f"cannot be {name}, which encodes {encodes}")
    return found


def _classifier_class(name: str) -> type[FrameEncoder] | type[SequenceEncoder]:
    from mmtool.encoders.classifiers.encoder import (
        ClassifierEncoder,
        classifier_names,
        video_network_names,
    )

    videos = video_network_names()
    if name in videos:
        from mmtool.encoders.classifiers.videos import VideoNetworkEncoder

        return VideoNetworkEncoder
    known = [*classifier_names(), *videos]
    if name not in known:
        raise _unknown(name, Modality.VIDEO, [*encoder_names(Modality.VIDEO), *known])
    return ClassifierEncoder


def _unknown(name: str, modality: Modality, known: list[str]) -> SettingError:
    close = get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {close[0]}?" if close else "see `mmtool extract --help`"
    return SettingError(f"{modality}_encoder", f"cannot be {name}: no encoder has this name; {hint}")
