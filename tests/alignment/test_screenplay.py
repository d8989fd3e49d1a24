"""Screenplays beside what is said: lines, scenes that moved or were cut, and what stands between lines."""

import numpy as np
import pytest

from mmtool.alignment.screenplay.lasting import screen_seconds
from mmtool.alignment.screenplay.placed import HeardScreenplay, heard_screenplay
from mmtool.alignment.timing.pace import seconds_of
from mmtool.alignment.words.heard import heard_words
from mmtool.records import Place, Snippet, SpokenWord, Transcript
from mmtool.screenplay_kinds import is_screenplay, placeable_texts

KITCHEN = ("Where did you put the silver candlestick?", "It stands behind the yellow curtain, as always.")
HARBOUR = ("The ferry leaves at seven, captain.", "Then tell the passengers to hurry up, please.")
STATION = ("Nobody buys tickets for the northern line.", "My grandmother used to travel there every summer.")
SCENES = {"INT. KITCHEN": KITCHEN, "EXT. HARBOUR": HARBOUR, "INT. STATION": STATION}


def screenplay() -> list[Snippet]:
    """Three scenes: a heading, an action, and two lines with names; an action between the lines."""
    snippets = []
    for heading, (first, second) in SCENES.items():
        snippets += [
            Snippet(heading, kind="scene", place=Place(len(snippets) + 1, 0, 1)),
            Snippet("Somebody walks in and looks around.", kind="action"),
            Snippet("ANNA", kind="character"),
            Snippet(first, kind="dialogue"),
            Snippet("She opens a letter.", kind="action"),
            Snippet("BRUNO", kind="character"),
            Snippet("(quietly)", kind="parenthetical"),
            Snippet(second, kind="dialogue"),
        ]
    return snippets


def heard(*lines: tuple[float, str], rate: float = 3.0) -> HeardScreenplay:
    """What is heard of the screenplay if these lines are said from these seconds on, ``rate`` words each."""
    words = [
        SpokenWord(word, start + n / rate, start + (n + 1) / rate)
        for start, line in lines
        for n, word in enumerate(line.split())
    ]
    snippets = screenplay()
    spoken = [s.text if s.kind == "dialogue" else "" for s in snippets]
    found = heard_words(spoken, Transcript(tuple(words)), "en")
    return heard_screenplay(snippets, found, seconds_of([s.text for s in snippets], "en"), "en")


IN_ORDER = (
    (10.0, KITCHEN[0]),
    (16.0, KITCHEN[1]),
    (30.0, HARBOUR[0]),
    (36.0, HARBOUR[1]),
    (50.0, STATION[0]),
    (56.0, STATION[1]),
)
CUTS = np.array([0.0, 5.0, 15.0, 25.0, 35.0, 45.0, 55.0, 70.0])


def test_lines_are_placed_where_they_are_said():
    times = heard(*IN_ORDER).times(CUTS)
    np.testing.assert_allclose(times[[3, 7, 11, 15, 19, 23], 0], [10, 16, 30, 36, 50, 56])
    assert times[3, 1] == pytest.approx(10 + len(KITCHEN[0].split()) / 3)


def test_headings_and_action_lie_between_the_lines_and_scenes_begin_at_cuts():
    times = heard(*IN_ORDER).times(CUTS)
    assert times[4, 0] == times[3, 1]
    assert times[4, 1] == times[7, 0]
    assert times[8, 0] == 25.0 or times[8, 0] == times[7, 1]
    assert times[7, 1] <= times[8, 0] < times[8, 1] == times[9, 0] < times[9, 1] == times[11, 0]
    names = [n for n, s in enumerate(screenplay()) if s.kind in ("character", "parenthetical")]
    assert np.isnan(times[names]).all()


def test_a_heading_after_action_starts_at_the_nearest_cut():
    snippets = screenplay()
    snippets.insert(8, Snippet("They leave.", kind="action"))
    spoken = [s.text if s.kind == "dialogue" else "" for s in snippets]
    words = [
        SpokenWord(w, t + n / 3, t + (n + 1) / 3) for t, line in IN_ORDER for n, w in enumerate(line.split())
    ]
    found = heard_words(spoken, Transcript(tuple(words)), "en")
    times = heard_screenplay(snippets, found, np.full(len(snippets), 2.0), "en").times(CUTS)
    assert times[9, 0] == times[8, 1] == 25.0


def test_a_scene_that_was_cut_is_named_and_bends_nothing():
    found = heard(*(line for line in IN_ORDER if line[1] not in HARBOUR))
    times = found.times(CUTS)
    assert np.isnan(times[8:16]).all()
    np.testing.assert_allclose(times[[3, 7, 19, 23], 0], [10, 16, 50, 56])
    assert "1 scene not heard at all, perhaps cut from the film: EXT. HARBOUR (line 9)" in found.notes()


def test_a_scene_that_was_moved_is_named_and_placed_there():
    order = (*IN_ORDER[2:], (70.0, KITCHEN[0]), (76.0, KITCHEN[1]))
    found = heard(*order)
    times = found.times(np.append(CUTS, 90.0))
    np.testing.assert_allclose(times[[11, 15, 19, 23, 3, 7], 0], [30, 36, 50, 56, 70, 76])
    assert any(
        "told at another place than in the text: INT. KITCHEN (line 1) at 0:01:10" in n for n in found.notes()
    )
    assert times[0, 0] >= times[23, 1]  # its heading goes with it


def test_a_line_in_other_words_is_taken_for_what_is_said_in_its_place():
    other = "Unfortunately, everybody else prefers travelling by aeroplane nowadays."
    found = heard(*IN_ORDER[:3], (36.0, other), *IN_ORDER[4:])
    assert found.times(CUTS)[15, 0] == 36.0
    assert found.certainty[15] < found.certainty[11]


def test_a_line_that_was_cut_is_not_placed_on_what_others_say():
    found = heard(*(line for line in IN_ORDER if line[1] != HARBOUR[1]))
    assert np.isnan(found.times(CUTS)[15]).all()
    assert "1 of 6 lines of dialogue not heard, and not placed" in found.notes()


@pytest.mark.parametrize("said", ["The ferry leaves at midnight tomorrow, whatever happens.", HARBOUR[0]])
def test_what_goes_on_without_a_pause_belongs_to_a_line_in_other_words(said):
    """The second line at the harbour was cut, and nothing of the first one is left for it."""
    lines = [(10.0, KITCHEN[0]), (30.0, KITCHEN[1]), (50.0, said), (80.0, STATION[0]), (100.0, STATION[1])]
    times = heard(*lines, rate=0.9).times(CUTS)
    assert times[11].tolist() == pytest.approx([50.0, 50.0 + len(said.split()) / 0.9])
    assert np.isnan(times[15]).all()


def test_action_is_not_placed_on_words_that_belong_to_no_line():
    chatter = " ".join(f"unwritten{n}" for n in range(9))
    times = heard(*IN_ORDER[:2], (21.0, chatter), *IN_ORDER[2:]).times(CUTS)
    assert times[8, 0] >= 21.0 + 9 / 3


def test_kinds_decide_what_is_read_aloud_and_how_long_it_lasts():
    snippets = screenplay()
    assert is_screenplay(snippets)
    assert [text == "" for text in placeable_texts(snippets[:8])] == [0, 0, 1, 0, 0, 1, 1, 0]
    seconds = screen_seconds(snippets, np.full(len(snippets), 7.0))
    assert seconds[3] == 7.0
    assert seconds[2] == seconds[6] == 0.0
    assert 0 < seconds[1] < 7.0


def test_other_texts_have_no_kinds_that_count():
    plain = [Snippet("One."), Snippet("Two.", kind="action"), Snippet("Three.", kind="remark")]
    assert not is_screenplay(plain)
    assert placeable_texts(plain) == ["One.", "Two.", "Three."]
    np.testing.assert_array_equal(screen_seconds(plain, np.ones(3)), np.ones(3))
