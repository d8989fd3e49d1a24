"""The settings of the last ``segment`` hold for the next one, unless others are given."""

import json

import pytest

from mmtool.errors import CallError
from mmtool.formats.snippets import read_snippets
from mmtool.settings.segment import SegmentSettings
from mmtool.stages.segment import segment
from mmtool.stages.segment.remembered import remember, with_remembered
from support.commands import call
from support.films import shots, write_film

TEXT = "Mara sits.\nBen stays. He waits.\nIt rains.\nShe stands.\n"


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path


def count(corpus):
    return len(read_snippets(corpus / "snippets" / "a.csv"))


def test_a_plain_call_never_splits_a_text_again(corpus):
    segment(corpus, split="sentences", language="de")
    assert count(corpus) == 5
    report = segment(corpus)
    assert (report.done, report.unchanged, count(corpus)) == ([], ["a"], 5)
    assert report.notes == [
        "`split=sentences`, `language=de` as in the last segment of this corpus; name a setting to change it"
    ]
    (corpus / "texts" / "b.txt").write_text(TEXT, encoding="utf-8")
    assert segment(corpus).done == ["b"]
    assert len(read_snippets(corpus / "snippets" / "b.csv")) == 5


def test_settings_that_are_given_win_and_are_remembered(corpus):
    segment(corpus, SegmentSettings(split="sentences"))
    segment(corpus, split="auto")
    assert count(corpus) == 4
    assert json.loads((corpus / "segment.json").read_text())["settings"] == {}
    assert segment(corpus).notes == []


def test_nothing_is_kept_of_defaults_nor_of_an_impossible_call(corpus):
    segment(corpus)
    assert not (corpus / "segment.json").exists()
    with pytest.raises(CallError):
        segment(corpus, detector="nonesuch")
    assert not (corpus / "segment.json").exists()


def test_the_command_line_tells_what_it_uses(corpus):
    call("segment", corpus, "--split", "sentences")
    assert "--split sentences as in the last segment" in call("segment", corpus).stderr
    assert count(corpus) == 5
    call("segment", corpus, "--split", "auto")
    assert count(corpus) == 4


def test_run_keeps_them_for_segment_and_for_itself(tmp_path):
    film, text = tmp_path / "a.mkv", tmp_path / "a.txt"
    write_film(film, shots(20, 20, 20))
    text.write_text(TEXT, encoding="utf-8")
    corpus = tmp_path / "corpus"
    call("run", film, text, "-o", corpus, "--split", "sentences")
    assert count(corpus) == 5
    assert "1 unchanged" in call("align", corpus).stdout
    result = call("segment", corpus)
    assert "--split sentences" in result.stderr
    assert "2 unchanged" in result.stdout
    call("run", film, text, "-o", corpus)
    assert count(corpus) == 5
    call("run", film, text, "-o", corpus, "--split", "auto")
    assert count(corpus) == 4


def test_settings_of_films_are_not_kept(tmp_path):
    path = tmp_path / "segment.json"
    remember(path, SegmentSettings(detector="adaptive", threshold=2.5, start=3.0, split="none"))
    settings, _ = with_remembered(path, SegmentSettings())
    assert (settings.detector, settings.start, str(settings.split)) == ("content", 0.0, "none")
    assert json.loads(path.read_text())["settings"] == {"split": "none"}


@pytest.mark.parametrize(
    "content", ["", "[]", '{"settings": 3}', '{"settings": {"split": "words"}}', "[" * 99_999]
)
def test_a_damaged_file_stops_the_call(corpus, content):
    (corpus / "segment.json").write_text(content)
    result = call("segment", corpus, code=2)
    assert "segment.json" in result.stderr
    assert "delete it" in result.stderr
