"""Gold actions written by hand, and the promise that following them gives the alignment back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmtool.alignment.network.actions import (
    MANY_TO_MANY,
    ONE_TO_MANY,
    ONE_TO_ONE,
    ActionSet,
    UnreachableAlignmentError,
    gold_actions,
)
from mmtool.choices import Action

LETTERS = {
    "v": Action.POP_VIDEO,
    "t": Action.POP_TEXT,
    "r": Action.MATCH_RETAIN_TEXT,
    "m": Action.MATCH,
    "R": Action.MATCH_RETAIN_VIDEO,
}


def gold(matches, clips, snippets, actions):
    """The gold actions as letters."""
    names = {action: letter for letter, action in LETTERS.items()}
    return "".join(
        names[actions[k]] for k in gold_actions(matches, clips, snippets, ActionSet(actions)).tolist()
    )


def follow(letters, clips, snippets):
    """The matches that a sequence of actions makes, and how much of both sequences it consumes."""
    i = j = 0
    matches = []
    for letter in letters:
        assert i < clips, "an action after the last clip"
        assert j < snippets, "an action after the last snippet"
        if letter in "rmR":
            matches.append((i, j))
        i += letter in "vrm"
        j += letter in "tmR"
    return matches, i, j


def test_class_orders_are_the_published_ones():
    assert ONE_TO_MANY == (Action.POP_VIDEO, Action.POP_TEXT, Action.MATCH_RETAIN_TEXT)
    assert ONE_TO_ONE == (Action.MATCH, Action.POP_VIDEO, Action.POP_TEXT)
    assert set(MANY_TO_MANY) == set(Action)


@pytest.mark.parametrize(
    ("matches", "clips", "snippets", "letters"),
    [
        ([(0, 0)], 1, 1, "r"),  # the last clip is gone: nothing pops the snippet
        ([(0, 0)], 2, 1, "rt"),  # popped right after its last clip; the second clip is left over
        ([(0, 0), (1, 0), (2, 1)], 3, 2, "rrtr"),  # one snippet retained for two clips
        ([(1, 1)], 3, 3, "tvrtt"),  # snippets without clips go at once, before the clip on top
        ([(0, 0), (2, 0)], 3, 2, "rvr"),  # a clip that matches nothing between two that do
        ([], 2, 2, "tt"),  # nothing matches: all text goes first
        ([], 0, 3, ""),
        ([(0, 0), (2, 2), (3, 2), (5, 3)], 6, 5, "rttvrrtvr"),
    ],
)
def test_three_actions(matches, clips, snippets, letters):
    assert gold(matches, clips, snippets, ONE_TO_MANY) == letters


@pytest.mark.parametrize(
    ("matches", "clips", "snippets", "letters"),
    [
        ([(0, 0)], 1, 1, "m"),  # a pair without further partners is a plain match
        ([(0, 0), (1, 0)], 2, 1, "rm"),  # the last clip of a snippet takes it along
        ([(0, 0), (0, 1)], 1, 2, "Rm"),  # the last snippet of a clip takes it along
        ([(0, 0), (0, 1), (1, 1)], 2, 2, "Rrm"),  # clip 0 tells both, snippet 1 goes on
        ([(1, 1)], 3, 3, "tvmt"),
    ],
)
def test_five_actions(matches, clips, snippets, letters):
    assert gold(matches, clips, snippets, MANY_TO_MANY) == letters


def test_one_to_one_actions():
    assert gold([(0, 0), (2, 1)], 3, 2, ONE_TO_ONE) == "mvm"


@pytest.mark.parametrize("actions", [ONE_TO_MANY, MANY_TO_MANY])
@pytest.mark.parametrize(
    "matches", [[(0, 1), (1, 0)], [(0, 0), (1, 1), (2, 0)], [(0, 2), (1, 1), (2, 2)], [(0, 5)], [(5, 0)]]
)
def test_crossing_or_absent_elements_are_refused(matches, actions):
    with pytest.raises(UnreachableAlignmentError):
        gold_actions(matches, 3, 3, ActionSet(actions))


@pytest.mark.parametrize(
    ("matches", "actions", "missing"),
    [
        ([(0, 0), (1, 0)], ONE_TO_ONE, "match-retain-text"),
        ([(0, 0), (0, 1)], ONE_TO_ONE, "match-retain-video"),
        ([(0, 0), (0, 1)], ONE_TO_MANY, "match-retain-video"),
    ],
)
def test_a_match_of_a_missing_kind_is_refused_by_name(matches, actions, missing):
    with pytest.raises(UnreachableAlignmentError, match=missing):
        gold_actions(matches, 2, 2, ActionSet(actions))


@pytest.mark.parametrize(
    "actions",
    [
        (Action.POP_VIDEO, Action.POP_TEXT),
        (Action.POP_VIDEO,),
        (*ONE_TO_ONE, Action.MATCH),
    ],
)
def test_a_set_of_actions_holds_a_match_and_each_once(actions):
    with pytest.raises(ValueError, match="pop-video"):
        ActionSet(actions)


@st.composite
def one_to_many(draw):
    """Any alignment that gives each clip at most one snippet and never steps back."""
    labels = draw(st.lists(st.none() | st.integers(0, 6), max_size=12))
    matches, last = [], 0
    for clip, label in enumerate(labels):
        if label is not None and label >= last:
            matches.append((clip, label))
            last = label
    return matches, len(labels), draw(st.integers(last + 1 if matches else 0, 8))


@st.composite
def many_to_many(draw):
    """Any alignment that walks from pair to pair, one or more clips or snippets at a time, never both ways.

    A pair that retains a clip and a snippet at once is what five actions cannot say.
    """
    matches, i, j, letters = [], 0, 0, draw(st.text("vtrmR", max_size=12))
    for k, letter in enumerate(letters):
        if letter in "rmR":
            matches.append((i, j))
        i += letter in "vrm" or k == len(letters) - 1
        j += letter in "tmR" or k == len(letters) - 1
    return matches, i, j


@given(one_to_many())
def test_following_the_three_actions_gives_the_matches(case):
    matches, clips, snippets = case
    letters = gold(matches, clips, snippets, ONE_TO_MANY)
    made, i, j = follow(letters, clips, snippets)
    assert made == matches
    assert i == clips or j == snippets


@given(many_to_many())
def test_following_the_five_actions_gives_the_matches(case):
    matches, clips, snippets = case
    letters = gold(matches, clips, snippets, MANY_TO_MANY)
    made, i, j = follow(letters, clips, snippets)
    assert made == sorted(matches)
    assert i == clips or j == snippets


def test_actions_are_class_indices():
    actions = gold_actions([(0, 0)], 2, 1, ActionSet(ONE_TO_MANY))
    assert actions.dtype == np.int64
    assert actions.tolist() == [2, 1]
