"""Captions that repeat a sentence and mark one word after another, as those of ``--highlight_words`` do."""

import pytest

from mmtool.choices import TextSplit
from mmtool.text.readers import read_text
from mmtool.transcripts.readers import read_transcript

CUES = (
    (0.0, 0.5, "<u>Hello</u> there, AI-based friend."),
    (0.5, 0.9, "Hello <u>there,</u> AI-based friend."),
    (0.9, 1.4, "Hello there, AI-based friend."),  # a pause
    (1.4, 1.8, "Hello there, <u>AI</u>-based friend."),
    (1.8, 2.1, "Hello there, AI<u>-based</u> friend."),
    (2.1, 2.6, "Hello there, AI-based <u>friend.</u>"),
    (3.0, 3.5, "<u>No.</u>"),
    (3.6, 3.9, "<u>No.</u>"),  # said again
)
WORDS = [
    ("Hello", 0.0, 0.5),
    ("there,", 0.5, 0.9),
    ("AI-based", 1.4, 2.1),
    ("friend.", 2.1, 2.6),
    ("No.", 3.0, 3.5),
    ("No.", 3.6, 3.9),
]


def subrip(cues) -> str:
    return "\n".join(
        f"{n}\n00:00:{a:06.3f} --> 00:00:{b:06.3f}\n{text}\n" for n, (a, b, text) in enumerate(cues, 1)
    ).replace(".", ",")


def web(cues) -> str:
    return "WEBVTT\n\n" + "\n".join(f"00:{a:06.3f} --> 00:{b:06.3f}\n{text}\n" for a, b, text in cues)


def heard(path) -> list[tuple[str, float, float]]:
    return [(word.text, word.start, word.end) for word in read_transcript(path).words]


@pytest.mark.parametrize("tag", ["u", 'font color="#00ff00"', "b"])
def test_each_word_once_with_its_own_times(tmp_path, tag):
    cues = [
        (a, b, text.replace("<u>", f"<{tag}>").replace("</u>", f"</{tag.split()[0]}>")) for a, b, text in CUES
    ]
    (tmp_path / "a.vtt").write_text(web(cues))
    assert heard(tmp_path / "a.vtt") == WORDS
    transcript = read_transcript(tmp_path / "a.vtt")
    assert transcript.word_times
    assert transcript.notes == (
        "captions that mark each word as it is said: 5 of 8 cues repeat the one before and were read as "
        "times of words",
    )


def test_subrip_and_two_lines(tmp_path):
    cues = [(a, b, text.replace(" AI", "\nAI").replace(" <u>AI", "\n<u>AI")) for a, b, text in CUES]
    (tmp_path / "a.srt").write_text(subrip(cues))
    assert heard(tmp_path / "a.srt") == [(text.replace(".", ","), a, b) for text, a, b in WORDS]


def test_as_a_text_each_sentence_is_one_snippet(tmp_path):
    (tmp_path / "a.vtt").write_text(web(CUES))
    found = read_text(tmp_path / "a.vtt", split=TextSplit.NONE, language="en").snippets
    assert [(one.text, one.start, one.end) for one in found] == [
        ("Hello there, AI-based friend.", 0.0, 2.6),
        ("No.", 3.0, 3.5),
        ("No.", 3.6, 3.9),
    ]


def test_italics_in_subtitles_are_only_italics(tmp_path):
    cues = [(n, n + 0.9, f"line {n} is <i>here</i>") for n in range(6)]
    (tmp_path / "a.vtt").write_text(web(cues))
    transcript = read_transcript(tmp_path / "a.vtt")
    assert not transcript.word_times
    assert len(transcript.words) == 24


def test_a_cue_for_each_word_times_the_words(tmp_path):
    cues = [(n, n + 0.4, word) for n, word in enumerate(["who", "is", "there", "?"])]
    (tmp_path / "a.vtt").write_text(web(cues))
    transcript = read_transcript(tmp_path / "a.vtt")
    assert transcript.word_times
    assert heard(tmp_path / "a.vtt") == [("who", 0, 0.4), ("is", 1, 1.4), ("there", 2, 2.4)]
