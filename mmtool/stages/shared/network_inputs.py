"""What the network reads of one modality, in training and in alignment."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mmtool.choices import Inputs, Modality
from mmtool.errors import CallError, InputError
from mmtool.features.joined import PROJECTED, JoinedFeatures, open_joined
from mmtool.features.projection import FeatureTransform, fit_transform
from mmtool.formats.checkpoints import CheckpointInput
from mmtool.formats.corpus import Corpus
from mmtool.records import Clip


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """Open features, and the transform that turns them into what the network reads."""

    name: str
    features: JoinedFeatures
    projection: str
    transform: FeatureTransform
    projected: bool  # the numbers in the file have already been transformed

    def check_clips(self, id: str, clips: list[Clip]) -> None:
        """Raise InputError if the features belong to other clips."""
        self.features.check_clips(id, clips)

    def recipe(self, id: str) -> str:
        """Changes with the features of an id."""
        return self.features.recipe(id)

    def read(self, id: str) -> NDArray[np.float32]:
        """The features (N, P) of one id; raises InputError where they are not as wide as all others."""
        features = np.concatenate(self.features.parts(id), axis=1)
        wanted = self.transform.output_dimension if self.projected else self.transform.dimension
        if features.shape[1] != wanted:
            raise InputError(
                self.features.files[0].path,
                f"the features of {id!r} have {features.shape[1]} dimensions, not {wanted}",
                "run `mmtool extract --force` (and `mmtool project --force`)",
            )
        return features if self.projected else self.transform.apply(features)

    def for_checkpoint(self) -> CheckpointInput:
        arrays = {name: torch.from_numpy(array) for name, array in self.transform.to_arrays().items()}
        return CheckpointInput(self.name, self.features.header.sources, self.projection, arrays)


@contextmanager
def open_for_training(
    corpus: Corpus, modality: Modality, name: str, inputs: Inputs, train: Sequence[str]
) -> Iterator[NetworkInput]:
    """Open projected features (``rp``), or full features, whose normalisation is fitted here (``full``)."""
    if inputs is Inputs.FULL:
        with open_joined(corpus, name, modality) as features:
            transform = fit_transform([features.parts(id) for id in train], projected=None, seed=0)
            yield NetworkInput(name, features, "", transform, projected=False)
        return
    path = corpus.features(name + PROJECTED)
    if not path.exists():
        raise InputError(
            path, "no such projected features", f"run `mmtool project --{modality} {name}` first"
        )
    with open_joined(corpus, name + PROJECTED, modality) as features:
        transform = _stored_transform(features)
        yield NetworkInput(name, features, features.header.projection, transform, projected=True)


@contextmanager
def open_for_checkpoint(
    corpus: Corpus, modality: Modality, given: CheckpointInput, name: str
) -> Iterator[NetworkInput]:
    """Open the features ``name`` (or those that the checkpoint was trained with).

    Original features pass through the checkpoint's transform; projected ones must come from the same
    transform. Raises CallError for features of another encoder or projection.
    """
    transform = FeatureTransform.from_arrays({key: value.numpy() for key, value in given.transform.items()})
    with open_joined(corpus, name or given.name, modality) as features:
        header, path = features.header, features.files[0].path
        if header.sources != given.sources:
            wanted = " + ".join(
                f"{source.name} ({source.model}, weights {source.weights})" for source in given.sources
            )
            raise CallError(f"{path}: holds {header.describe()}, but the run was trained on {wanted}")
        if header.projection:
            stored = _stored_transform(features).to_arrays()
            if header.projection != given.projection or not _equal(stored, transform.to_arrays()):
                raise CallError(
                    f"{path}: its projection ({header.projection}) is not the run's "
                    f"({given.projection or 'none'}); name the original features with `{modality}`"
                )
        yield NetworkInput(
            given.name, features, given.projection, transform, projected=bool(header.projection)
        )


def _stored_transform(features: JoinedFeatures) -> FeatureTransform:
    file = features.files[0]
    try:
        return FeatureTransform.from_arrays(file.transform())
    except KeyError as error:
        raise InputError(
            file.path, "does not contain a projection", "make it again with `mmtool project --force`"
        ) from error


def _equal(left: dict[str, NDArray[np.generic]], right: dict[str, NDArray[np.generic]]) -> bool:
    return left.keys() == right.keys() and all(np.array_equal(left[key], right[key]) for key in left)
