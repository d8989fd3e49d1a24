"""Which dual encoder a name, a model of the hub or a local folder stands for."""

from pathlib import Path

from mmtool.choices import Modality
from mmtool.encoders.contract import EncoderPair
from mmtool.encoders.registry import BUILT_IN, ENCODERS
from mmtool.encoders.rerankers.models import model_type
from mmtool.errors import SettingError
from mmtool.model_names import RERANKERS

OF_TYPE = {
    "siglip2": "siglip2",
    "blip": "blip",
    "blip-2": "blip2",
    "xclip": "xclip",
    "videoprism": "videoprism",
    "clap": "clap",
    "pe_audio_video": "pe-av",
}
CLIP = "clip"  # and whatever else has two towers


def dual_kind(encoder: str) -> tuple[str, str | None]:
    """The name of the encoder, and the model that it loads; None for its published one.

    Raises SettingError for a name that is not an encoder of both clips and snippets, InputError for a model
    that cannot be read.
    """
    if encoder in ENCODERS[Modality.VIDEO]:
        if not isinstance(ENCODERS[Modality.VIDEO].load(encoder), EncoderPair):
            raise SettingError(
                "encoder", f"cannot be {encoder}, which does not encode both clips and snippets"
            )
        return encoder, None
    if "/" not in encoder and not Path(encoder).is_dir():
        hint = f"name one of {', '.join(_pairs())}, or a folder"
        if encoder in RERANKERS:
            hint = f"it reranks what another finds: use `reranker={encoder}`"
        raise SettingError("encoder", f"cannot be {encoder}: no dual encoder has this name; {hint}")
    return OF_TYPE.get(model_type(encoder, setting="encoder"), CLIP), encoder


def _pairs() -> list[str]:
    return [name for name, home in BUILT_IN.items() if home.rpartition(":")[2].isupper() and name != "lxmert"]
