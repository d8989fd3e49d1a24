"""What services and other programs than Whisper write: the same two words, in the layout of each."""

import json

import pytest

from mmtool.errors import InputError
from mmtool.transcripts.readers import read_transcript

TWO = [("Hello,", 1.0, 1.5, 0.9), ("there", 2.0, 2.5, 0.5)]
FORMATS = {
    "AssemblyAI": {
        "id": "x",
        "language_code": "en_us",
        "audio_duration": 9,
        "words": [
            {"text": "Hello,", "start": 1000, "end": 1500, "confidence": 0.9, "speaker": "A"},
            {"text": "there", "start": 2000, "end": 2500, "confidence": 0.5, "speaker": "A"},
        ],
    },
    "ElevenLabs": {
        "language_code": "en",
        "words": [
            {"text": "Hello,", "start": 1.0, "end": 1.5, "type": "word", "confidence": 0.9},
            {"text": " ", "start": 1.5, "end": 2.0, "type": "spacing"},
            {"text": "there", "start": 2.0, "end": 2.5, "type": "word", "confidence": 0.5},
            {"text": "(laughter)", "start": 3.0, "end": 4.0, "type": "audio_event"},
        ],
    },
    "OpenAI, words only": {
        "language": "en",
        "duration": 3,
        "text": "Hello, there",
        "words": [
            {"word": "Hello,", "start": 1, "end": 1.5, "probability": 0.9},
            {"word": "there", "start": 2, "end": 2.5, "probability": 0.5},
        ],
    },
    "Deepgram": {
        "metadata": {"channels": 2},
        "results": {
            "channels": [
                {"alternatives": [{"transcript": "", "words": []}]},
                {
                    "detected_language": "en",
                    "alternatives": [
                        {
                            "words": [
                                {
                                    "word": "hello",
                                    "punctuated_word": "Hello,",
                                    "start": 1.0,
                                    "end": 1.5,
                                    "confidence": 0.9,
                                },
                                {"word": "there", "start": 2.0, "end": 2.5, "confidence": 0.5},
                            ]
                        }
                    ],
                },
            ]
        },
    },
    "Google": {
        "results": [
            {
                "languageCode": "en-us",
                "alternatives": [
                    {
                        "transcript": "Hello, there",
                        "words": [
                            {"startTime": "1s", "endTime": "1.500s", "word": "Hello,", "confidence": 0.9},
                            {"startTime": "2s", "endTime": "2.500s", "word": "there", "confidence": 0.5},
                        ],
                    }
                ],
            },
            {"alternatives": [{"words": [{"startTime": "1s", "endTime": "1.500s", "word": "Hello,"}]}]},
        ]
    },
    "Amazon": {
        "jobName": "x",
        "results": {
            "language_code": "en-US",
            "transcripts": [{"transcript": "Hello, there"}],
            "items": [
                {
                    "type": "pronunciation",
                    "start_time": "1.0",
                    "end_time": "1.5",
                    "alternatives": [{"confidence": "0.9", "content": "Hello,"}],
                },
                {"type": "punctuation", "alternatives": [{"confidence": "0.0", "content": ","}]},
                {
                    "type": "pronunciation",
                    "start_time": "2.0",
                    "end_time": "2.5",
                    "alternatives": [{"confidence": "0.5", "content": "there"}],
                },
            ],
        },
    },
    "Speechmatics": {
        "format": "2.9",
        "results": [
            {
                "type": "word",
                "start_time": 1.0,
                "end_time": 1.5,
                "alternatives": [{"content": "Hello,", "confidence": 0.9, "language": "en"}],
            },
            {
                "type": "word",
                "start_time": 2.0,
                "end_time": 2.5,
                "alternatives": [{"content": "there", "confidence": 0.5, "language": "en"}],
            },
            {"type": "punctuation", "start_time": 2.5, "end_time": 2.5, "alternatives": [{"content": "."}]},
        ],
    },
    "Azure": {
        "language": "en",
        "recognizedPhrases": [
            {
                "offsetInTicks": 10000000,
                "durationInTicks": 15000000,
                "nBest": [
                    {
                        "display": "Hello, there.",
                        "words": [
                            {
                                "word": "Hello,",
                                "offsetInTicks": 10000000,
                                "durationInTicks": 5000000,
                                "confidence": 0.9,
                            },
                            {
                                "word": "there",
                                "offsetInTicks": 20000000,
                                "durationInTicks": 5000000,
                                "confidence": 0.5,
                            },
                        ],
                    }
                ],
            }
        ],
    },
    "Rev": {
        "language": "en",
        "monologues": [
            {
                "speaker": 0,
                "elements": [
                    {"type": "text", "value": "Hello,", "ts": 1.0, "end_ts": 1.5, "confidence": 0.9},
                    {"type": "punct", "value": " "},
                    {"type": "text", "value": "there", "ts": 2.0, "end_ts": 2.5, "confidence": 0.5},
                ],
            }
        ],
    },
    "Vosk": {
        "language": "en",
        "text": "hello there",
        "result": [
            {"conf": 0.9, "start": 1.0, "end": 1.5, "word": "Hello,"},
            {"conf": 0.5, "start": 2.0, "end": 2.5, "word": "there"},
        ],
    },
    "whisper.cpp with tokens": {
        "result": {"language": "en"},
        "transcription": [
            {
                "offsets": {"from": 900, "to": 2600},
                "text": " Hello, there",
                "tokens": [
                    {"text": "[_BEG_]", "offsets": {"from": 900, "to": 900}, "p": 0.99},
                    {"text": " Hello", "offsets": {"from": 1000, "to": 1400}, "p": 0.95},
                    {"text": ",", "offsets": {"from": 1400, "to": 1500}, "p": 0.9},
                    {"text": " there", "offsets": {"from": 2000, "to": 2500}, "p": 0.5},
                    {"text": "[_TT_130]", "offsets": {"from": 2600, "to": 2600}, "p": 0.2},
                ],
            }
        ],
    },
}


def read(path, content):
    path.write_text(json.dumps(content), encoding="utf-8")
    return read_transcript(path)


@pytest.mark.parametrize("name", FORMATS)
def test_words_with_their_times_and_probabilities(tmp_path, name):
    transcript = read(tmp_path / "a.json", FORMATS[name])
    assert [(w.text, w.start, w.end, w.probability) for w in transcript.words] == TWO
    assert transcript.language == "en"
    assert transcript.word_times


@pytest.mark.parametrize(
    "content",
    [
        {"results": [{"alternatives": [{"transcript": "ab cd"}], "resultEndTime": "2s"}]},
        {"phrases": [{"offsetMilliseconds": 0, "durationMilliseconds": 2000, "text": "ab cd"}]},
    ],
)
def test_without_times_of_words_they_share_those_of_what_is_said(tmp_path, content):
    transcript = read(tmp_path / "a.json", content)
    assert [(w.text, w.start, w.end) for w in transcript.words] == [("ab", 0, 1), ("cd", 1, 2)]


def test_whole_seconds_are_no_milliseconds(tmp_path):
    words = [{"word": "ab", "start": 1, "end": 2}, {"word": "cd", "start": 3, "end": 4}]
    assert [w.start for w in read(tmp_path / "a.json", {"words": words}).words] == [1, 3]


def test_words_between_asterisks_far_apart_are_said(tmp_path):
    said = ["oh", "s***", "we", "*sighs*", "lost", "f***"]
    words = [{"word": w, "start": n, "end": n + 0.5} for n, w in enumerate(said)]
    heard = read(tmp_path / "a.json", {"words": words}).words
    assert [w.text for w in heard] == ["oh", "s***", "we", "lost", "f***"]


def test_an_unknown_kind_is_refused_by_its_keys(tmp_path):
    with pytest.raises(InputError) as caught:
        read(tmp_path / "a.json", {"fps": 25, "frames": []})
    assert caught.value.problem == 'is not a transcript of a known kind (its keys: "fps", "frames")'
