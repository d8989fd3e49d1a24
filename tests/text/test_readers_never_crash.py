"""Whatever a text holds, its reader gives sound snippets or refuses it with a message."""

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtool.choices import TextSplit
from mmtool.errors import MmtoolError
from mmtool.formats.snippets import read_snippets, write_snippets
from mmtool.records import Snippet
from mmtool.text import TEXT_SUFFIXES
from mmtool.text.readers import read_text
from support.strategies import TEXTS, files

steady = settings(derandomize=True, deadline=None, max_examples=60)
HUGE = "9" * 400
DEEP = 100_000


def check(path: Path, content: bytes, split: TextSplit = TextSplit.NONE) -> list[Snippet]:
    """Read a file: snippets with text, finite times in order and places inside of it, or a refusal."""
    path.write_bytes(content)
    try:
        snippets = read_text(path, split=split, language="en").snippets
    except MmtoolError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert str(path) in refusal
        assert "\n" not in refusal
        return []
    assert snippets
    for snippet in snippets:
        assert snippet.text == " ".join(snippet.text.split()) != ""
        assert (snippet.start is None) is (snippet.end is None)
        if snippet.start is not None:
            assert 0 <= snippet.start <= snippet.end < math.inf
        if snippet.place is not None:
            line, start, end = snippet.place
            assert 1 <= line <= len(content) + 1
            assert 0 <= start < end <= len(content)  # a character takes a byte at least
    return snippets


def test_every_kind_of_text_is_tried():
    assert TEXTS.keys() == set(TEXT_SUFFIXES)


@pytest.mark.parametrize("suffix", TEXTS)
@steady
@given(data=st.data())
def test_any_file_gives_snippets_or_a_refusal(tmp_path_factory, suffix, data):
    content = data.draw(files(suffix))
    check(tmp_path_factory.getbasetemp() / f"any{suffix}", content, data.draw(st.sampled_from(TextSplit)))


@pytest.mark.parametrize("suffix", TEXTS)
@settings(steady, max_examples=25)
@given(data=st.data())
def test_what_is_read_can_be_written_and_read_again(tmp_path_factory, suffix, data):
    folder = tmp_path_factory.getbasetemp()
    text = data.draw(TEXTS[suffix])
    snippets = check(folder / f"again{suffix}", text.encode("utf-8", "replace"))
    if snippets:
        write_snippets(folder / "again-snippets.csv", snippets)
        assert read_snippets(folder / "again-snippets.csv") == snippets


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("huge.jsonl", f'{{"text": "x", "start": 0, "end": {HUGE}}}'),
        ("huge.tsv", f"start\tend\ttext\n0\t{HUGE}\tx"),
        ("huge.csv", f"start,end,text\n0,{'9' * 5000},x"),
        ("far.jsonl", '{"text": "x", "start": 0, "end": 1e308}'),
        ("huge.srt", f"1\n00:00:00,000 --> {HUGE}:00:00,000\nx"),
        ("huge.vtt", f"WEBVTT\n\n00:00.000 --> {HUGE}:00:00.000\nx"),
        ("huge.ass", f"[Events]\nDialogue: 0,0:00:00.00,{HUGE}:00:00.00,Default,,0,0,0,,x"),
    ],
)
def test_numbers_beyond_all_floats(tmp_path, name, content):
    check(tmp_path / name, content.encode())


@pytest.mark.parametrize(
    "content",
    ["[" * DEEP + "]" * DEEP, '{"a":' * DEEP, '{"text": "x", "a": ' + "[" * DEEP],
    ids=["lists", "objects", "inside"],
)
def test_json_nested_without_end(tmp_path, content):
    check(tmp_path / "deep.jsonl", content.encode())


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("speeches.fountain", "JOHN\n        hello there\n" * 600),
        ("speeches.txt", "JOHN\n        hello there\n" * 600),
        ("scenes.fountain", ".SCENE\n" * 1200),
        ("transitions.fountain", ">CUT TO BLACK\n" * 1200),
    ],
)
def test_long_screenplays_without_blank_lines(tmp_path, name, block):
    headings = "INT. A - DAY\n\nEXT. B - NIGHT\n\nINT. C - DAY\n\n"
    check(tmp_path / name, (headings + block).encode())


@pytest.mark.parametrize(
    "end",
    ['"\\ud800"', "true", "[]", "{}", '"1"', "NaN", "Infinity", "-1", "1e999", "null"],
)
def test_values_of_other_types(tmp_path, end):
    check(tmp_path / "types.jsonl", f'{{"text": "x", "start": 0, "end": {end}}}'.encode())
    check(tmp_path / "types.jsonl", f'{{"text": {end}, "start": 0, "end": 1}}'.encode())
    check(tmp_path / "types.jsonl", f'{{"text": "x", "kind": {end}}}'.encode())
