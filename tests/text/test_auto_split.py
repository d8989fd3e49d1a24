"""What ``split=auto`` and ``language=auto`` choose, and reference marks after full stops."""

import textwrap

import pytest

from mmtool.choices import TextSplit
from mmtool.text.auto_split import Layout, judge_lines
from mmtool.text.languages import language_of
from mmtool.text.readers import read_text
from support.texts import split_text

PARAGRAPH = "Mara walks to the end of the pier. She counts the planks. Nobody else is there. It rains."
SENTENCES = [
    "Mara walks to the end of the pier.",
    "She counts all of the planks, aloud.",
    "Nobody else is there.",
]


@pytest.mark.parametrize(
    ("lines", "layout"),
    [
        (SENTENCES, Layout.SNIPPETS),
        ([*SENTENCES, "She sits. She waits."], Layout.SNIPPETS),
        (["killing the mood,", "but Ben stays,", "which is nobody's fault at all, in the end"] * 4,
         Layout.SNIPPETS),
        ([PARAGRAPH] * 7, Layout.PARAGRAPHS),
        (["Act one", "", PARAGRAPH, "", "Act two", PARAGRAPH], Layout.PARAGRAPHS),
        (["She sits. She waits."], Layout.PARAGRAPHS),
        (textwrap.wrap(PARAGRAPH * 4, 60), Layout.WRAPPED),
        ([*textwrap.wrap(PARAGRAPH * 2, 50), "", *textwrap.wrap(PARAGRAPH, 50)], Layout.WRAPPED),
        ([], Layout.SNIPPETS),
        (["", " "], Layout.SNIPPETS),
    ],
)  # fmt: skip
def test_lines_are_judged(lines, layout):
    assert judge_lines(lines, "en").layout is layout


def test_lines_without_spaces_between_words():
    paragraph = "她走到码头的尽头。她数木板。那里没有别人。"
    assert judge_lines([paragraph] * 5, "zh").layout is Layout.PARAGRAPHS
    assert (
        judge_lines(["她走到码头的尽头。", "她数木板。", "那里没有别人。"] * 3, "zh").layout
        is Layout.SNIPPETS
    )
    assert judge_lines(textwrap.wrap(paragraph * 6, 20), "zh").layout is Layout.WRAPPED


def read(folder, content, name="a.txt", split=TextSplit.AUTO):
    (folder / name).write_text(content, encoding="utf-8")
    file = read_text(folder / name, split=split, language="auto")
    return [snippet.text for snippet in file.snippets], file.notes


def test_auto_says_what_it_does(tmp_path):
    texts, notes = read(tmp_path, "\n".join([PARAGRAPH] * 7))
    assert len(texts) == 28
    assert notes == ["7 lines are paragraphs: split into 28 sentences; `split=none` keeps the lines"]
    texts, notes = read(tmp_path, "\n\n".join(textwrap.fill(PARAGRAPH * 2, 50) for _ in range(2)))
    assert len(texts) == 14
    assert "2 hard-wrapped paragraphs: split into 14 sentences" in notes[0]
    texts, notes = read(tmp_path, "\n".join([*SENTENCES, "She sits. She waits."]))
    assert len(texts) == 4
    assert notes == [
        "4 lines are snippets, although 1 holds several sentences; `split=sentences` splits them"
    ]
    assert read(tmp_path, "\n".join(SENTENCES)) == (SENTENCES, [])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.srt", f"1\n00:00:01,000 --> 00:00:09,000\n{PARAGRAPH}\n"),
        ("a.tsv", f"0\t9\t{PARAGRAPH}\n"),
        ("a.jsonl", f'{{"text": "{PARAGRAPH}"}}\n'),
        ("a.fountain", f"{PARAGRAPH}\n"),
    ],
)
def test_cues_rows_objects_and_elements_stay_whole(tmp_path, name, content):
    assert read(tmp_path, content, name)[0] == [PARAGRAPH]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Mara walks.", "en"),
        ("Мара идёт.", "en"),
        ("她走了。", "zh"),
        ("彼女は行った。", "ja"),
        ("เธอไปแล้ว", "th"),
        ("Mara said 好 and left the pier.", "en"),
        ("她在 IMDb 上。", "zh"),
        ("123", "en"),
    ],
)
def test_the_script_tells_the_language(text, language):
    assert language_of(text, "auto") == language
    assert language_of(text, "de") == "de"


def test_sentences_without_naming_the_language(tmp_path):
    assert read(tmp_path, "她走了。她来了。", split=TextSplit.SENTENCES)[0] == ["她走了。", "她来了。"]
    japanese = "彼は行った。「はい。」と言った。彼女が来た！"
    assert read(tmp_path, japanese)[0] == ["彼は行った。", "「はい。」と言った。", "彼女が来た！"]
    thai = "เขาไปแล้ว เธอมาหาเขาที่บ้านเก่า ๆ หลังนั้น"
    assert read(tmp_path, thai, split=TextSplit.SENTENCES)[0] == ["เขาไปแล้ว", "เธอมาหาเขาที่บ้านเก่า ๆ หลังนั้น"]


@pytest.mark.parametrize(
    ("language", "marked"),  # "|" stands where the text is split
    [
        ("en", "Mara sits.[1]| Ben stays.[2][3]| He runs.[citation needed]| It rains."),
        ("en", "Mara sits.¹| Ben stays.²,³| “No.”[note 4]| He runs.[a][b]| It rains.†| End."),
        ("en", "Mara sits. [1]| Ben stays. [note 2]| It rains."),
        ("en", "Mara sits.[1]|Ben stays.[2]:45|It rains."),
        ("en", "Mara sits down.1| Ben stays.12| It rains.[3]–[5]| At No.5 Lee stays."),
        ("en", "See [1].| Dr.[2] Lee stays.| [Laughs] He sits."),
        ("en", "[1] Lee, Pier Songs.| [2] Ann, Sea Songs."),
        ("de", "Sie geht.[1]| Er bleibt.²| Gut.[Anm. 3]| Ja."),
        ("fr", "Il part.[note 4]| Elle reste.[5][6]| Oui."),
        ("ru", "Он ушёл.[1]| Она осталась.[2]| Да."),
        ("zh", "她走了。[1]|他来了。[2][3]|下雨了。"),
        ("ja", "彼は行った。[注 1]|雨が降った。[2]|はい。"),
    ],
)
def test_reference_marks_belong_to_the_sentence_before(language, marked):
    pieces = split_text(marked.replace("|", ""), TextSplit.SENTENCES, language)
    assert pieces == [piece.strip() for piece in marked.split("|")]


@pytest.mark.parametrize("unit", ["[", "“", "«", "。", ".[", "[1]", ". [1] ", "Mara sits.[1] ", "'"])
@pytest.mark.parametrize("language", ["xx", "en", "de", "zh", "th"])
def test_nothing_is_lost_however_long(unit, language):
    text = unit * (12_000 // len(unit))
    pieces = split_text(text, TextSplit.SENTENCES, language)
    assert "".join("".join(pieces).split()) == "".join(text.split())
