"""Fountain as https://fountain.io/syntax specifies it: one small file for each rule."""

import pytest

from mmtool.choices import TextSplit
from mmtool.text.readers import read_text


def elements(folder, content):
    path = folder / "a.fountain"
    path.write_text(content, encoding="utf-8")
    return [(s.kind, s.text) for s in read_text(path, split=TextSplit.NONE, language="en").snippets]


A, C, D, P = "action", "character", "dialogue", "parenthetical"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("MARA\nOne.\n  \nTwo.\n\nShe sits.", [(C, "MARA"), (D, "One. Two."), (A, "She sits.")]),
        ("MARA\nOne.\n \nShe sits.", [(C, "MARA"), (D, "One."), (A, "She sits.")]),
        ("One.\n  \nTwo.", [(A, "One."), (A, "Two.")]),
        ("MARA\n(beat) Hello.\n(low,\nslow)\nBye.",
         [(C, "MARA"), (D, "(beat) Hello."), (P, "(low, slow)"), (D, "Bye.")]),
        ("Title:\n\t_**THE PIER**_\n    Part two\nAuthor: A. B.\n\nShe sits.", [(A, "She sits.")]),
        ("Titel: X\nAutor: Y\n\nShe sits.", [(A, "She sits.")]),
        ("Mara: she sits.\n\nShe stands.", [(A, "Mara: she sits."), (A, "She stands.")]),
        ("CUT TO:\n\nShe sits.", [("transition", "CUT TO:"), (A, "She sits.")]),
        ("She /* a\n\nb */ sits.", [(A, "She sits.")]),
        ("She [[a\n  \nb]] sits.", [(A, "She sits.")]),
        ("She [[a\n\nb]] sits.", [(A, "She [[a"), (A, "b]] sits.")]),
        ("MARA\nOne.\n[[louder]]\nTwo.", [(C, "MARA"), (D, "One. Two.")]),
        ("MARA\nOne.\n[[louder\nplease]]\nTwo.", [(C, "MARA"), (D, "One. Two.")]),
        ("She sits[[?]], a[[b]].\n\nIt is A/* B\n\n*/C.", [(A, "She sits, a."), (A, "It is AC.")]),
        ("CUT TO: \n\n*CUT TO:*\n\nShe sits.", [(A, "CUT TO:"), ("transition", "CUT TO:"), (A, "She sits.")]),
        ("# Act\n= What happens\nShe sits.\n## Part\nShe stands.", [(A, "She sits."), (A, "She stands.")]),
        ("She sits.\n\n===\n\nShe stands.", [(A, "She sits."), (A, "She stands.")]),
        ("!MARA\nsits.", [(A, "MARA sits.")]),
        ("@McKay\nYes.", [(C, "McKay"), (D, "Yes.")]),
        ("~La la\n~la", [("lyrics", "La la la")]),
        ("MARA\nListen:\n~La la\nNice?", [(C, "MARA"), (D, "Listen:"), ("lyrics", "La la"), (D, "Nice?")]),
        (".CLOSE UP\n\n...and on.", [("scene", "CLOSE UP"), (A, "...and on.")]),
        ("> Burn out.\n\n>THE END<", [("transition", "Burn out."), (A, "THE END")]),
        ("MARA\nYes.\n\nBEN ^\nNo.", [(C, "MARA"), (D, "Yes."), (C, "BEN"), (D, "No.")]),
        ("MARA (on the radio) (cont'd)\nYes.", [(C, "MARA (on the radio) (cont'd)"), (D, "Yes.")]),
        ("R2D2\nBeep.\n\n23\nNo name.", [(C, "R2D2"), (D, "Beep."), (A, "23 No name.")]),
        ("WHO?\nMe.\n\nMARA\n\nShe sits.", [(C, "WHO?"), (D, "Me."), (A, "MARA"), (A, "She sits.")]),
        ("int. hut - day #1-A.#\n\nShe sits.", [("scene", "int. hut - day"), (A, "She sits.")]),
        ("INT. HUT - DAY\nEXT. SEA - DAY", [(A, "INT. HUT - DAY EXT. SEA - DAY")]),
        ("BLENDING TO:\n\nShe sits.", [("transition", "BLENDING TO:"), (A, "She sits.")]),
        ("*a* **b** ***c*** _d_ \\*e\\* 2 * 3 x_y_z", [(A, "a b c d *e* 2 * 3 x_y_z")]),
        ("\t\tMARA\n\t(low)\n   Yes.\nNo.", [(C, "MARA"), (P, "(low)"), (D, "Yes. No.")]),
    ],
)  # fmt: skip
def test_elements(tmp_path, content, expected):
    assert elements(tmp_path, content) == expected
