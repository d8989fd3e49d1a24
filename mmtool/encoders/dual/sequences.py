"""Clips as sequences of frames → unit vectors in a space that they share with snippets."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor

from mmtool.choices import Modality
from mmtool.encoders.batched import BatchedEncoder
from mmtool.encoders.contract import EncoderOptions, FrameSequence, Sampling, SequenceEncoder
from mmtool.encoders.dual.clip import dual_identity, unit
from mmtool.encoders.dual.clip_models import DualModel, Family, load_dual_model


@dataclass(frozen=True, slots=True)
class Sight:
    """What a model sees of a clip, and what comes of it.

    Attributes:
        length: The number of frames, which are spread evenly over the clip.
        side: Pixels of a side of the square that the model sees.
        dimension: That of its embeddings.
    """

    length: int
    side: int
    dimension: int


class DualSequenceEncoder(BatchedEncoder[FrameSequence], SequenceEncoder):
    """Base of the visual sides whose model was trained with sequences of frames."""

    reads = frozenset({"weights", "model"})
    family: ClassVar[str]
    models: ClassVar[Family]

    def __init__(self, options: EncoderOptions) -> None:
        """Load the model; see :func:`mmtool.encoders.dual.clip_models.load_dual_model` for errors."""
        super().__init__(options)
        loaded = load_dual_model(options, Modality.VIDEO, self.models)
        self._prepare, self._sight = loaded.images, self._sees(loaded)
        self._network = self._side(loaded.network.to(self._device, self._dtype))
        self.sampling = Sampling(self._sight.length, None, self._sight.side)
        self.identity = dual_identity(
            self.family,
            loaded,
            Modality.VIDEO,
            self._sight.dimension,
            options.precision,
            {"image_size": self._sight.side, "length": self._sight.length},
        )

    def _features(self, batch: Sequence[FrameSequence]) -> Tensor:
        return unit(self._embeddings(batch))

    def _side(self, network: Any) -> Any:
        """The part of the network that is used."""
        return network

    @abstractmethod
    def _sees(self, loaded: DualModel) -> Sight:
        """What the model sees of a clip."""

    @abstractmethod
    def _embeddings(self, batch: Sequence[FrameSequence]) -> Any:
        """The embeddings (b, D) of a batch, of any length."""
