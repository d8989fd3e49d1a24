"""SyMoN: a small folder in the published layout, and one with the times of sentences."""

import pytest

from mmtool.errors import CallError
from mmtool.formats.annotations import read_annotations
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.snippets import read_snippets
from mmtool.importers.caption_words import Word, read_captions, spoken_times
from mmtool.importers.symon import split_sentences
from mmtool.records import Annotation
from mmtool.stages.imports import import_corpus

CAPTIONS = """WEBVTT
Kind: captions
Language: en

00:00:01.000 --> 00:00:03.000 align:start position:0%
~
welcome<00:00:01.500><c> to</c><00:00:01.800><c> the</c>

00:00:03.000 --> 00:00:03.010 align:start position:0%
welcome to the
~

00:00:03.010 --> 00:00:06.000 align:start position:0%
welcome to the
show<00:00:04.000><c> it</c><00:00:04.250><c> begins</c>

00:00:06.000 --> 00:00:06.010 align:start position:0%
show it begins
~

00:00:06.010 --> 00:00:09.000 align:start position:0%
show it begins
[Music]
""".replace("~", " ")  # lines with a space, as YouTube has them


@pytest.fixture
def symon(tmp_path):
    """timestamped_text/ID.en.vtt and preprocessed_text/ID.txt, as published."""
    folder = tmp_path / "SYMON"
    (folder / "timestamped_text").mkdir(parents=True)
    (folder / "preprocessed_text").mkdir()
    (folder / "timestamped_text" / "-x_1.en.vtt").write_text(CAPTIONS, encoding="utf-8")
    text = "welcome to the show. it begins! [Music]"
    (folder / "preprocessed_text" / "-x_1.txt").write_text(text, encoding="utf-8")
    return folder


def test_words_of_rolling_captions_have_their_times(symon):
    captions = read_captions(symon / "timestamped_text" / "-x_1.en.vtt")
    assert captions.end == 9
    assert captions.words == (
        Word("welcome", 1.0, 1.5),
        Word("to", 1.5, 1.8),
        Word("the", 1.8, 2.4),
        Word("show", 3.01, 3.61),
        Word("it", 4.0, 4.25),
        Word("begins", 4.25, 4.85),
        Word("[Music]", 6.01, 6.61),
    )


def test_symon_as_published(symon, tmp_path):
    corpus = Corpus(tmp_path / "corpus")
    report = import_corpus(corpus.root, source=symon, importer="symon")
    assert report.done == ["-x_1"]
    assert read_annotations(corpus.annotations("-x_1")) == [
        Annotation(1.0, 3.61, "welcome to the show."),
        Annotation(4.0, 4.85, "it begins!"),
    ]
    assert len(read_snippets(corpus.snippets("-x_1"))) == 3
    assert read_clips(corpus.clips("-x_1"))[-1].end == 14
    assert corpus.languages() == {"-x_1": "en"}
    assert any("1 not found in the captions" in note for note in report.notes)


def test_symon_with_times_of_sentences(symon, tmp_path):
    (symon / "timestamped_text").rename(symon / "captions")
    (symon / "captions" / "-x_1.en.vtt").rename(symon / "captions" / "-x_1.vtt")
    (symon / "spoken").mkdir()
    (symon / "spoken" / "-x_1.tsv").write_text("1.0\t3.5\tWelcome.\n4.0\t5.0\tIt begins.\n", encoding="utf-8")
    corpus = Corpus(tmp_path / "corpus")
    import_corpus(corpus.root, source=symon, importer="symon")
    assert read_annotations(corpus.annotations("-x_1")) == [
        Annotation(1.0, 3.5, "Welcome."),
        Annotation(4.0, 5.0, "It begins."),
    ]


def test_what_symon_lacks_is_counted(symon, tmp_path):
    texts = symon / "preprocessed_text"
    (texts / "mute.txt").write_text("never heard.", encoding="utf-8")
    (texts / "by-hand.txt").write_text("typed by a person.", encoding="utf-8")
    plain = "WEBVTT\n\n00:00:01.000 --> 00:00:03.000\ntyped by a person\n"
    (symon / "timestamped_text" / "by-hand.en.vtt").write_text(plain, encoding="utf-8")
    (symon / "timestamped_text" / "silent.en.vtt").write_text(CAPTIONS, encoding="utf-8")
    (texts / "damaged.txt").write_bytes(b"caf\xe9.")
    (symon / "timestamped_text" / "damaged.en.vtt").write_text(CAPTIONS, encoding="utf-8")
    report = import_corpus(tmp_path / "corpus", source=symon, importer="symon")
    assert report.done == ["-x_1"]
    assert [failure.id for failure in report.failures] == ["damaged"]
    (note,) = [note for note in report.notes if "videos out" in note]
    assert "1 without captions, 1 without sentences" in note.replace("whose", "1 whose")
    assert "1 whose captions do not time words" in note


def test_a_folder_without_captions_or_sentences_is_refused(symon, tmp_path):
    (symon / "preprocessed_text").rename(symon / "other")
    with pytest.raises(CallError, match=r"has no spoken/\*\.tsv"):
        import_corpus(tmp_path / "corpus", source=symon, importer="symon")
    (symon / "timestamped_text").rename(symon / "more")
    with pytest.raises(CallError, match=r"has no captions/\*\.vtt"):
        import_corpus(tmp_path / "corpus", source=symon, importer="symon")


def test_sentences_without_capitals_are_split():
    text = "he meets dr. strange. is it a t? yes! so mr.\nand mrs. fox left"
    assert split_sentences(text) == [
        "he meets dr. strange.",
        "is it a t?",
        "yes!",
        "so mr. and mrs. fox left",
    ]


def test_a_sentence_is_heard_where_at_least_half_of_its_words_are():
    words = [Word("one", 0, 1), Word("two", 1, 2), Word("nine", 3, 4)]
    assert spoken_times(["One, two, three four.", "Five six nine.", "Nothing"], words) == [(0, 2), None, None]
