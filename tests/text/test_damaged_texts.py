"""Texts as programs write them: one bad entry never condemns a file, and nothing is lost in silence."""

# ruff: noqa: E501

import time
from contextlib import suppress
from pathlib import Path

import pytest

from mmtool.choices import TextFormat, TextSplit
from mmtool.errors import InputError
from mmtool.records import Snippet
from mmtool.text.readers import TextFile, read_text
from support.commands import call


@pytest.fixture
def read(tmp_path: Path):
    """Write a file of that name and content, then read it."""

    def write_and_read(name: str, content: str, text_format: TextFormat = TextFormat.AUTO) -> TextFile:
        path = tmp_path / name
        path.write_bytes(content.encode())
        return read_text(path, split=TextSplit.NONE, language="en", text_format=text_format)

    return write_and_read


A, B, C = Snippet("One.", 1.0, 2.0), Snippet("Two."), Snippet("Three.", 5.0, 6.0)
ASS = "[Events]\nDialogue: 0,{},Default,,0,0,0,,One.\nDialogue: 0,{},Default,,0,0,0,,Two.\nDialogue: 0,{},D,,0,0,0,,Three.\n"
GOOD, LAST = ("0:00:01.00,0:00:02.00", "0:00:05.00,0:00:06.00")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.srt", "1\n0:00:01,000 --> 0:00:02,000\nOne.\n\n2\n0:00:03,000 --> 0:00:03,000\nTwo.\n\n3\n0:00:05,000 --> 0:00:06,000\nThree.\n"),
        ("a.srt", "1\n0:00:01,000 --> 0:00:02,000\nOne.\n\n2\nNaN:NaN:NaN,NaN --> NaN:NaN:NaN,NaN\nTwo.\n\n3\n0:00:05,000 --> 0:00:06,000\nThree.\n"),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nOne.\n\n00:03.000 --> 00:03.000\nTwo.\n\n00:05.000 --> 00:06.000\nThree.\n"),
        ("a.ass", ASS.format(GOOD, "0:00:03.00,0:00:02.00", LAST)),
        ("a.ass", ASS.format(GOOD, "x,y", LAST)),
        ("a.tsv", "1\t2\tOne.\n4\t\tTwo.\n5\t6\tThree.\n"),
        ("a.csv", "start,end,text\n1,2,One.\n-4,4,Two.\n5,6,Three.\n"),
        ("a.jsonl", '{"text": "One.", "start": 1, "end": 2}\n{"text": "Two.", "start": "a", "end": true}\n{"text": "Three.", "start": "5", "end": "0:06"}\n'),
        ("a.txt", "[00:01.000 --> 00:02.000] One.\n[00:03.000 --> 00:01.000] Two.\n[00:05.000 --> 00:06.000] Three.\n"),
    ],
)  # fmt: skip
def test_unusable_times_are_left_out_and_counted(read, name, content):
    file = read(name, content)
    assert file.snippets == [A, B, C]
    assert len([note for note in file.notes if "1 " in note and "no usable times and was read" in note]) == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.srt", "1\n0:00:01,000 --> 0:00:02,000\nOne.\n\n2\n0:00:03,000 --> 0:00:04,000\n\n", "1 cue had no text"),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nOne.\n\n00:03.000 --> 00:04.000\n<i> </i>\n", "1 cue had no text"),
        ("a.ass", "[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,One.\nDialogue: 0,1,2,D,,0,0,0,,\n", "1 Dialogue line had no"),
        ("a.tsv", "start\tend\ttext\n1\t2\tOne.\n2\t3\t\n\t\t\n", "1 row had no text and was left out"),
        ("a.csv", "start,end,text\n1,2,One.\n2,3,\n,,\n", "1 row had no text and was left out"),
        ("a.jsonl", '{"text": "One.", "start": 1, "end": 2}\n{"text": " "}\n', "1 object had no text"),
        ("a.tsv", "1\t2\tOne.\n3\t4\n", "1 row was left out; line 2 is not a row"),
        ("a.ass", "[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,One.\nDialogue: 0,1\n", "1 Dialogue line was left out; line 3"),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nOne.\n\n00:03,000 --> 00:04,000\nlost\n", "1 cue had times that cannot be read"),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nOne.\n\nafter a blank line\n", "1 block of text outside of cues was left out (line 6)"),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nOne. <i\n", "1 cue had a tag without its >"),
        ("a.srt", "made by hand\n\n1\n0:00:01,000 --> 0:00:02,000\nOne.\n", "1 line before the first cue left out"),
    ],
)  # fmt: skip
def test_what_is_left_out_is_counted(read, name, content, said):
    file = read(name, content)
    assert file.snippets == [A]
    assert [said in note for note in file.notes] == [True]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.srt", "1\r\r\n0:00:01,000 --> 0:00:02,000\r\r\nOne.\r\r\n\r\r\n2\r\r\n0:00:05,000 --> 0:00:06,000\r\r\nThree.\r\r\n"),
        ("a.srt", "1\n\n0:00:01,000 --> 0:00:02,000\n\nOne.\n\n\n2\n\n0:00:05,000 --> 0:00:06,000\n\nThree.\n\n\n3\n\n"),
        ("a.srt", "1\n0:00:01,000 --> 0:00:02,000\nOne.\n\n\ufeff2\n0:00:05,000 --> 0:00:06,000\nThree.\n\n3\n"),
        ("a.srt", "1\n0:00:01,000 --> 0:00:02,000\nOne.\ufeff1\n0:00:05,000 --> 0:00:06,000\nThree.\n"),
        ("a.srt", "1\n00: 00: 01, 000 --> 00: 00: 02, 000\nOne.\n\n2\n00:00:05:000-->00:00:06:000\nThree.\n"),
        ("a.srt", "1\n1.0 --> 2.0\nOne.\n\n2\n5 --> 6\nThree.\n"),
        ("a.vtt", "1\n0:00:01,000 --> 0:00:02,000\nOne.\n\n2\n0:00:05,000 --> 0:00:06,000\nThree.\n"),
        ("a.txt", "1\n0:00:01,000 --> 0:00:02,000\nOne.\n\n2\n0:00:05,000 --> 0:00:06,000\nThree.\n"),
        ("a.txt", "WEBVTT\n\n00:01.000 --> 00:02.000\nOne.\n\n00:05.000 --> 00:06.000\nThree.\n"),
        ("a.txt", "\n" + ASS.format(GOOD, "0:00:00.00,0:00:01.00", LAST).replace("Two.", r"{\p1}m 0 0{\p0}")),
        ("a.csv", "Speaker,Start Time,End Time,Transcript\nAnn,00:00:01:00,00:00:02:00,One.\nBen,00:00:05:00,00:00:06:00,Three.\n"),
        ("a.csv", "In;Out;Text\n00:00:01.000;00:00:02.000;One.\n00:00:05.000;00:00:06.000;Three.\n"),
        ("a.csv", "text,start_ms,duration (ms)\nOne.,1000,1000\nThree.,5000,1000\n"),
        ("a.jsonl", '{"text": "One.", "start": 1, "duration": 1}\n{"text": "Three.", "start": 5, "duration": 1.0}\n'),
    ],
)  # fmt: skip
def test_odd_containers(read, name, content):
    assert read(name, content).snippets == [A, C]


def test_milliseconds_with_a_fraction(read):
    file = read("a.srt", "1\n00:00:01,249.09999 --> 00:00:02,251.8\nOne.\n")
    assert file.snippets == [Snippet("One.", 1.24909999, 2.2518)]


def test_a_pasted_transcript_with_times_is_recognised_and_said(read):
    text = "0:01\n1 second\nOne.\n0:05\n5 seconds\nThree\nand more.\n1:00:00\nThe end.\n"
    file = read("a.txt", text)
    assert file.snippets == [Snippet("One.", 1, 5), Snippet("Three and more.", 5, 3600), Snippet("The end.")]
    assert "read as a transcript with times" in file.notes[0]
    assert len(read("a.txt", text, TextFormat.PLAIN).snippets) == 9
    assert read("b.txt", "At 10:30 he left.\nHe met her at 9:00.\n").notes == []


def test_drawing_ends_where_the_file_says(read):
    line = (
        r"[Events]"
        + "\n"
        + r"Dialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,{\p1}m 0 0 l 1 1{\p0\i1}One.{\p1}m 1"
        + "\n"
    )
    assert read("a.ass", line).snippets == [A]


def test_columns_that_are_not_read_are_named(read):
    file = read("a.csv", "text,speaker,began,note\nOne.,Ann,00:00:01.5,x\nTwo.,Ben,00:00:03.5,\n")
    assert [snippet.text for snippet in file.snippets] == ["One.", "Two."]
    assert file.notes == [
        "3 columns are not read: speaker, began, note; to use times, name their columns start and end"
    ]


def test_whisper_quotes_nothing(read):
    rows = 'start\tend\ttext\n0\t2000\t"Go home,\n2000\t4000\tnow."\n4000\t6000\t"No."\n'
    assert [s.text for s in read("a.tsv", rows).snippets] == ['"Go home,', 'now."', '"No."']
    rows = 'start,end,text\n0,2,"Go home,\n2,4,now."\n4,6,"Not\n so."\n'
    assert [s.text for s in read("a.csv", rows).snippets] == ['"Go home,', 'now."', "Not so."]


ROLLING = [
    "00:00:01.000 --> 00:00:02.000{0}\n \nOne<00:00:01.500><c> two</c>",
    "00:00:02.000 --> 00:00:02.010\nOne two\n ",
    "00:00:02.010 --> 00:00:04.000\nOne two\nthree<c> four</c>",
    "00:00:04.000 --> 00:00:04.010\nthree four\n ",
    "00:00:04.010 --> 00:00:06.000\nthree four\nNo.",
    "00:00:09.000 --> 00:00:10.000\nNo.",
]


@pytest.mark.parametrize("name", ["a.vtt", "a.srt"])
def test_rolling_captions_are_read_once(read, name):
    head = "WEBVTT\n\n" if name == "a.vtt" else ""
    file = read(name, head + "\n\n".join(ROLLING).format(" align:start"))
    assert [s.text for s in file.snippets] == ["One two", "three four", "No.", "No."]
    assert (file.snippets[0].start, file.snippets[0].end) == (1.0, 2.0)
    assert file.notes == [
        "rolling captions: 4 cues repeat lines of the one before; the repetitions were removed"
    ]


def test_what_people_repeat_is_kept(read):
    cues = ["1\n0:00:01,000 --> 0:00:02,000\nNo.", "2\n0:00:02,000 --> 0:00:03,000\nNo.",
            "3\n0:00:03,000 --> 0:00:04,000\nYes.", "4\n0:00:04,000 --> 0:00:05,000\nWhy?"]  # fmt: skip
    file = read("a.srt", "\n\n".join(cues))
    assert [s.text for s in file.snippets] == ["No.", "No.", "Yes.", "Why?"]
    assert file.notes == []


WEBVTT = [  # of which the parser of the standard takes one cue
    ("WEBVTT\n\n000:01.000 --> 00:02.000\nlost\n\n00:01.000 --> 00:02.000\nOne.\n", "One."),
    ("WEBVTT\n\n00:01.000 --> 00:02.000align:start\nOne.\n", "One."),
    ("WEBVTT\n00:01.000 --> 00:02.000\nOne.\n", "One."),
    ("WEBVTT\n\nid\n00:01.000 --> 00:02.000\nOne.\n-- > not\n", "One. -- > not"),
    ("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>One.</v> &lt;&amp;&nope; <c.a", "One. <&&nope;"),
    ("WEBVTT\n\n00:01.000 --> 00:02.000\n \nOne.\n", "One."),
    ("WEBVTT\n\n00:01.000 --> 00:02.000\nOne.\n00:03.000 -->\nlost\n", "One."),
]


@pytest.mark.parametrize(("content", "text"), WEBVTT)
def test_webvtt_is_parsed_as_the_standard_says(read, content, text):
    assert read("a.vtt", content).snippets == [Snippet(text, 1.0, 2.0)]


def test_webvtt_cues_that_end_before_they_start_keep_their_text(read):
    file = read("a.vtt", "WEBVTT\n\n00:02.000 --> 00:02.000\nOne.\n\n00:03.000 --> 00:02.999\nTwo.\n")
    assert file.snippets == [Snippet("One."), Snippet("Two.")]
    assert file.notes == [
        "2 cues had no usable times and were read without them; "
        "line 3: the end 00:02.000 is not after the start 00:02.000"
    ]


def test_a_nul_in_webvtt_is_a_replacement_character(read):
    content = "WEBVTT\n\n00:01.000 --> 00:02.000 x:\0\nOne\0.\n\n0\0:03.000 --> 00:04.000\nlost\n"
    file = read("a.vtt", content)
    assert file.snippets == [Snippet("One\ufffd.", 1.0, 2.0)]
    assert file.notes == ["1 cue had times that cannot be read and was left out (line 6)"]


def test_what_is_said_over_and_over_is_not_a_rolling_caption(read):
    cues = [f"0:00:0{n},000 --> 0:00:0{n + 1},000\nGo!" for n in range(5)]
    assert [s.text for s in read("a.srt", "\n\n".join(cues)).snippets] == ["Go!"] * 5


def test_hours_have_any_number_of_digits(read):
    file = read("a.vtt", "WEBVTT\n\n100:00:01.000 --> 1000:00:02.000\nOne.\n")
    assert file.snippets == [Snippet("One.", 360001.0, 3600002.0)]


@pytest.mark.parametrize(
    ("name", "start", "unit"),
    [
        ("a.ass", "[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,", r"{\p1"),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n", "<"),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n", "&"),
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\n", "<a"),
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\n", "-->"),
        ("a.csv", "start,end,text\n", '"'),
        ("a.txt", "", "[0:01"),
        ("a.txt", "", "0:01 - "),
        ("a.txt", "", "["),
        ("a.txt", "Anna leaves.", "[1]"),
        ("a.fountain", "", "[["),
        ("a.fountain", "", "/*"),
        ("a.fountain", "", "# Act\n"),
        ("a.fountain", "", "INT. A - DAY\n"),
        ("a.fountain", "", "*a _b "),
        ("a.txt", "", "INT. A - DAY\nANNA\n"),
        ("a.txt", "", "(CONTINUED)\n("),
        ("a.jsonl", "", '{"text":'),
    ],
)
def test_floods_take_no_quadratic_time(read, name, start, unit):
    begin = time.process_time()
    with suppress(InputError):
        read(name, start + unit * (300_000 // len(unit)))
    assert time.process_time() - begin < 5  # under 1 s; minutes where it is quadratic


@pytest.mark.parametrize(
    "times",
    [
        *("00:00:03,000 -> 00:00:04,000", "00:00:03,000 –> 00:00:04,000", "00:00:03,000 - -> 00:00:04,000"),
        *("00:00:03,000 → 00:00:04,000", "00:00:03，000 --> 00:00:04，000", "00：00：03 --> 00：00：04"),
    ],
)
def test_lines_of_times_are_read_however_they_are_typed(read, times):
    file = read("a.srt", f"1\n00:00:01,000 --> 00:00:02,000\nOne.\n\n2\n{times}\nTwo.\n")
    assert file.snippets == [Snippet("One.", 1.0, 2.0), Snippet("Two.", 3.0, 4.0)]


def test_an_arrow_in_a_text_is_text(read):
    file = read("a.srt", "1\n00:00:01,000 --> 00:00:02,000\nGo left -> 3:00 → right.\n12 – 14\n")
    assert file.snippets == [Snippet("Go left -> 3:00 → right. 12 – 14", 1.0, 2.0)]


@pytest.mark.parametrize("number", ["\u200b2", "2.", "#2", "2:", "２"])
def test_decorated_numbers_of_cues_are_no_text(read, number):
    first, last = "1\n0:00:01,000 --> 0:00:02,000\nOne.\n", "\n0:00:03,000 --> 0:00:04,000\nTwo.\n"
    file = read("a.srt", f"{first}\n{number}{last}")
    assert file.snippets == [Snippet("One.", 1.0, 2.0), Snippet("Two.", 3.0, 4.0)]


def test_a_number_that_is_said_is_text(read):
    cues = "1\n0:00:01,000 --> 0:00:02,000\nOne or\n7.\n\n2\n0:00:03,000 --> 0:00:04,000\nTwo.\n"
    assert [snippet.text for snippet in read("a.srt", cues).snippets] == ["One or 7.", "Two."]


def test_captions_that_grow_word_by_word_are_read_once(read):
    words = ["see", "see the", "see the mill", "see the mill burn", "nobody", "nobody comes"]
    cues = [f"0:00:0{n},000 --> 0:00:0{n + 1},000\n{text}" for n, text in enumerate(words)]
    file = read("a.srt", "\n\n".join(cues))
    assert file.snippets == [Snippet("see the mill burn", 0.0, 4.0), Snippet("nobody comes", 4.0, 6.0)]
    assert file.notes == ["captions that grow word by word: 4 cues that the next one repeats left out"]


def test_the_lines_of_a_json_array_are_objects(read):
    rows = '[\n{"text": "One.", "start": 0, "end": 1},\n{"text": null},\n{"text": "Two."}\n]\n'
    file = read("a.jsonl", rows)
    assert file.snippets == [Snippet("One.", 0.0, 1.0), Snippet("Two.")]
    assert file.notes == ["1 object had no text and was left out"]


def test_keys_of_other_programs_are_read_and_the_rest_is_named(read):
    rows = '{"sentence": "One.", "startMs": 1500, "endMs": 2500, "id": 7}\n{"text": "Two.", "from": "Ann"}\n'
    file = read("a.jsonl", rows)
    assert file.snippets == [Snippet("One.", 1.5, 2.5), Snippet("Two.")]
    assert file.notes == ["2 keys are not read: id, from"]


@pytest.mark.parametrize(
    ("headings", "rows"),
    [
        ("startMs,endMs,caption", "1500,3000,One."),
        ("TC IN;TC OUT;Untertitel", "00:00:01:12;00:00:03:00;One."),
        ("Anfang;Ende;Text", "1,5;3;One."),
        ("开始,结束,台本", "1.5,3,One."),
        ("alku,loppu,puhuja,repliikki", "1.5,3,A,One."),
    ],
)
def test_times_below_headings_of_other_programs_and_languages(read, headings, rows):
    assert read("a.csv", f"{headings}\n{rows}\n").snippets == [Snippet("One.", 1.5, 3.0)]


def test_quotes_after_backslashes_end_no_cell(read):
    file = read("a.csv", 'start,end,text\n0,1,"He said \\"go\\", and left."\n1,2,"C:\\"\n')
    assert [snippet.text for snippet in file.snippets] == ['He said "go", and left.', "C:\\"]


@pytest.mark.parametrize(
    "content",
    [
        "Ann Lee   0:01\nOne.\n\nBen  0:03\nTwo.\n",  # meeting programs
        "0:00:01.000,0:00:03.000\nOne.\n\n0:00:03.000,0:00:04.000\nTwo.\n",  # YouTube's .sbv
        "1.000000\t3.000000\tOne.\n\\\t100.0\t200.0\n3.000000\t4.000000\tTwo.\n",  # Audacity
    ],
)
def test_times_in_a_plain_text_are_recognised(read, content):
    file = read("a.txt", content)
    assert (file.snippets[0].start, file.snippets[0].end) == (1.0, 3.0)
    assert [snippet.text for snippet in file.snippets] == ["One.", "Two."]
    assert "with times; with `text_format=plain` its lines are kept" in file.notes[0]


def test_a_time_at_the_end_of_what_is_said_is_text(read):
    file = read("a.txt", "[0:01] One.\nWe meet at  3:15\n[0:03] Two.\n[0:05] Three.\n")
    assert [snippet.text for snippet in file.snippets] == ["One. We meet at 3:15", "Two.", "Three."]


@pytest.mark.parametrize(("name", "other"), [("a.ass", "a.srt"), ("a.srt", "a.ass")])
def test_subtitles_below_the_suffix_of_another_format(read, name, other):
    contents = {
        "a.srt": "1\n00:00:01,000 --> 00:00:02,000\nOne.\n",
        "a.ass": "[Events]\nFormat: Start, End, Text\nDialogue: 0:00:01.00,0:00:02.00,One.\n",
    }
    file = read(name, contents[other])
    assert file.snippets == [Snippet("One.", 1.0, 2.0)]
    assert file.notes[0].endswith("subtitles, in spite of its suffix")


def test_files_of_other_types_are_named(tmp_path):
    for folder in ("videos", "texts"):
        (tmp_path / folder).mkdir()
    (tmp_path / "texts" / "a.txt").write_text("One.\n")
    (tmp_path / "texts" / "b.json").write_text("[]")
    (tmp_path / "videos" / "c.xyz").write_text("")
    said = call("segment", tmp_path).stderr
    assert "texts: left out b.json; only files that end in" in said
    assert "videos: left out c.xyz; only files that end in" in said
    (tmp_path / "texts" / "a.txt").unlink()
    assert "b.json" in call("segment", tmp_path, code=2).stderr


def test_a_cue_without_letters_is_not_placed_and_a_note_says_so(tmp_path):
    for folder in ("clips", "texts"):
        (tmp_path / folder).mkdir()
    (tmp_path / "clips" / "a.csv").write_text("clip,start,end,start_frame,end_frame\n0,0,5,,\n1,5,10,,\n")
    (tmp_path / "texts" / "a.srt").write_text(
        "1\n00:00:01,000 --> 00:00:02,000\nHello there\n\n2\n00:00:03,000 --> 00:00:04,000\n♪♪\n",
        encoding="utf-8",
    )
    call("segment", tmp_path)
    assert "a: 1 snippet has no letters and was not placed" in call("align", tmp_path).stderr
