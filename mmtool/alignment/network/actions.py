"""The transition system: what each action does, and the gold actions of a known alignment."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.choices import Action

POPS_CLIP = frozenset({Action.POP_VIDEO, Action.MATCH, Action.MATCH_RETAIN_TEXT})
POPS_SNIPPET = frozenset({Action.POP_TEXT, Action.MATCH, Action.MATCH_RETAIN_VIDEO})
MATCHES = frozenset({Action.MATCH, Action.MATCH_RETAIN_TEXT, Action.MATCH_RETAIN_VIDEO})

ONE_TO_MANY = (Action.POP_VIDEO, Action.POP_TEXT, Action.MATCH_RETAIN_TEXT)
ONE_TO_ONE = (Action.MATCH, Action.POP_VIDEO, Action.POP_TEXT)
MANY_TO_MANY = (
    Action.POP_VIDEO,
    Action.POP_TEXT,
    Action.MATCH_RETAIN_TEXT,
    Action.MATCH,
    Action.MATCH_RETAIN_VIDEO,
)


@dataclass(frozen=True, slots=True)
class ActionSet:
    """The actions of a network, in class order, as lookup tables (K,) by class."""

    actions: tuple[Action, ...]

    def __post_init__(self) -> None:
        if len(set(self.actions)) != len(self.actions) or not MATCHES.intersection(self.actions):
            raise ValueError(
                f"must each be named once and include a kind of match, not {', '.join(self.actions)}"
            )

    def __len__(self) -> int:
        return len(self.actions)

    def index(self, action: Action) -> int:
        return self.actions.index(action)

    def table(self, chosen: frozenset[Action]) -> NDArray[np.bool_]:
        """(K,): whether each class is one of ``chosen``."""
        return np.array([action in chosen for action in self.actions])


class UnreachableAlignmentError(ValueError):
    """A set of matches that no sequence of the given actions produces."""


def gold_actions(
    matches: Iterable[tuple[int, int]], clips: int, snippets: int, actions: ActionSet
) -> NDArray[np.int64]:
    """The actions (T,), as class indices, that produce ``matches`` of N clips and M snippets.

    A snippet is popped as soon as its last clip is matched, or immediately if it has none; the sequence
    ends when clips or snippets are exhausted. Raises UnreachableAlignmentError for matches that cross, or
    that need an action missing from ``actions``.
    """
    pairs = set(matches)
    last_clip = {j: max(i for i, k in pairs if k == j) for _, j in pairs}
    last_snippet = {i: max(j for k, j in pairs if k == i) for i, _ in pairs}
    gold: list[Action] = []
    i = j = done = 0
    while i < clips and j < snippets:
        if (i, j) in pairs:
            action = _matching_action(last_clip[j] > i, last_snippet[i] > j, i == clips - 1, actions)
            done += 1
        elif done == len(pairs):
            action = _first_of((Action.POP_TEXT, Action.POP_VIDEO), actions)
        elif last_clip.get(j, -1) < i:
            action = _first_of((Action.POP_TEXT,), actions)
        elif last_snippet.get(i, -1) < j:
            action = _first_of((Action.POP_VIDEO,), actions)
        else:
            raise UnreachableAlignmentError(f"the matches of clip {i} and snippet {j} cross")
        gold.append(action)
        i += action in POPS_CLIP
        j += action in POPS_SNIPPET
    if done < len(pairs):
        raise UnreachableAlignmentError("the matches cross")
    return np.array([actions.index(action) for action in gold], dtype=np.int64)


def _matching_action(more_clips: bool, more_snippets: bool, last: bool, actions: ActionSet) -> Action:
    """The match for a pair, given whether its snippet has further clips or its clip further snippets.

    ``last`` means that the clip is the last one.
    """
    if more_clips and more_snippets:
        raise UnreachableAlignmentError("a clip and a snippet that match each other both have other partners")
    if more_clips:
        return _first_of((Action.MATCH_RETAIN_TEXT,), actions)
    if more_snippets:
        return _first_of((Action.MATCH_RETAIN_VIDEO,), actions)
    if last or Action.POP_TEXT in actions.actions:  # else a retained snippet could never be left
        return _first_of((Action.MATCH, Action.MATCH_RETAIN_TEXT, Action.MATCH_RETAIN_VIDEO), actions)
    return _first_of((Action.MATCH, Action.MATCH_RETAIN_VIDEO, Action.MATCH_RETAIN_TEXT), actions)


def _first_of(wanted: Sequence[Action], actions: ActionSet) -> Action:
    for action in wanted:
        if action in actions.actions:
            return action
    raise UnreachableAlignmentError(f"the alignment needs {wanted[0]}, which is not among the actions")
