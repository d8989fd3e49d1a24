"""Which decoder aligns, and which settings it reads."""

from dataclasses import fields

from mmtool.decoders import DECODERS, Needs
from mmtool.errors import SettingError
from mmtool.formats.corpus import Corpus
from mmtool.settings.align import AlignSettings
from mmtool.settings.options import settings_of

EVERY_DECODERS = {  # settings that every decoder reads or accepts
    "split",
    "decoder",
    "batch_size",
    "device",
    "min_confidence",
    "require",
    "force",
    "pins",
    "text_start",
    "text_end",
}


def decoder_of(corpus: Corpus, settings: AlignSettings) -> str:
    """The name of the decoder that fits the settings and the run.

    Raises:
        SettingError: The decoder lacks what it needs, or does not read a setting that was changed.
    """
    by_timing = not settings.run or corpus.timing(settings.run).exists()
    name = settings.decoder or ("semi-markov" if by_timing else "greedy")
    decoder = DECODERS.load(name)
    if decoder.needs is Needs.NETWORK and by_timing:
        raise SettingError("decoder", f"{name} needs a network; name its run with `run`")
    has_video, has_text = settings.video != "", settings.text != ""
    if decoder.needs is Needs.FEATURES and not (has_video and has_text) and not settings.scores:
        problem = f"{name} compares features; name them with `video` and `text`, or name `scores`"
        raise SettingError("decoder", problem)
    for field in fields(AlignSettings):
        changed = getattr(settings, field.name) != settings_of(AlignSettings)[field.name].default
        if changed and field.name not in EVERY_DECODERS | decoder.settings_read:
            raise SettingError(field.name, f"has no effect with `decoder={name}`; leave it out")
    if decoder.needs is Needs.NOTHING and has_video != has_text:
        one, other = ("video", "text") if has_video else ("text", "video")
        raise SettingError(one, f"features are compared with `{other}` features; name both")
    return name
