"""Screenplays as they are printed: scene numbers, page furniture, revision marks and double spacing."""

import pytest

from mmtool.choices import TextFormat, TextSplit
from mmtool.text.page_furniture import Headers, is_furniture, without_revision_mark
from mmtool.text.readers import read_text


def kinds(folder, content, text_format=TextFormat.AUTO, name="a.txt"):
    path = folder / name
    path.write_text(content, encoding="utf-8")
    file = read_text(path, split=TextSplit.NONE, language="en", text_format=text_format)
    return [(snippet.kind, snippet.text) for snippet in file.snippets], file.notes


SHOOTING = """\
THE LONG PIER - Pink Rev. 3/14/21                                 7.

B7   EXT. PIER - NIGHT                                            B7

     Waves. MARA (40) counts the
     planks.                                                         *

                    MARA
               Ninety-nine. One
               hundred.                                              *
                    (MORE)

                                             (CONTINUED)
THE LONG PIER - Pink Rev. 3/14/21                                 8.
B7   CONTINUED: (2)                                               B7

                    MARA (CONT'D)
               Almost home.

                    ST. JOHN SR.
               Stop!

8-10 OMITTED                                                    8-10

11.2 INT. BOAT - LATER                                          11.2

                    WHO'S THERE?
               Nobody.

     He turns away.
                                             SMASH CUT TO:
"""


def test_the_margins_of_a_shooting_script_are_peeled_off(tmp_path):
    found, notes = kinds(tmp_path, SHOOTING)
    assert found == [
        ("page", "THE LONG PIER - Pink Rev. 3/14/21 7."),
        ("scene", "B7 EXT. PIER - NIGHT B7"),
        ("action", "Waves. MARA (40) counts the planks."),
        ("character", "MARA"),
        ("dialogue", "Ninety-nine. One hundred."),
        ("page", "(MORE)"),
        ("page", "(CONTINUED)"),
        ("page", "THE LONG PIER - Pink Rev. 3/14/21 8."),
        ("page", "B7 CONTINUED: (2) B7"),
        ("character", "MARA (CONT'D)"),
        ("dialogue", "Almost home."),
        ("character", "ST. JOHN SR."),
        ("dialogue", "Stop!"),
        ("page", "8-10 OMITTED 8-10"),
        ("scene", "11.2 INT. BOAT - LATER 11.2"),
        ("character", "WHO'S THERE?"),
        ("dialogue", "Nobody."),
        ("action", "He turns away."),
        ("transition", "SMASH CUT TO:"),
    ]
    assert "left out 2 revision marks (*) in the right margin" in notes


@pytest.mark.parametrize("number", ["1", "12A", "A13", "14-1", "110.2", "AB7C", "12.", "#3#", "(4)", "9PT2"])
def test_scene_numbers_of_any_form(tmp_path, number):
    scene, rest = f"{number}  INT. HUT - DAY  {number}", f"{number}  CONTINUED:  {number}"
    content = f"{scene}\n\nANNA\nHi.\n\n{rest}\n\nEXT. SEA - DAY\n"
    found, _ = kinds(tmp_path, content)
    assert [kind for kind, _ in found] == ["scene", "character", "dialogue", "page", "scene"]


@pytest.mark.parametrize(
    "line",
    [
        "CONTINUED",
        "(CONTINUED)",
        "CONTINUED: (3)",
        "12 CONTINUED: 12",
        "(MORE)",
        "14 OMITTED 14",
        "SCENES 3-5 OMITTED",
    ],
)
def test_page_furniture(line):
    assert is_furniture(line)


@pytest.mark.parametrize("line", ["He CONTINUED.", "MORE WINE", "OMITTED HER NAME", "1984.", "ANNA (CONT'D)"])
def test_what_is_not_page_furniture(line):
    assert not is_furniture(line)


def test_headers_are_dated_or_come_back():
    headers = Headers(["The Pier          1.", "The Pier          2.", "A line of      12", "Anna, 12."])
    assert "The Pier          3." in headers
    assert "REVISED (GREEN) 4 May 2020".replace("4 May", "May 4,") in headers
    assert "A line of      12" not in headers
    assert "Anna, 12." not in headers
    assert "On 3/4/20 she finds the blue draft that he has hidden in the drawer." not in headers


@pytest.mark.parametrize(
    ("line", "bare"),
    [("Go.   *", "Go."), ("*", ""), ("B7 *", "B7"), ("a *", "a *"), ("**bold**", "**bold**")],
)
def test_revision_marks_stand_apart(line, bare):
    assert without_revision_mark(line) == bare


SINGLE = """\
INT. HUT - DAY

     Anna waits by
     the door.

                    ANNA
               (softly)
               Who is there? I have
               waited.

     She opens it.

EXT. SEA - NIGHT

                    BEN
               Me.
"""


def test_double_spaced_screenplays_with_wider_gaps_are_those_with_single_spacing(tmp_path):
    assert kinds(tmp_path, SINGLE.replace("\n", "\n\n"))[0] == kinds(tmp_path, SINGLE)[0]


def test_double_spaced_screenplays_with_equal_gaps_go_by_indentation(tmp_path):
    lines = [line for line in SINGLE.splitlines() if line.strip()]
    found, _ = kinds(tmp_path, "\n\n".join(lines))
    assert [kind for kind, _ in found] == [
        *("scene", "action", "action", "character", "parenthetical", "dialogue", "action", "scene"),
        *("character", "dialogue"),
    ]
    flat, _ = kinds(tmp_path, "\n\n".join(line.strip() for line in lines if "waited" not in line))
    assert [kind for kind, _ in flat] == [kind for kind, _ in found]


DUAL = """\
INT. QUAY - DAY

          MARA (O.S.)                    ST. JOHN
          (softly)                       (loud)
     Ninety-nine planks          A hundred! It
     and a half.                 was always a
                                 hundred.

     She turns   away.
"""


def test_of_two_who_speak_side_by_side_the_one_at_the_left_comes_first(tmp_path):
    found, _ = kinds(tmp_path, DUAL, TextFormat.SCREENPLAY)
    assert found == [
        ("scene", "INT. QUAY - DAY"),
        ("character", "MARA (O.S.)"),
        ("parenthetical", "(softly)"),
        ("dialogue", "Ninety-nine planks and a half."),
        ("character", "ST. JOHN"),
        ("parenthetical", "(loud)"),
        ("dialogue", "A hundred! It was always a hundred."),
        ("action", "She turns away."),
    ]


def test_columns_that_tabs_make_are_told_as_well(tmp_path):
    content = "INT. QUAY - DAY\n\nMARA\t\t\tBEN\nHello there,\t\tGo away!\nyou.\n"
    found, _ = kinds(tmp_path, content, TextFormat.SCREENPLAY)
    assert found[1:] == [
        ("character", "MARA"),
        ("dialogue", "Hello there, you."),
        ("character", "BEN"),
        ("dialogue", "Go away!"),
    ]


@pytest.mark.parametrize("speech", ["He never came back.", "He  never came back."])
def test_names_with_wide_gaps_are_one_name_where_one_text_follows(tmp_path, speech):
    content = f"INT. QUAY - DAY\n\n                    MARA     BEN\n          {speech}\n"
    found, _ = kinds(tmp_path, content, TextFormat.SCREENPLAY)
    assert found[1:] == [("character", "MARA BEN"), ("dialogue", "He never came back.")]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Page 14 of 110", "page"),
        ("© 2031 Pier Films Ltd. All rights reserved.", "page"),
        ("Copyright 2031 Pier Films", "page"),
        ("[18]  EXT. PIER - DAWN  [18]", "scene"),
        ("Copyright is on her mind.", "action"),
    ],
)
def test_lines_that_stand_alone_are_told_by_what_they_say(tmp_path, line, kind):
    found, _ = kinds(tmp_path, f"INT. QUAY - DAY\n\n{line}\n", TextFormat.SCREENPLAY)
    assert [found_kind for found_kind, _ in found] == ["scene", kind]
