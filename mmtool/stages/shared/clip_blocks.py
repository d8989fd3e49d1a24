"""Clips of a film as a model reads them: a few at a time, because what it keeps of each may be large."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mmtool.errors import CallError, InputError
from mmtool.retrieval.contract import ClipStates, PairMatcher
from mmtool.stages.shared.clip_materials import ClipMaterials

TOGETHER = 16  # clips whose states are held at a time: BLIP's are 2 MB a frame
Item = TypeVar("Item")


def in_blocks(clips: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Clips in their order, a few at a time."""
    for start in range(0, len(clips), TOGETHER):
        yield clips[start : start + TOGETHER]


def read_states(matcher: PairMatcher, materials: ClipMaterials, id: str, clips: Sequence[int]) -> ClipStates:
    """What a model keeps of these clips of a video; raises InputError where it cannot read them."""
    try:
        return matcher.clips(materials.read(id, clips))
    except ValueError as error:
        remedy = "use a run that was trained on these features, or extract its features again"
        raise InputError(id, str(error), remedy) from error


def require_finite(matcher: PairMatcher, scores: NDArray[np.floating]) -> None:
    """Raise CallError for scores of a model that are not finite."""
    if not np.isfinite(scores).all():
        problem = "returned scores that are not finite numbers; try `precision=fp32`"
        raise CallError(f"{matcher.identity.name} {problem}")
