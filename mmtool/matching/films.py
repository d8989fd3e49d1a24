"""What a matcher learns from: the clips and snippets of films, and which of them belong together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.matching.inputs import Words
from mmtool.matching.source_inputs import AnyClip

PARTS = 4  # a batch has clips of at least this many films


@dataclass(frozen=True, slots=True)
class MatchedFilm:
    """One film with N clips and M snippets.

    Attributes:
        id: The film.
        clips: The clips (N), which may be read when they are asked for.
        words: The tokens of the snippets (M).
        texts: (M,): equal numbers, in all films, for snippets of equal text.
        matches: (N, M): which snippets each clip shows.
    """

    id: str
    clips: Sequence[AnyClip]
    words: Sequence[Words]
    texts: NDArray[np.int64]
    matches: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Window:
    """Neighbouring clips of a film, and the snippets that belong among them; both in their order."""

    film: int
    clips: NDArray[np.int64]  # (n,)
    snippets: NDArray[np.int64]  # (m,)


@dataclass(frozen=True, slots=True)
class Gathering:
    """The clips and snippets of one batch, of all processes.

    Attributes:
        windows: The windows whose clips and snippets follow each other.
        clip_films: (N,) and ``snippet_films`` (M,): their films.
        positives: (N, M): which clips show a snippet, or one of the same text.
        own: (P, 2): clips and snippets that belong together in their own film.
    """

    windows: tuple[Window, ...]
    clip_films: NDArray[np.int64]
    snippet_films: NDArray[np.int64]
    positives: NDArray[np.bool_]
    own: NDArray[np.int64]

    @property
    def same_film(self) -> NDArray[np.bool_]:
        """(N, M): which clips and snippets are of one film."""
        same: NDArray[np.bool_] = self.clip_films[:, None] == self.snippet_films[None, :]
        return same


def gather(films: Sequence[MatchedFilm], windows: Sequence[Window]) -> Gathering:
    """Put windows together to one batch."""
    clip_films = np.concatenate([np.full(len(window.clips), window.film) for window in windows])
    snippet_films = np.concatenate([np.full(len(window.snippets), window.film) for window in windows])
    texts = np.concatenate([films[window.film].texts[window.snippets] for window in windows])
    own = np.zeros((len(clip_films), len(snippet_films)), bool)
    top = left = 0
    for window in windows:
        block = films[window.film].matches[np.ix_(window.clips, window.snippets)]
        own[top : top + block.shape[0], left : left + block.shape[1]] = block
        top, left = top + block.shape[0], left + block.shape[1]
    same_text = texts[:, None] == texts[None, :]
    positives = (own.astype(np.float32) @ same_text.astype(np.float32)) > 0
    return Gathering(tuple(windows), clip_films, snippet_films, positives, np.argwhere(own))


def whole(film: MatchedFilm, number: int) -> Window:
    """All clips and snippets of a film."""
    return Window(number, np.arange(len(film.clips)), np.arange(len(film.words)))


def epoch_gatherings(
    films: Sequence[MatchedFilm], *, batch_size: int, seed: int, epoch: int
) -> list[Gathering]:
    """The batches of an epoch, which depend on seed and epoch only.

    Each film is cut into windows of neighbouring clips, at other places in each epoch, so that a batch of
    ``batch_size`` clips has both the hardest negatives, those nearby, and those of other films. A batch
    without any pair that belongs together is left out.
    """
    dice = np.random.default_rng([seed, epoch])
    longest = max(1, batch_size // PARTS)
    windows = [
        window for number, film in enumerate(films) for window in _windows(film, number, longest, dice)
    ]
    batches: list[list[Window]] = [[]]
    for place in dice.permutation(len(windows)):
        if sum(len(window.clips) for window in batches[-1]) >= batch_size:
            batches.append([])
        batches[-1].append(windows[place])
    gatherings = [gather(films, batch) for batch in batches if batch]
    return [gathering for gathering in gatherings if len(gathering.own)]


def _windows(film: MatchedFilm, number: int, longest: int, dice: np.random.Generator) -> list[Window]:
    """Cut a film at a random offset; a snippet without a clip goes with the one after it."""
    count = len(film.clips)
    offset = int(dice.integers(min(longest, count))) if count > longest else 0
    starts = sorted({0, *range(offset, count, longest)})
    homes = _homes(film.matches)  # (M,)
    windows = []
    for start, end in zip(starts, [*starts[1:], count], strict=True):
        inside = film.matches[start:end].any(axis=0) | ((homes >= start) & (homes < end))
        windows.append(Window(number, np.arange(start, end), np.flatnonzero(inside)))
    return windows


def _homes(matches: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(M,): the first clip of each snippet, or of the next one that has a clip, or the last clip."""
    homes = np.where(matches.any(axis=0), matches.argmax(axis=0), len(matches) - 1)
    following = len(matches) - 1
    for snippet in reversed(range(len(homes))):
        if matches[:, snippet].any():
            following = homes[snippet]
        else:
            homes[snippet] = following
    return homes
