"""Files of every format that transcripts come in, small enough that every time can be checked by hand."""

import json

import pytest

from mmtool.errors import InputError
from mmtool.records import SpokenWord, Transcript
from mmtool.transcripts import TRANSCRIPT_SUFFIXES
from mmtool.transcripts.assembly import within
from mmtool.transcripts.json_lines import write_lines
from mmtool.transcripts.readers import _READERS, read_transcript

YOUTUBE = """WEBVTT
Kind: captions
Language: en

00:00:01.000 --> 00:00:03.000 align:start position:0%
~
[Music]

00:00:03.000 --> 00:00:05.000 align:start position:0%
~
in<00:00:03.500><c> 1989</c><00:00:04.200><c> hank</c>

00:00:05.000 --> 00:00:05.010 align:start position:0%
in 1989 hank
~

00:00:05.010 --> 00:00:07.000 align:start position:0%
in 1989 hank
resigns<00:00:05.400><c> from</c><00:00:06.900><c> shield</c>

00:00:07.000 --> 00:00:07.010 align:start position:0%
resigns from shield
~

00:00:07.010 --> 00:00:09.000 align:start position:0%
resigns from shield
today
""".replace("~", " ")


def read(path, content) -> Transcript:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_transcript(path)


def plain(transcript) -> list[tuple[str, float, float]]:
    return [(word.text, round(word.start, 6), round(word.end, 6)) for word in transcript.words]


def test_every_suffix_has_a_reader():
    assert set(TRANSCRIPT_SUFFIXES) == set(_READERS)


def test_rolling_captions_say_everything_once_at_the_times_of_their_words(tmp_path):
    transcript = read(tmp_path / "a.vtt", YOUTUBE)
    assert plain(transcript) == [
        ("in", 3.0, 3.5),
        ("1989", 3.5, 4.1),  # at most 0.6 s
        ("hank", 4.2, 4.8),
        ("resigns", 5.01, 5.4),
        ("from", 5.4, 6.0),
        ("shield", 6.9, 7.0),
        ("today", 7.01, 7.61),
    ]
    assert (transcript.language, transcript.source, transcript.word_times) == ("en", "a.vtt", True)
    assert transcript.notes[0].startswith("rolling captions: 4 cues repeat lines")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.srt", "1\n00:00:10,000 --> 00:00:14,000\nTo <i>be</i>,\nnow\n"),
        ("a.vtt", "WEBVTT\n\n00:10.000 --> 00:14.000\n<v Ann>To be,\nnow\n"),
        ("a.ass", "[Events]\nDialogue: 0,0:00:10.00,0:00:14.00,Default,,0,0,0,,To {\\i1}be,\\Nnow\n"),
        ("a.tsv", "start\tend\ttext\n10000\t14000\tTo be, now\n"),
        ("a.csv", 'start,end,text\n10,14,"To be, now"\n'),
        ("a.json", {"segments": [{"start": 10, "end": 14, "text": " To be, now"}]}),
        ("a.jsonl", '{"start": 10, "end": 14, "text": "To be, now"}\n'),
    ],
)
def test_the_words_of_a_cue_share_its_time_by_their_characters(tmp_path, name, content):
    transcript = read(tmp_path / name, content)
    assert plain(transcript) == [("To", 10, 11), ("be,", 11, 12.5), ("now", 12.5, 14)]
    assert not transcript.word_times
    assert any("times only of cues" in note for note in transcript.notes)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            {
                "text": " Hello there",
                "segments": [
                    {
                        "start": 0.0,
                        "end": 2.0,
                        "text": " Hello there",
                        "words": [
                            {"word": " Hello", "start": 0.1, "end": 0.5, "probability": 0.9},
                            {"word": " there", "start": 0.6, "end": 1.0, "probability": 0.25},
                        ],
                    }
                ],
                "language": "en",
            },
            [SpokenWord("Hello", 0.1, 0.5, 0.9), SpokenWord("there", 0.6, 1.0, 0.25)],
            id="whisper",
        ),
        pytest.param(
            {
                "segments": [
                    {
                        "start": 0.0,
                        "end": 3.0,
                        "text": "In 2014 we",
                        "words": [
                            {"word": "In", "start": 0.2, "end": 0.5, "score": 0.8},
                            {"word": "2014"},
                            {"word": "we", "start": 1.5, "end": 1.9, "score": 0.7},
                        ],
                    }
                ],
                "word_segments": [{"word": "In", "start": 0.2, "end": 0.5}],
                "language": "en",
            },
            [
                SpokenWord("In", 0.2, 0.5, 0.8),
                SpokenWord("2014", 0.5, 1.5),  # between its neighbours
                SpokenWord("we", 1.5, 1.9, 0.7),
            ],
            id="whisperX",
        ),
        pytest.param(
            {
                "language": "english",
                "segments": [{"start": 0, "end": 2, "text": "Hello there"}],
                "words": [
                    {"word": "Hello", "start": 0.1, "end": 0.5},
                    {"word": "there", "start": 0.6, "end": 1.0},
                ],
            },
            [SpokenWord("Hello", 0.1, 0.5), SpokenWord("there", 0.6, 1.0)],
            id="words beside segments",
        ),
        pytest.param(
            {
                "result": {"language": "en"},
                "transcription": [{"offsets": {"from": 1000, "to": 3000}, "text": " ab cd"}],
            },
            [SpokenWord("ab", 1.0, 2.0), SpokenWord("cd", 2.0, 3.0)],
            id="whisper.cpp",
        ),
        pytest.param(
            {
                "events": [
                    {"tStartMs": 0, "dDurationMs": 9000, "id": 1},
                    {
                        "tStartMs": 1000,
                        "dDurationMs": 3000,
                        "segs": [
                            {"utf8": "in", "acAsrConf": 255},
                            {"utf8": " 1989", "tOffsetMs": 500, "acAsrConf": 51},
                        ],
                    },
                    {"tStartMs": 1400, "dDurationMs": 2600, "aAppend": 1, "segs": [{"utf8": "\n"}]},
                    {"tStartMs": 3000, "dDurationMs": 2000, "segs": [{"utf8": "he", "tOffsetMs": 0}]},
                ]
            },
            [SpokenWord("in", 1.0, 1.5, 1.0), SpokenWord("1989", 1.5, 2.1, 0.2), SpokenWord("he", 3.0, 3.6)],
            id="json3",
        ),
        pytest.param(
            [{"text": "ab cd", "start": 1.0, "duration": 2.0}],
            [SpokenWord("ab", 1.0, 2.0), SpokenWord("cd", 2.0, 3.0)],
            id="list of captions",
        ),
    ],
)
def test_what_recognisers_write(tmp_path, content, expected):
    assert list(read(tmp_path / "a.json", content).words) == expected


def test_json3_by_its_own_suffix(tmp_path):
    content = {"events": [{"tStartMs": 0, "dDurationMs": 1000, "segs": [{"utf8": "ab"}]}]}
    assert plain(read(tmp_path / "a.json3", content)) == [("ab", 0, 1)]


def test_what_is_written_is_read_back(tmp_path):
    words = (
        SpokenWord("He", 0.5, 0.75, 0.5),
        SpokenWord("“ran”.", 1.0, 1.5),
        SpokenWord("Éva", 2.0, 2.25, 1.0),
    )
    path = tmp_path / "transcripts" / "a.jsonl"
    write_lines(path, {"language": "fr", "model": "tiny"}, [words[:2], words[2:]])
    assert read_transcript(path) == Transcript(words, "fr", "a.jsonl")
    about, first, second = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert about == {"format": "mmtool transcript", "version": 1, "language": "fr", "model": "tiny"}
    assert (first["start"], first["end"], first["text"]) == (0.5, 1.5, "He “ran”.")
    assert "probability" not in first["words"][1]
    assert second["words"] == [{"word": "Éva", "start": 2.0, "end": 2.25, "probability": 1.0}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.vtt", "WEBVTT\n\n"),
        ("a.srt", ""),
        ("a.tsv", "start\tend\ttext\n"),
        ("a.json", {"text": "", "segments": [], "language": "en"}),
        ("a.jsonl", '{"format": "mmtool transcript", "version": 1, "language": "en"}\n'),
    ],
)
def test_silence_as_recognisers_write_it(tmp_path, name, content):
    transcript = read(tmp_path / name, content)
    assert transcript.words == ()
    assert transcript.notes == ("no words",)


@pytest.mark.parametrize("sound", ["[Music]", "[upbeat music]", "♪ ♪", "(gentle wind)", "*sigh*", "(SIGHS)"])
def test_music_only(tmp_path, sound):
    transcript = read(tmp_path / "a.srt", f"1\n00:00:01,000 --> 00:00:02,000\n{sound}\n")
    assert transcript.words == ()
    assert "no words, only sounds such as music" in transcript.notes


def test_sounds_among_words_are_left_out_and_asides_are_kept(tmp_path):
    text = ">> Well, [door slams] (SIGHS) I (never) – ♪ said it"
    transcript = read(tmp_path / "a.srt", f"1\n00:00:01,000 --> 00:00:02,000\n{text}\n")
    assert [word.text for word in transcript.words] == ["Well,", "I", "(never)", "said", "it"]


def segment(*words: tuple[str, float, float]) -> dict:
    return {"words": [{"word": word, "start": start, "end": end} for word, start, end in words]}


@pytest.mark.parametrize(
    ("segments", "expected", "note"),
    [
        (
            [segment(("a", 1.0, 2.5), ("b", 2.0, 3.0))],
            [("a", 1.0, 2.0), ("b", 2.0, 3.0)],
            "1 word overlapped the next one and now end",
        ),
        (
            [segment(("a", 2.0, 1.0), ("b", 2.0, 3.0))],
            [("a", 1.0, 2.0), ("b", 2.0, 3.0)],
            "1 word ended before the start",
        ),
        (
            [segment(("a", 2.0, 2.5), ("b", 1.8, 2.2), ("c", 3.0, 3.5))],
            [("a", 2.0, 2.5), ("b", 2.0, 2.2), ("c", 3.0, 3.5)],  # their order is right
            "1 word began before the previous one",
        ),
        (
            [segment(("a", 10.0, 10.5), ("b", 12.0, 12.5)), segment(("c", 1.0, 1.5))],
            [("c", 1.0, 1.5), ("a", 10.0, 10.5), ("b", 12.0, 12.5)],
            "1 utterance began before the previous one; sorted",
        ),
        (
            [segment(("a", 0.0, 1.0), ("b", 5.0, 6.0)), segment(("x", 2.0, 3.0))],
            [("a", 0.0, 1.0), ("x", 2.0, 3.0), ("b", 5.0, 6.0)],  # two people speak at a time
            "1 word began before the previous one",
        ),
    ],
)
def test_overlapping_reversed_and_disordered_words(tmp_path, segments, expected, note):
    transcript = read(tmp_path / "a.json", {"segments": segments})
    assert plain(transcript) == expected
    assert any(said.startswith(note) for said in transcript.notes)


def test_cues_that_overlap(tmp_path):
    rows = "1\t3\tab cd\n2\t4\tef\n8\t9\tgh\n8\t10\tij\n"
    assert plain(read(tmp_path / "a.tsv", f"start\tend\ttext\n{rows}")) == [
        ("ab", 1, 1.5),
        ("cd", 1.5, 2),
        ("ef", 2, 4),
        ("gh", 8, 9),
        ("ij", 9, 10),
    ]


def test_cues_without_usable_times_are_left_out(tmp_path):
    cues = "1\n00:00:05,000 --> 00:00:03,000\nlost\n\n2\n00:00:06,000 --> 00:00:07,000\nkept\n\n"
    transcript = read(tmp_path / "a.srt", cues + "3\n00:00:08,000 --> 00:00:09,000\ntoo\n")
    assert [word.text for word in transcript.words] == ["kept", "too"]
    assert any("without usable times left out" in note for note in transcript.notes)


def test_a_transcript_longer_than_the_film(tmp_path):
    transcript = read(tmp_path / "a.json", [segment(("a", 1.0, 2.0), ("b", 3.5, 4.5), ("c", 4.0, 5.0))])
    cut = within(transcript, 4.0)
    assert plain(cut) == [("a", 1.0, 2.0), ("b", 3.5, 4.0)]
    assert cut.notes[-1] == "longer than the film: 1 word after its end at 4.0 s left out (the last at 5.0 s)"
    assert within(cut, 4.0) == cut


def test_chinese_is_read_by_the_character(tmp_path):
    transcript = read(tmp_path / "a.srt", "1\n00:00:01,000 --> 00:00:04,000\n你好。Ann\n")
    assert plain(transcript) == [("你", 1.0, 1.6), ("好", 1.6, 2.2), ("Ann", 2.2, 4.0)]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.doc", "x", "is not a supported transcript"),
        ("a.json", "{", "is not JSON"),
        ("a.json", "[" * 100_000, "is not JSON"),
        ("a.json", '{"a": 1}', "is not a transcript"),
        ("a.json", "1", "is not a transcript"),
        ("a.jsonl", "x\ny\n", "line 1 is not JSON"),
        ("a.srt", "hello\n", "has no cue"),
        ("a.csv", "text\nhello\n", "has no times"),
        ("a.vtt", "\0\1\2", "is not text"),
    ],
)
def test_refused_in_one_line_that_names_the_file(tmp_path, name, content, problem):
    with pytest.raises(InputError) as refusal:
        read(tmp_path / name, content)
    assert problem in str(refusal.value)
    assert str(tmp_path / name) in str(refusal.value)
    assert "\n" not in str(refusal.value)
