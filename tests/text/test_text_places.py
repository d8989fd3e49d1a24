"""Formats with kinds and columns, and where each snippet stands: nothing is lost, nothing invented."""

import csv
import io
import itertools
import json
import re
import sys
from pathlib import Path

import pysubs2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtool.choices import TextFormat, TextSplit
from mmtool.errors import InputError
from mmtool.formats.snippets import read_snippets, write_snippets
from mmtool.records import Place, Snippet
from mmtool.settings.segment import SegmentSettings
from mmtool.stages.segment import segment
from mmtool.text.encoding import read_decoded
from mmtool.text.phrases import MAX_WORDS, PhraseModel
from mmtool.text.readers import TextFile, read_text
from mmtool.text.source import Passage, Source, parts_without
from support.commands import call
from support.texts import split_text

steady = settings(derandomize=True, deadline=None, max_examples=12)
SPLITS = list(TextSplit)


def read(folder: Path, name: str, content: str | bytes, split=TextSplit.NONE, **options) -> TextFile:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_text(path, split=split, **({"language": "en"} | options))


def kinds(file: TextFile) -> list[tuple[str, str]]:
    return [(snippet.kind, snippet.text) for snippet in file.snippets]


# --- places -------------------------------------------------------------------------------------

WORDS = st.lists(
    st.sampled_from(["Anna", "runs,", "and", "Dr.", "Ben.", "“No!”", "waits;", "which", "is", "é😀", "(so)"]),
    min_size=1,
    max_size=40,
).map(" ".join)


def check_places(path: Path, snippets: list[Snippet], markup: str = r"(?!)") -> None:
    """Without markup and white space a snippet is its span of the source; spans follow each other."""
    text, _ = read_decoded(path)
    before = 0
    for snippet in snippets:
        line, start, end = snippet.place
        assert re.sub(markup, "", text[start:end]).split() == snippet.text.split()
        assert line == text.count("\n", 0, start) + 1
        assert start >= before
        before = end


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("language", ["en", "de"])
@steady
@given(texts=st.lists(WORDS, min_size=1, max_size=5), gaps=st.sampled_from(["\n", "\n\n", " \n\t\n", "\r\n"]))
def test_plain_text_is_all_there(tmp_path_factory, split, language, texts, gaps):
    folder = tmp_path_factory.getbasetemp()
    content = gaps + gaps.join(texts).replace("and", "and\t ") + gaps
    snippets = read(folder, "p.txt", content, split, language=language).snippets
    check_places(folder / "p.txt", snippets)
    assert "".join("".join(s.text.split()) for s in snippets) == "".join(content.split())


def in_format(suffix: str, texts: list[str]) -> str:
    """Texts as a file of a format, without any markup."""
    times = [f"00:00:{2 * k:02}.000 --> 00:00:{2 * k + 1:02}.000" for k in range(len(texts))]
    rows = io.StringIO()
    csv.writer(rows, lineterminator="\n").writerows([("kind", "text"), *(("a,b", text) for text in texts)])
    return {
        ".srt": "\n\n".join(f"{k}\n{times[k]}\n{text}" for k, text in enumerate(texts)),
        ".vtt": "WEBVTT\n\n" + "\n\n".join(f"{times[k]}\n{text}" for k, text in enumerate(texts)),
        ".ass": "[Events]\n"
        + "\n".join(f"Dialogue: 0,0:00:{2 * k:02}.00,0:01:00.50,D,,0,0,0,,{t}" for k, t in enumerate(texts)),
        ".tsv": "\n".join(f"{k}\t{k + 1}\t{text}" for k, text in enumerate(texts)),
        ".csv": rows.getvalue(),
        ".jsonl": "\n".join(json.dumps({"kind": 'x"}', "text": text}) for text in texts),
        ".fountain": "\n\n".join("!" + text for text in texts),
    }[suffix]


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("suffix", [".srt", ".vtt", ".ass", ".tsv", ".csv", ".jsonl", ".fountain"])
@steady
@given(texts=st.lists(WORDS, min_size=1, max_size=5))
def test_every_format_keeps_every_word_and_its_place(tmp_path_factory, suffix, split, texts):
    folder = tmp_path_factory.getbasetemp()
    content = in_format(suffix, texts)
    snippets = read(folder, f"p{suffix}", content, split).snippets
    assert " ".join(s.text for s in snippets).split() == " ".join(texts).split()
    if suffix != ".jsonl":  # whose escapes are not literal text
        check_places(folder / f"p{suffix}", snippets, r"^!")
    for snippet in snippets:
        said = content[snippet.place.start : snippet.place.end]
        assert "\n" not in said
        assert said.count(" ") == snippet.text.count(" ")


def test_markup_and_escapes_are_inside_the_span(tmp_path):
    content = "WEBVTT\n\n00:01.000 --> 00:02.000\n<i>You &amp;</i> me. <b>Go!</b>\n"
    first, second = read(tmp_path, "a.vtt", content, TextSplit.SENTENCES).snippets
    assert (first.text, content[first.place.start : first.place.end]) == ("You & me.", "You &amp;</i> me.")
    assert (second.text, content[second.place.start : second.place.end]) == ("Go!", "Go!")
    assert first.place.line == 4


def test_a_replaced_part_has_the_span_of_what_it_replaces():
    text = "a&amp;b"
    parts = parts_without(text, 0, len(text), re.compile("&amp;"), lambda _: "&")
    places = Passage(parts).places(Source(Path("a"), text), [(0, 1), (1, 2), (2, 3), (0, 3)])
    assert [place[1:] for place in places] == [(0, 1), (1, 6), (6, 7), (0, 7)]


def test_places_and_kinds_are_written_and_read(tmp_path):
    path = tmp_path / "a.csv"
    snippets = [Snippet("Anna", kind="character", place=Place(3, 20, 24)), Snippet("x" * 200_000, 0.0, 1.0)]
    write_snippets(path, snippets)
    assert read_snippets(path) == snippets
    assert [snippet.place for snippet in read_snippets(path)] == [Place(3, 20, 24), None]
    path.write_text("snippet,text,start,end\n0,an older file,,\n")
    assert read_snippets(path) == [Snippet("an older file")]


@pytest.mark.parametrize("cells", ["1,2,x", "0,0,1", "1,5,5", "1,2,"])
def test_impossible_places(tmp_path, cells):
    (tmp_path / "a.csv").write_text(f"snippet,text,start,end,kind,line,from,to\n0,a,,,,{cells}\n")
    with pytest.raises(InputError, match="line 2"):
        read_snippets(tmp_path / "a.csv")


# --- formats ------------------------------------------------------------------------------------

FOUNTAIN = """Title: Big _Fish_
Author: A. Writer

FADE IN:

INT. HOUSE - DAY #1#

Anna *runs* in. /* a cut
scene */ She has 5 * 3 [[why?]] apples and a snake_case_name.

# Act one

= What happens

ANNA (V.O.)
(whispering)
Where is **he**?

@McAvoy ^
Here!

.THE STREET

!BANG

> CUT TO:

>THE END<
"""


def test_fountain(tmp_path):
    expected = [
        ("transition", "FADE IN:"),
        ("scene", "INT. HOUSE - DAY"),
        ("action", "Anna runs in. She has 5 * 3 apples and a snake_case_name."),
        ("character", "ANNA (V.O.)"),
        ("parenthetical", "(whispering)"),
        ("dialogue", "Where is he?"),
        ("character", "McAvoy"),
        ("dialogue", "Here!"),
        ("scene", "THE STREET"),
        ("action", "BANG"),
        ("transition", "CUT TO:"),
        ("action", "THE END"),
    ]
    assert kinds(read(tmp_path, "a.fountain", FOUNTAIN)) == expected
    split = kinds(read(tmp_path, "a.fountain", FOUNTAIN, TextSplit.SENTENCES))
    assert ("scene", "INT. HOUSE - DAY") in split  # a heading is not a sentence
    assert ("action", "Anna runs in.") in split


INDENTED = """                                                     2.
12   INT. HOUSE - DAY                                    12

     Anna walks to the door
     and opens it.

                         ANNA (O.S.)
                    (softly)
               Who is there? I have
               waited.
     Nobody.

                                             CUT TO:

13   EXT. STREET - NIGHT                                 13

     STOP signs everywhere.
"""
INDENTED_KINDS = [
    ("page", "2."),
    ("scene", "12 INT. HOUSE - DAY 12"),
    ("action", "Anna walks to the door and opens it."),
    ("character", "ANNA (O.S.)"),
    ("parenthetical", "(softly)"),
    ("dialogue", "Who is there? I have waited."),
    ("action", "Nobody."),
    ("transition", "CUT TO:"),
    ("scene", "13 EXT. STREET - NIGHT 13"),
    ("action", "STOP signs everywhere."),
]


def test_a_screenplay_in_plain_text_is_told_by_its_headings(tmp_path):
    file = read(tmp_path, "a.txt", INDENTED)
    assert kinds(file) == INDENTED_KINDS
    assert "read as a screenplay" in file.notes[0]
    check_places(tmp_path / "a.txt", file.snippets)
    plain = read(tmp_path, "a.txt", INDENTED, text_format=TextFormat.PLAIN)
    assert {snippet.kind for snippet in plain.snippets} == {""}
    assert plain.notes == []


@pytest.mark.parametrize(
    "prose",
    [
        "The script began:\n\nINT. HOUSE - DAY\n\nHe put it away. EXTRA work\nfor him.\n",
        "EXT. and INT. are short for exterior and interior.\n\nANNA\nwas bored.\n\nINT. is rarer.\n",
        "CHAPTER ONE\nIt was a dark night.\n\nCHAPTER TWO\nIt was INT. no more. EXT. too.\n",
    ],
)
def test_prose_is_not_a_screenplay(tmp_path, prose):
    assert {snippet.kind for snippet in read(tmp_path, "a.txt", prose).snippets} == {""}


ASS = r"""[Script Info]
Title: x
[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,not shown
Dialogue: 0,0:00:01.00,0:00:02.50,Default,Bob,0,0,0,,{\i1}Hello{\i0}, you,\Nthere
Dialogue: 0,0:00:02.00,0:00:03.00,Default,,0,0,0,,{\p1}m 0 0 l 1 1{\p0}
Dialogue: 1,1:00:03.00,1:00:04.00,Default,,0,0,0,,Bye\hnow
"""


def test_ass_reads_as_pysubs2_does(tmp_path):
    snippets = read(tmp_path, "a.ass", ASS).snippets
    events = [event for event in pysubs2.SSAFile.from_string(ASS) if event.is_text]
    assert [(s.text, s.start, s.end) for s in snippets] == [
        (" ".join(e.plaintext.split()), e.start / 1000, e.end / 1000) for e in events
    ]
    assert [s.text for s in snippets] == ["Hello, you, there", "Bye now"]
    assert snippets[0].place.line == 9


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", 'text\n"She said ""no"", and left"\n', [Snippet('She said "no", and left')]),
        ("a.csv", "text;start;end\nOui, oui;1,5;2\n", [Snippet("Oui, oui", 1.5, 2.0)]),
        ("a.csv", "0,1,Hello, you\n", [Snippet("Hello, you", 0.0, 1.0)]),
        ("a.csv", 'kind,text\nx,"a\nb"\n', [Snippet("a b", kind="x")]),
        ("a.csv", "text,start,end\n#1 fan,,\n", [Snippet("#1 fan")]),
        ("a.tsv", '0\t1\t"No," he said\n', [Snippet('"No," he said', 0.0, 1.0)]),
        ("a.tsv", "start\tend\ttext\n0\t1500\tA\n", [Snippet("A", 0.0, 1.5)]),
        ("a.tsv", "start\tend\ttext\n0\t15\tA\n15\t20\tB\n", [Snippet("A", 0, 15), Snippet("B", 15, 20)]),
        ("a.jsonl", '{"a": {"text": "no"}, "text": "caf\\u00e9 \\"x\\"", "start": 1, "end": 2.5}\n',
         [Snippet('café "x"', 1.0, 2.5)]),
    ],
)  # fmt: skip
def test_tables_and_objects(tmp_path, name, content, expected):
    file = read(tmp_path, name, content)
    assert file.snippets == expected
    assert any("milliseconds" in note for note in file.notes) == ("1500" in content)


@steady
@given(st.lists(st.text(alphabet='a ",\n;', min_size=1).map(lambda t: f"x{t}x"), min_size=1, max_size=6))
def test_csv_cells_are_those_of_the_csv_module(tmp_path_factory, texts):
    rows = io.StringIO()
    csv.writer(rows, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["text"], *([t] for t in texts)])
    snippets = read(tmp_path_factory.getbasetemp(), "q.csv", rows.getvalue()).snippets
    assert [s.text for s in snippets] == [" ".join(t.split()) for t in texts]


# --- languages and phrases ----------------------------------------------------------------------


def test_other_languages_have_their_own_sentences():
    assert split_text("他走了。她来了。", TextSplit.SENTENCES, "zh") == ["他走了。", "她来了。"]
    assert split_text("Am 5. Mai kam Dr. Meier. Er ging.", TextSplit.SENTENCES, "de") == [
        "Am 5. Mai kam Dr. Meier.",
        "Er ging.",
    ]


def test_phrases_without_a_model_end_at_marks_and_a_note_says_so(tmp_path):
    file = read(tmp_path, "a.txt", "Anna läuft nach Hause, weil es regnet.", TextSplit.PHRASES, language="de")
    assert [s.text for s in file.snippets] == ["Anna läuft nach Hause,", "weil es regnet."]
    assert "only English has a model" in file.notes[0]


def test_a_model_weighs_features_and_keeps_the_lengths():
    """Only "and" counts: one border before it, unless a phrase would be too short or too long."""
    model = PhraseModel(weights={"after  and": 4.0}, bias=-2.0, threshold=0.5)
    assert model.borders(["a", "b", "c", "and", "d", "e", "f"]) == [3]
    assert model.borders(["a", "b", "and", "c", "d", "e", "f"]) == []
    long = model.borders(["a"] * (MAX_WORDS + 5))
    assert len(long) == 1
    assert 5 <= long[0] <= MAX_WORDS


# --- bad input ----------------------------------------------------------------------------------


def test_each_bad_text_is_one_line_and_the_rest_is_done(tmp_path):
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "good.txt").write_text("Anna runs.\n")
    (texts / "long.txt").write_text("word " * 60_000)  # one line, longer than the csv module's limit
    (texts / "zero.txt").write_bytes(b"Anna\nruns\0.\n")
    (texts / "back.srt").write_text("1\n00:00:05,000 --> 00:00:02,000\nx\n")
    (texts / "over.srt").write_text("00:00:01,000 --> 00:00:05,000\na\n\n00:00:02,000 --> 00:00:06,000\nb\n")
    (texts / "half.jsonl").write_text('{"text": "a"}\n{"text": "b\n{"text": "c\n')
    (texts / "most.jsonl").write_text('{"text": "a"}\n{"text": "b\n')
    (texts / "utf16.txt").write_bytes("Zoë läuft nach Hause".encode("utf-16-le"))
    result = call("segment", tmp_path, code=1)
    for name, said in {
        "zero.txt": "line 2 contains a NUL byte",
        "back.srt": "line 2: the end 00:00:02,000 is not after",
        "half.jsonl": "line 2 is not JSON (in all, 2 of 3 objects cannot be used)",
        "most.jsonl": "1 object was left out; line 2 is not JSON",
        "over.srt": "1 text begins before the previous one ends",
        "utf16.txt": "read as utf-16-le",
    }.items():
        assert [said in line for line in result.stderr.splitlines() if name in line] == [True]
    done = {path.stem for path in (tmp_path / "snippets").glob("*.csv")}
    assert done == {"good", "long", "most", "over", "utf16"}
    assert len(read_snippets(tmp_path / "snippets" / "long.csv")[0].text) == 299_999


def test_a_language_is_a_code(tmp_path):
    assert "--language must be" in call("segment", tmp_path, "--language", "english", code=2).stderr


@pytest.mark.parametrize("line", ["word ", "Anna runs, and Ben waits. ", 'a"b,"', "INT. A\n\n", "Ja. („"])
@pytest.mark.parametrize("split", SPLITS)
def test_work_grows_with_the_length_of_a_text_not_its_square(tmp_path, line, split):
    """Work is counted in calls, which no busy machine changes."""
    calls = []
    for size in (2_000, 8_000):
        content = line * (size // len(line))
        count = itertools.count()
        sys.setprofile(lambda *_, count=count: next(count))
        try:
            for name, language in (("a.txt", "en"), ("a.txt", "de"), ("a.csv", "en")):
                read(
                    tmp_path, name, ("text\n" if name == "a.csv" else "") + content, split, language=language
                )
        finally:
            sys.setprofile(None)
        calls.append(next(count))
    assert calls[1] < 6 * calls[0]  # 4 where it is linear, 16 where it is not


def test_texts_are_counted_while_they_are_split(tmp_path):
    (tmp_path / "texts").mkdir()
    for name in "ab":
        (tmp_path / "texts" / f"{name}.txt").write_text("One line.\n", encoding="utf-8")
    calls = []
    segment(tmp_path, SegmentSettings(), progress=lambda *call: calls.append(call))
    assert calls == [("texts split", 0, 2, "texts"), ("texts split", 1, 2, "texts")]
