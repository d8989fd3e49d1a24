"""Whatever a file holds, it gives a sound transcript or is refused with a message."""

import json
import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtool.errors import MmtoolError
from mmtool.transcripts import TRANSCRIPT_SUFFIXES
from mmtool.transcripts.assembly import assemble, within
from mmtool.transcripts.readers import read_transcript
from mmtool.transcripts.utterances import Contents, Heard, Utterance
from support.strategies import NUMBERS, files

steady = settings(derandomize=True, deadline=None, max_examples=60)
KEYS = (
    *("segments", "words", "word", "text", "start", "end", "probability", "score", "events", "segs", "utf8"),
    *("tStartMs", "tOffsetMs", "dDurationMs", "transcription", "offsets", "from", "to", "language", "format"),
    *("tokens", "results", "channels", "alternatives", "transcript", "items", "type", "nBest", "elements"),
    *("offsetInTicks", "durationInTicks", "startTime", "resultEndTime", "monologues", "phrases", "result"),
)
PLACES = ("segments", "events", "transcription", "words", "results", "phrases", "monologues", "result")
leaves = (
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers(-(10**400), 10**400)
    | st.sampled_from(NUMBERS)
    | st.sampled_from(("hello", "[Music]", "你好", "\ud800", "", "1.5s"))
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=20,
)
documents = st.dictionaries(st.sampled_from(PLACES), values)


def assert_sound(transcript) -> None:
    for word in transcript.words:
        assert word.text == "".join(word.text.split())
        assert any(map(str.isalnum, word.text))
        assert 0 <= word.start <= word.end < math.inf
        assert word.probability is None or 0 <= word.probability <= 1
    for earlier, later in pairwise(transcript.words):
        assert earlier.start <= later.start
        assert earlier.end <= later.start or earlier.start == later.start
    assert all("\n" not in note for note in transcript.notes)


def check(path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        transcript = read_transcript(path)
    except MmtoolError as error:
        refusal = str(error)
    else:
        refusal = ""
        assert_sound(transcript)
        assert_sound(within(transcript, 1.0))
    assert not refusal or str(path) in refusal
    assert "\n" not in refusal


@pytest.mark.parametrize("suffix", TRANSCRIPT_SUFFIXES)
@steady
@given(data=st.data())
def test_any_file_gives_a_transcript_or_a_refusal(tmp_path_factory, suffix, data):
    kind = {".json": ".jsonl", ".json3": ".jsonl"}.get(suffix, suffix)
    check(tmp_path_factory.getbasetemp() / f"any{suffix}", data.draw(files(kind)))


@settings(steady, max_examples=300)
@given(content=values | documents | st.lists(values))
def test_any_json_gives_a_transcript_or_a_refusal(tmp_path_factory, content):
    folder = tmp_path_factory.getbasetemp()
    text = json.dumps(content)
    check(folder / "any.json", text.encode())
    check(folder / "any.jsonl", text.encode())


times = st.none() | st.floats(0, 20)
heard = st.builds(
    Heard,
    st.sampled_from(("a", "bcd", "12", "[x", "y]", "你好", "♪")),
    times,
    times,
    st.none() | st.floats(0, 1),
)


@settings(steady, max_examples=500)
@given(st.lists(st.builds(Utterance, st.lists(heard, max_size=5).map(tuple), times, times), max_size=5))
def test_any_times_give_words_in_order(utterances):
    assert_sound(assemble(Contents(utterances), "x"))
