"""What a network reads of several sources of a clip, side by side, in training and in alignment."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.choices import Inputs, Modality
from mmtool.errors import InputError, SettingError
from mmtool.features.joined import PROJECTED, open_joined
from mmtool.formats.checkpoints import Checkpoint, CheckpointInput
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.fusion_choices import Missing
from mmtool.records import Clip
from mmtool.settings.modalities import names_of
from mmtool.stages.shared.network_inputs import NetworkInput, open_for_checkpoint, open_for_training

NAMED = 5  # films in a message


@dataclass(frozen=True, slots=True)
class SeveralInputs:
    """The open features of each source, whose rows belong to the same clips."""

    names: tuple[str, ...]
    parts: tuple[NetworkInput, ...]
    missing: Missing

    @property
    def widths(self) -> tuple[int, ...]:
        """The columns of each source."""
        return tuple(part.transform.output_dimension for part in self.parts)

    def _present(self, id: str) -> list[bool]:
        """Which sources have features of a film; raises InputError if it lacks one that must be there."""
        present = [id in part.features for part in self.parts]
        if all(present) or (any(present) and self.missing is Missing.ZERO):
            return present
        absent = [name for name, there in zip(self.names, present, strict=True) if not there]
        path = self.parts[present.index(False)].features.files[0].path
        remedy = "run `mmtool extract` (and `mmtool project`) for it"
        if any(present):
            remedy += ", or train with `missing=zero`"
        raise InputError(path, f"has no features of {id!r} (missing: {', '.join(absent)})", remedy)

    def check_clips(self, id: str, clips: list[Clip]) -> None:
        """Raise InputError if the features of a source belong to other clips, or are missing."""
        for part, there in zip(self.parts, self._present(id), strict=True):
            if there:
                part.check_clips(id, clips)

    def recipe(self, id: str) -> str:
        return digest_json([part.recipe(id) for part in self.parts])

    def read(self, id: str) -> NDArray[np.float32]:
        """The features (N, P₁ + P₂ + …) of one film; zeros for a source that it lacks."""
        present = self._present(id)
        found = [part.read(id) if there else None for part, there in zip(self.parts, present, strict=True)]
        rows = next(len(features) for features in found if features is not None)
        return np.concatenate(
            [
                np.zeros((rows, width), np.float32) if features is None else features
                for features, width in zip(found, self.widths, strict=True)
            ],
            axis=1,
        )

    def for_checkpoint(self) -> CheckpointInput:
        parts = tuple(part.for_checkpoint() for part in self.parts)
        sources = tuple(source for part in parts for source in part.sources)
        projection = "; ".join(dict.fromkeys(part.projection for part in parts))
        return CheckpointInput(",".join(self.names), sources, projection, {}, parts)


VideoInput = NetworkInput | SeveralInputs


@contextmanager
def open_clips_for_training(
    corpus: Corpus,
    names: tuple[str, ...],
    inputs: Inputs,
    missing: Missing,
    train: Sequence[str],
    others: Sequence[str],
) -> Iterator[SeveralInputs]:
    """Open the features of each modality; raises InputError that names all films that lack one.

    With ``missing=zero``, a modality that some films lack is normalised by those that have it.
    """
    with ExitStack() as stack:
        parts = []
        for name in names:
            there = _ids_with(corpus, name + (PROJECTED if inputs is Inputs.RP else ""), inputs)
            absent = [id for id in (*train, *others) if id not in there]
            if absent and missing is Missing.FAIL:
                raise InputError(
                    corpus.features(name),
                    f"has no features of {listed(absent)}",
                    "run `mmtool extract` (and `mmtool project`) for them, or train with `missing=zero`",
                )
            known = [id for id in train if id in there]
            if not known:
                raise InputError(
                    corpus.features(name),
                    "has features of no training film",
                    "run `mmtool extract` for them, or leave the modality out",
                )
            parts.append(stack.enter_context(open_for_training(corpus, Modality.VIDEO, name, inputs, known)))
        yield SeveralInputs(names, tuple(parts), missing)


def _ids_with(corpus: Corpus, name: str, inputs: Inputs) -> set[str]:
    path = corpus.features(name)
    if inputs is Inputs.RP and not path.exists():
        original = name.removesuffix(PROJECTED)
        raise InputError(path, "no such projected features", f"run `mmtool project --video {original}` first")
    with open_joined(corpus, name, Modality.VIDEO) as features:
        return set(features.ids())


@contextmanager
def open_clips_for_checkpoint(corpus: Corpus, checkpoint: Checkpoint, name: str) -> Iterator[VideoInput]:
    """Open the video features ``name``, or those that the checkpoint was trained with.

    Of several sources, ``name`` holds the names in their order, joined by commas. Raises CallError for
    features of another encoder or projection.
    """
    given = checkpoint.inputs[Modality.VIDEO]
    if not given.parts:
        with open_for_checkpoint(corpus, Modality.VIDEO, given, name) as video:
            yield video
        return
    missing = Missing.ZERO if checkpoint.settings.get("missing") == Missing.ZERO else Missing.FAIL
    names = names_of(given.name)
    chosen = tuple(part.strip() for part in name.split(",")) if name else names
    if len(chosen) != len(names):
        raise SettingError(
            "video", f"must name {len(names)} features in place of {given.name}, not {len(chosen)}"
        )
    with ExitStack() as stack:
        parts = [
            stack.enter_context(open_for_checkpoint(corpus, Modality.VIDEO, part, other))
            for part, other in zip(given.parts, chosen, strict=True)
        ]
        yield SeveralInputs(names, tuple(parts), missing)


def listed(ids: Sequence[str]) -> str:
    """The first few ids, and how many more there are."""
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return ", ".join(map(repr, ids[:NAMED])) + more
