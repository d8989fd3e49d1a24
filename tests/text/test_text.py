"""Text files become snippets: formats, encodings, splitting, and what is refused."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtool.choices import TextSplit
from mmtool.errors import InputError
from mmtool.records import Interval, Snippet
from mmtool.text import TEXT_SUFFIXES
from mmtool.text.phrases import MAX_WORDS, MIN_WORDS
from mmtool.text.readers import TextFile, read_text
from mmtool.text.source import Passage, Source, plain_parts
from mmtool.text.splitting import snippets_of, splitter
from support.texts import split_text


def split_sentences(text: str, language: str = "en") -> list[str]:
    return split_text(text, TextSplit.SENTENCES, language)


def split_phrases(text: str, language: str = "en") -> list[str]:
    return split_text(text, TextSplit.PHRASES, language)


steady = settings(derandomize=True, deadline=None)


@pytest.fixture
def read(tmp_path: Path):
    """Write a file of that name and content, then read it."""

    def write_and_read(name: str, content: str | bytes, split: TextSplit = TextSplit.NONE) -> TextFile:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_text(path, split=split, language="en")

    return write_and_read


# --- plain text ---------------------------------------------------------------------------------


def test_plain_text_is_a_snippet_a_line(read):
    file = read("a.txt", "  Anna \t runs. \r\n\n \t\nShe falls. She cries.\rThe end")
    assert file.snippets == [Snippet("Anna runs."), Snippet("She falls. She cries."), Snippet("The end")]


def test_sentences_run_over_hard_wrapped_lines_but_not_over_blank_ones(read):
    text = "Anna runs home\nvery fast. She falls\n  \nBen laughs"
    pieces = [snippet.text for snippet in read("a.txt", text, TextSplit.SENTENCES).snippets]
    assert pieces == ["Anna runs home very fast.", "She falls", "Ben laughs"]


def test_phrases_of_plain_text(read):
    text = "Anna runs all the way home,\nwhere her brother Ben has already cooked. She eats."
    pieces = [snippet.text for snippet in read("a.txt", text, TextSplit.PHRASES).snippets]
    assert pieces == [
        "Anna runs all the way home,",
        "where her brother Ben has already cooked.",
        "She eats.",
    ]


# --- subtitles ----------------------------------------------------------------------------------

SRT = r"""1
00:00:01,000 --> 00:00:02,500
{\an8}<i>Hello</i>,
<font color="red">you</font>

2
00:00:03.000 --> 01:00:04.250 X1:1 X2:2
In the year

1984
3
0:01:05,000 --> 0:01:06,000
I <3 you & 5 < 6 &amp; that<br/>is\Nall

4
0:01:07,000 --> 0:01:08,000
<i> </i>
"""
SRT_SNIPPETS = [
    Snippet("Hello, you", 1.0, 2.5),
    Snippet("In the year 1984", 3.0, 3604.25),
    Snippet("I <3 you & 5 < 6 &amp; that is all", 65.0, 66.0),
]


@pytest.mark.parametrize("prefix", ["", "\ufeff", "\n\n"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_srt(read, prefix, newline):
    assert read("a.srt", prefix + SRT.replace("\n", newline)).snippets == SRT_SNIPPETS


def test_a_number_on_the_last_line_of_an_srt_file_is_text(read):
    assert read("a.srt", "1\n00:00:01,000 --> 00:00:02,000\n1984").snippets == [Snippet("1984", 1.0, 2.0)]


VTT = """WEBVTT - a title
Kind: captions

STYLE
::cue { color: red }

REGION
id:fred

opening words
00:01.000 --> 00:02.500 align:start position:10%
<v Bob Ross>Hello <i>there</i> &amp; you,
second <c.red.big>line</c> <00:01.500>now

NOTE a comment
over two lines

00:59:59.000 --> 01:00:01.000
1 &lt; 2
2
01:00:02.000 --> 01:00:03.000
Bye

NOTE the end
"""
VTT_SNIPPETS = [
    Snippet("Hello there & you, second line now", 1.0, 2.5),
    Snippet("1 < 2", 3599.0, 3601.0),
    Snippet("Bye", 3602.0, 3603.0),
]


@pytest.mark.parametrize("prefix", ["", "\ufeff"])
def test_vtt(read, prefix):
    assert read("a.VTT", prefix + VTT).snippets == VTT_SNIPPETS


def test_webvtt_is_known_by_its_header_whatever_the_suffix(read):
    assert read("a.srt", VTT).snippets == VTT_SNIPPETS
    assert read("a.vtt", SRT).snippets == SRT_SNIPPETS


# --- tables -------------------------------------------------------------------------------------


def test_tsv_with_header_and_comments(read):
    table = (
        "# a comment\nStart\tEnd\tText\n"
        "0\t1.5\tAnna  runs.\n\n  # another\n"
        "1:30\t1:31,25\tShe\tfalls.\n"
        "1:00:00.5\t3700\tThe end."
    )
    assert read("a.tsv", table).snippets == [
        Snippet("Anna runs.", 0.0, 1.5),
        Snippet("She falls.", 90.0, 91.25),
        Snippet("The end.", 3600.5, 3700.0),
    ]


def test_times_are_the_nearest_float(read):
    # 3600 + 23 * 60 + 45 + 0.678 as a sum of floats need not be 5025.678
    assert read("a.tsv", "1:23:45.678\t5025.679\tx").snippets == [Snippet("x", 5025.678, 5025.679)]


# --- dividing time ---------------------------------------------------------------------------


def test_time_is_divided_by_characters(read):
    # 10 + 30 characters share 8 seconds: 2 and 6.
    first, second = "Anna runs.", "She falls over all that water."
    assert (len(first), len(second)) == (10, 30)
    file = read("a.tsv", f"4\t12\t{first} {second}", TextSplit.SENTENCES)
    assert file.snippets == [Snippet(first, 4.0, 6.0), Snippet(second, 6.0, 12.0)]


@steady
@given(
    st.lists(st.sampled_from(["Anna runs.", "Ben, who sleeps, dreams!", "No?"]), min_size=1, max_size=9),
    st.floats(0, 1e4),
    st.floats(0.01, 1e3),
)
def test_the_shares_of_time_fill_the_snippet(sentences, start, duration):
    text = " ".join(sentences)
    passage = Passage(plain_parts(text, 0, len(text)), times=Interval(start, start + duration))
    pieces = list(snippets_of(Source(Path("a"), text), passage, splitter(TextSplit.SENTENCES, "en")))
    assert [piece.text for piece in pieces] == sentences
    assert pieces[0].start == start
    assert pieces[-1].end == start + duration
    assert all(piece.start < piece.end for piece in pieces)
    assert all(a.end == b.start for a, b in pairwise(pieces))


# --- encodings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("cp1252", "cp1252")],
)
def test_encodings(read, codec, found):
    file = read("a.txt", "Zoë’s café – 5 €\nÜber".encode(codec))
    assert file == TextFile([Snippet("Zoë’s café – 5 €"), Snippet("Über")], encoding=found)


def test_big_endian_utf16(read):
    assert read("a.txt", b"\xfe\xff" + "Zoë".encode("utf-16-be")) == TextFile([Snippet("Zoë")], "utf-16")


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"caf\x81",  # undefined in CP1252, not UTF-8
        b"\xff\xfea",  # half a UTF-16 character
        "wide".encode("utf-32")[:-1],
    ],
)
def test_what_is_not_text_names_the_remedy(read, data):
    with pytest.raises(InputError, match=r"a\.txt: .*(save (it|the file) as UTF-8|`encoding`)"):
        read("a.txt", data)


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", TEXT_SUFFIXES)
@pytest.mark.parametrize("content", ["", " \n\t\r\n", "\ufeff"])
def test_files_without_text(read, suffix, content):
    with pytest.raises(InputError, match="has no text"):
        read(f"a{suffix}", content)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.srt", "Just text.\n", "has no cue"),
        ("a.vtt", "WEBVTT\n\nNOTE nothing\n", "has no cue"),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n\nlost\n", "has no cue, row or element"),
        ("a.srt", "1\n00:00:02,000 --> 00:00:01,000\nx\n", "line 2: the end 00:00:01,000 is not after"),
        ("a.vtt", "WEBVTT\n\n00:01:00 --> 01:02:00x\nx\n", "line 3: '01:02:00x' is not a time"),
        ("a.srt", "1\n00:00:01,000 --> 00:00:6x\nx\n", "line 2: '00:00:6x' is not a time"),
        ("a.srt", "1\n00:00:01,000 -->\nx\n", "line 2: '' is not a time"),
        ("a.srt", "1\n-00:00:01,000 --> 00:00:02,000\nx\n", "line 2: '-00:00:01,000' is not a time"),
        ("a.srt", "1\n00:61:01,000 --> 00:62:02,000\nx\n", "line 2: '00:61:01,000' is not a time"),
        ("a.tsv", "start\tend\ttext\n# nothing\n", "has no rows"),
        ("a.tsv", "0\t1\n2\t3\n", "line 1 is not a row (in all, 2 of 2 rows cannot be used)"),
        ("a.tsv", "0\t1\n2\t3\tx\n4\t5\n", "line 1 is not a row (in all, 2 of 3 rows cannot be used)"),
        ("a.tsv", "0 1 spaces for tabs\n", "line 1 is not a row"),
        ("a.tsv", "# c\nzero\t1\tx\n", "line 2: 'zero' is not a time"),
        ("a.tsv", "soon\tlate\tx\nzero\tone\ty\n", "line 1: 'soon' is not a time (in all, 2 of 2 rows"),
        ("a.tsv", "nan\tinf\tx\n", "line 1: 'nan' is not a time"),
        ("a.tsv", "5\t4\tx\n", "line 1: the end 4 is not after the start 5"),
        ("a.docx", "x", "is not a supported text file; use .txt, .srt, .vtt, .ass"),
    ],
)
def test_bad_files_are_named_with_the_place_and_a_remedy(read, name, content, said):
    with pytest.raises(InputError) as caught:
        read(name, content)
    assert f"{name}: {said}" in str(caught.value)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    folder = tmp_path / "folder.txt"
    folder.mkdir()
    for path in (tmp_path / "missing.txt", folder):
        with pytest.raises(InputError, match="cannot be read"):
            read_text(path, split=TextSplit.NONE, language="en")


# --- sentences and phrases ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "marked",  # "|" stands where the text is split
    [
        "Mr. Smith met Dr. Jones at St. Mary's.| He was late.",
        "“Mr. Smith” left.| (Dr. Lee stayed.)",
        "Acme Inc. Chairman Lee met Smith Jr. Friday.",
        "He lives in the U.S. Army base.| She left the U.S.| He stayed.",
        "J. K. Rowling wrote it.| James T. Kirk read it.",
        "He took vitamin C.| It helped.",
        "It cost 3.50 dollars.| Version 2.0.1 is at example.com today.| Good.",
        "Well... maybe.| I don't know...| Maybe not… ever.",
        "Well . . . maybe . . .| Not.",
        '"Go."| He left.| "Stay!" she said.| He said "No."| Then he ran.',
        "“Really?”| “Yes.”| (He left.)| She stayed.",
        "« Oui. »| Il part.| ¿Qué?| ¡Sí!",
        "What?!| No way!| Yes.",
        "They met at 5 p.m.| Then they left at 6 p.m. on Friday.",
        "Use it, e.g. here, i.e. now, etc.| Then stop.",
        "No. 5 is alive.| He said no.| Then he left on Jan. 5 with Smith, Jr. and Co.",
        "1. Open it.| 2. Go.",
        "he left.| she stayed... well.",  # no capitals to tell by
        "वह गया।| वह आई।",
        "他走了。她来了。",  # no white space, nowhere to split
        "...",
        "One line without a stop",
    ],
)
def test_sentences(marked):
    assert split_sentences(marked.replace("|", "")) == marked.split("| ")


@pytest.mark.parametrize(
    "marked",
    [
        # clauses of about seven words: each is a phrase
        "Afraid of the dark after all that, | Anna leads the way into the house, | but Ben stays behind.",
        "She walks back to the old town; | he stays at home with his dog.",
        "Ben tells a very long sad story, | killing the mood of the whole party.",
        "Anna opens the door of the house | while Ben looks for a way out.",
        # not at a comma in a list, and never across the end of a sentence
        "He buys apples, pears, and plums.",
        "Go! | Ben runs away.",
    ],
)
def test_phrases(marked):
    assert split_phrases(marked.replace(" |", "")) == marked.split(" | ")


def test_a_phrase_keeps_to_its_length_where_no_clause_ends():
    words = ["word"] * 60
    lengths = [len(phrase.split()) for phrase in split_phrases(" ".join(words))]
    assert sum(lengths) == 60
    assert max(lengths) <= MAX_WORDS
    assert min(lengths) >= MIN_WORDS
    assert len(split_phrases(" ".join(words[:MAX_WORDS]))) == 1


def test_no_phrase_is_cut_shorter_than_the_minimum():
    long = " ".join(["word"] * 20)
    lengths = [len(phrase.split()) for phrase in split_phrases(f"{long}; so what; {long}.")]
    assert sorted(lengths) == [20, 22]


TEXTS = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            [
                *"aBI.,;!?…\"'()-»1 \n\t\u00a0",
                "Mr.",
                "U.S.",
                "and",
                "which",
                "killing,",
                "...",
                "etc.",
                "The",
                "p.m.",
            ]
        ),
        max_size=80,
    ).map(" ".join),
    st.text(alphabet='aB.?!,"” 1', max_size=120),
)


@pytest.mark.parametrize("split", [split_sentences, split_phrases])
@steady
@given(text=TEXTS)
def test_nothing_is_lost_or_invented(split, text):
    pieces = split(text)
    assert " ".join(pieces) == " ".join(text.split())
    assert all(pieces)


def borders(pieces: list[str]) -> set[int]:
    """Return the number of words before each piece."""
    return {len(" ".join(pieces[:index]).split()) for index in range(len(pieces))}


@steady
@given(text=TEXTS)
def test_phrases_stay_within_sentences_and_lengths(text):
    phrases = split_phrases(text)
    assert borders(split_sentences(text)) <= borders(phrases)
    assert all(len(phrase.split()) <= MAX_WORDS for phrase in phrases)
