"""What is said in clips → features in the space of the snippets' features."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmtool.encoders.contract import EncoderOptions, Features, SpeechEncoder, TextEncoder


class SpokenEncoder(SpeechEncoder):
    """Encodes what is said in each clip as the encoder of texts encodes a snippet.

    A clip in which nothing is said has zeros, which are equally similar to every snippet.
    """

    runs_on_mps = True  # the encoder of texts decides

    def __init__(self, options: EncoderOptions, text: TextEncoder) -> None:
        super().__init__(options, text)
        self.identity = replace(
            text.identity, name="spoken", settings=text.identity.settings | {"encoder": text.identity.name}
        )

    def encode(self, said: Sequence[str]) -> Features:
        features = np.zeros((len(said), self.identity.dimension), np.float32)
        speaking = [number for number, words in enumerate(said) if words]
        if speaking:
            features[speaking] = self.text.encode([said[number] for number in speaking])
        return features
