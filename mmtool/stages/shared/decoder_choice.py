"""Which decoder aligns, and which options it reads."""

from mmtool.choices import CheckpointChoice, Decoder, TimingPath
from mmtool.errors import CallError
from mmtool.formats.corpus import Corpus
from mmtool.settings.align import AlignSettings
from mmtool.settings.run_names import BY_SIMILARITY, WITHOUT_RUN


def decoder_of(corpus: Corpus, settings: AlignSettings) -> Decoder:
    """Return the decoder that fits the run; raises CallError for options that mean nothing to it."""
    timing = not settings.run or corpus.timing(settings.run).exists()
    decoder = settings.decoder or (Decoder.SEMI_MARKOV if timing else Decoder.GREEDY)
    if decoder not in WITHOUT_RUN and timing:
        raise CallError(f"--decoder {decoder}: needs a network; name its run with --run")
    features = settings.video != "", settings.text != ""
    if decoder in BY_SIMILARITY and not all(features):
        raise CallError(f"--decoder {decoder}: compares features; name them with --video and --text")
    if decoder is Decoder.SEMI_MARKOV and any(features) and not all(features):
        one, other = ("video", "text") if features[0] else ("text", "video")
        raise CallError(f"--{one}: is compared with --{other}; name both")
    of_timing, of_network = {Decoder.SEMI_MARKOV}, {Decoder.GREEDY, Decoder.BEAM}
    options = {  # whether given, and which decoders read it
        "run": (settings.run != "", of_timing | of_network),
        "path": (settings.path is not TimingPath.MINIMUM_RISK, of_timing),
        "text-start": (settings.text_start is not None, of_timing),
        "text-end": (settings.text_end is not None, of_timing),
        "any-space": (settings.any_space, WITHOUT_RUN),
        "checkpoint": (settings.checkpoint is not CheckpointChoice.AUTO, of_network),
        "timing-weight": (settings.timing_weight is not None, of_network),
        "beam-width": (settings.beam_width != AlignSettings().beam_width, {Decoder.BEAM}),
        "unmatched-score": (settings.unmatched_score != 0, {Decoder.MONOTONE}),
        "unused-cost": (settings.unused_cost != 0, {Decoder.MONOTONE}),
    }
    for option, (given, readers) in options.items():
        if given and decoder not in readers:
            raise CallError(f"--{option}: means nothing to the {decoder} decoder; leave it out")
    return decoder
