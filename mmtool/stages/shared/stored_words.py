"""Stored states of words as what a matcher reads of snippets."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mmtool.choices import Modality, Pooling
from mmtool.encoders.contract import EncoderOptions, KeepsWords
from mmtool.encoders.registry import text_encoder_class
from mmtool.encoders.weights import RANDOM
from mmtool.errors import InputError, SettingError
from mmtool.features.joined import open_joined
from mmtool.formats.corpus import Corpus
from mmtool.formats.features import open_features
from mmtool.formats.word_states import KEEP, STATES, read_words
from mmtool.matching.inputs import Words

SHOWN = 40  # letters of a snippet in a message


class StoredWords:
    """The states of the words of snippets, as a features file stores them.

    A text that the file does not have is encoded by the file's own encoder, if that can be loaded.

    Attributes:
        size: No table of words is needed.
        mask: What masked words consist of.
        dimension: Width of the states.
        digest: Identifies the encoder.
    """

    size, mask = 0, 0

    def __init__(self, corpus: Corpus, name: str, *, model: str, max_words: int) -> None:
        """Open the features of snippets.

        Args:
            corpus: The corpus.
            name: The name of the features.
            model: Name or folder of the encoder's model; empty for its default.
            max_words: Most words of a snippet that are read, special ones included.

        Raises:
            InputError: The features are missing or damaged, or store no words.
        """
        self._path, self._model, self._max_words = corpus.features(name), model, max_words
        with open_joined(corpus, name, Modality.TEXT) as features:
            if len(features.files) > 1:
                problem = "is joined to others, of which a matcher cannot read words"
                raise InputError(self._path, problem, "name the features of one encoder with `word_states`")
            file = features.files[0]
            (self._identity,) = file.header.sources
            self.digest, self.dimension = file.header.digest, self._identity.dimension
            self._places: dict[str, tuple[str, int]] = {}
            for id in file.ids():
                shape = file.array_shape(id, STATES)
                if shape is None:
                    raise InputError(self._path, f"stores no words of {id!r}", KEEP)
                if len(shape) != 3 or shape[2] != self.dimension:
                    problem = f"stores words of {id!r} in another form than (M, W, {self.dimension})"
                    raise InputError(self._path, problem, "run `mmtool extract --keep-words --force`")
                for place, text in enumerate(file.read(id).snippets or []):
                    self._places.setdefault(text, (id, place))
        self._names: dict[bytes, list[str]] = {}

    def rows(self, texts: Sequence[str]) -> tuple[list[NDArray[np.float32]], int]:
        """The states (W, D) of each text, and how many texts were cut."""
        with open_features(self._path) as file:
            found = [
                read_words(file, *self._places[text]) if text in self._places else self._encoded(text)
                for text in texts
            ]
        cut = [self._cut(*each) for each in found]
        for states, names in cut:
            self._names[states.tobytes()] = names
        return [states for states, _ in cut], sum(len(states) > self._max_words for states, _ in found)

    def _cut(self, states: NDArray[np.float32], names: list[str]) -> tuple[NDArray[np.float32], list[str]]:
        if len(states) <= self._max_words:
            return states, names
        kept = [*range(self._max_words - 1), len(states) - 1]
        return states[kept], [names[place] for place in kept]

    def _encoded(self, text: str) -> tuple[NDArray[np.float32], list[str]]:
        problem = f"stores no words of {text[:SHOWN]!r}"
        try:
            encoder = self._encoder
        except (InputError, SettingError) as error:
            raise InputError(
                self._path,
                f"{problem}, and its encoder {self._identity.name} ({self._identity.model}) cannot be loaded",
                self._remedy,
            ) from error
        if encoder is None:
            raise InputError(
                self._path,
                f"{problem}, and {self._model or self._identity.name} is not the model that wrote the others",
                self._remedy,
            )
        return encoder.word_states(text)

    @property
    def _remedy(self) -> str:
        command = f"mmtool train --preset multiway --word-states {self._path.stem} --words MODEL"
        return f"name its model in training (`{command}`), or use stored snippets"

    @cached_property
    def _encoder(self) -> KeepsWords | None:
        """The encoder of the file; None where another one has its name now."""
        random, _, seed = self._identity.weights.partition(":")
        options = EncoderOptions(self._identity.name, model=self._model or None, device="cpu")
        if pooling := self._identity.settings.get("pooling"):
            options = replace(options, pooling=Pooling(str(pooling)))
        if random == RANDOM:
            options = replace(options, weights=RANDOM, seed=int(seed))
        encoder = text_encoder_class(self._identity.name)(options)
        if not isinstance(encoder, KeepsWords) or encoder.identity != self._identity:
            return None
        return encoder

    def names(self, row: Words) -> list[str]:
        """The words of a row that :meth:`rows` has returned."""
        return self._names[np.asarray(row, np.float32).tobytes()]

    def unknown(self, row: Words) -> float:  # noqa: ARG002
        """The encoder has read all words."""
        return 0.0

    def content(self) -> NDArray[np.bool_]:
        """Words have no numbers by which they could be told apart."""
        return np.zeros(0, bool)
