"""How often the embeddings of clips and snippets find each other: R@1, in both directions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mmtool.matching.films import MatchedFilm, gather, whole
from mmtool.matching.inputs import Words, pad_texts
from mmtool.matching.model import Matcher
from mmtool.matching.source_inputs import AnyClip, pad

AT_ONCE = 64  # clips or snippets


@dataclass(frozen=True, slots=True)
class Recalls:
    """R@1, 0..1: of clips with a snippet and of snippets with a clip, among all films and in their own."""

    clips: float
    snippets: float
    clips_in_film: float
    snippets_in_film: float


@torch.inference_mode()
def embeddings_of_clips(network: Matcher, clips: Sequence[AnyClip]) -> NDArray[np.float32]:
    """(N, d), of unit length; the network is in evaluation mode."""
    device = network.log_scale.device
    parts = [
        network.embed_clips(
            pad([clips[i] for i in range(start, min(start + AT_ONCE, len(clips)))]).to(device)
        )
        for start in range(0, len(clips), AT_ONCE)
    ]
    return _joined(parts, network)


@torch.inference_mode()
def embeddings_of_texts(network: Matcher, words: Sequence[Words]) -> NDArray[np.float32]:
    """(M, d), of unit length; the network is in evaluation mode."""
    device = network.log_scale.device
    parts = [
        network.embed_texts(pad_texts(words[start : start + AT_ONCE]).to(device))
        for start in range(0, len(words), AT_ONCE)
    ]
    return _joined(parts, network)


def _joined(parts: list[torch.Tensor], network: Matcher) -> NDArray[np.float32]:
    if not parts:
        return np.zeros((0, network.shape.width), np.float32)
    found: NDArray[np.float32] = torch.cat(parts).cpu().numpy()
    return found


def recalls(network: Matcher, films: Sequence[MatchedFilm]) -> Recalls:
    """Measure films in evaluation mode; the network is left in the mode that it was in."""
    mode = network.training
    network.eval()
    try:
        clips = np.concatenate([embeddings_of_clips(network, film.clips) for film in films])
        texts = np.concatenate([embeddings_of_texts(network, film.words) for film in films])
    finally:
        network.train(mode)
    gathering = gather(films, [whole(film, number) for number, film in enumerate(films)])
    fits = clips @ texts.T
    inside = np.where(gathering.same_film, fits, -np.inf)
    right = gathering.positives
    return Recalls(
        recall_at_1(fits, right),
        recall_at_1(fits.T, right.T),
        recall_at_1(inside, right),
        recall_at_1(inside.T, right.T),
    )


def recall_at_1(fits: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """The share of rows with a right column whose best column is right; 0 if there are no such rows."""
    rows = np.flatnonzero(right.any(axis=1))
    if not len(rows):
        return 0.0
    return float(right[rows, fits[rows].argmax(axis=1)].mean())
