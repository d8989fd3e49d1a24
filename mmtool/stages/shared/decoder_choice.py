"""Which decoder aligns, and which options it reads."""

from collections.abc import Collection

from mmtool.choices import Decoder
from mmtool.errors import SettingError
from mmtool.formats.corpus import Corpus
from mmtool.settings.align import AlignSettings
from mmtool.settings.options import settings_of
from mmtool.settings.run_names import BY_SIMILARITY, WITHOUT_RUN

TIMING, NETWORK = {Decoder.SEMI_MARKOV}, {Decoder.GREEDY, Decoder.BEAM}
READERS: dict[str, Collection[Decoder]] = {  # the decoders that read a setting, where not all do
    "run": TIMING | NETWORK,
    "path": TIMING,
    "text_start": TIMING,
    "text_end": TIMING,
    "any_space": WITHOUT_RUN,
    "checkpoint": NETWORK,
    "timing_weight": NETWORK,
    "beam_width": {Decoder.BEAM},
    "unmatched_score": {Decoder.MONOTONE},
    "unused_cost": {Decoder.MONOTONE},
}


def decoder_of(corpus: Corpus, settings: AlignSettings) -> Decoder:
    """Return the decoder that fits the run; raises SettingError for settings that it does not read."""
    by_timing = not settings.run or corpus.timing(settings.run).exists()
    decoder = settings.decoder or (Decoder.SEMI_MARKOV if by_timing else Decoder.GREEDY)
    if decoder not in WITHOUT_RUN and by_timing:
        raise SettingError("decoder", f"{decoder} needs a network; name its run with `run`")
    has_video, has_text = settings.video != "", settings.text != ""
    if decoder in BY_SIMILARITY and not (has_video and has_text):
        raise SettingError("decoder", f"{decoder} compares features; name them with `video` and `text`")
    if decoder is Decoder.SEMI_MARKOV and has_video != has_text:
        one, other = ("video", "text") if has_video else ("text", "video")
        raise SettingError(one, f"features are compared with `{other}` features; name both")
    for name, readers in READERS.items():
        if getattr(settings, name) != settings_of(AlignSettings)[name].default and decoder not in readers:
            raise SettingError(name, f"has no effect with `decoder={decoder}`; leave it out")
    return decoder
