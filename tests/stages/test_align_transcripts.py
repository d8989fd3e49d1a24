"""Transcripts as evidence of ``align``: used, ignored, of another film; what is said about them."""

from dataclasses import replace
from pathlib import Path

import pytest

from mmtool.formats.alignments import read_alignment
from mmtool.formats.clips import write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.snippets import write_snippets
from mmtool.records import Alignment, Clip, Evidence, Snippet, SpokenWord, Transcript
from mmtool.stages.align import align
from tests.support.heard_film import HeardFilm, heard_film, write_transcript

OTHER = "good evening ladies and gentlemen we interrupt this programme for an announcement from the king"


@pytest.fixture
def film(tmp_path: Path) -> HeardFilm:
    """A corpus of one film with a transcript that is 0.4 s early."""
    film = heard_film(pauses=[0.0, 7.0, 0.0, 9.0], snippets=8, lag=0.4)
    corpus = Corpus(tmp_path)
    write_clips(corpus.clips("a"), [Clip(*clip) for clip in film.clips])
    write_snippets(corpus.snippets("a"), [Snippet(text) for text in film.texts])
    write_transcript(tmp_path / "transcripts" / "a.tsv", film.transcript)
    return film


def aligned(root: Path) -> Alignment:
    return read_alignment(Corpus(root).alignment("semi-markov", "a"))[0]


def wrong_seconds(film: HeardFilm, alignment: Alignment) -> float:
    labels = dict(alignment.matches)
    return sum(
        clip.end - clip.start
        for number, (clip, truth) in enumerate(zip(film.clips, film.matches(), strict=True))
        if labels.get(number) != truth
    )


def test_a_transcript_places_the_text_and_says_so(tmp_path: Path, film: HeardFilm):
    report = align(tmp_path)
    words = sum(len(text.split()) for text in film.texts)
    assert f"a: {words} of the text's {words} words heard in transcripts/a.tsv" in report.notes
    assert set(aligned(tmp_path).evidence) == {Evidence.WORDS}
    assert wrong_seconds(film, aligned(tmp_path)) < 0.1 * film.clips[-1].end


def test_ignoring_a_transcript_is_timing_alone(tmp_path: Path, film: HeardFilm):
    align(tmp_path, transcript="ignore")
    ignored = aligned(tmp_path)
    assert set(ignored.evidence) <= {Evidence.TIMING, None}
    (tmp_path / "transcripts" / "a.tsv").unlink()
    assert align(tmp_path).unchanged == ["a"]
    assert aligned(tmp_path) == ignored


def test_another_transcript_is_another_recipe(tmp_path: Path, film: HeardFilm):
    align(tmp_path)
    assert align(tmp_path).unchanged == ["a"]
    later = tuple(replace(word, start=word.start + 5, end=word.end + 5) for word in film.transcript.words)
    write_transcript(tmp_path / "transcripts" / "a.tsv", Transcript(later))
    assert align(tmp_path).done == ["a"]


def test_a_transcript_of_another_film_is_ignored_with_a_note(tmp_path: Path, film: HeardFilm):
    other = Transcript(tuple(SpokenWord(word, n, n + 0.5) for n, word in enumerate(OTHER.split())))
    write_transcript(tmp_path / "transcripts" / "a.tsv", other)
    report = align(tmp_path)
    assert any("transcripts/a.tsv does not match the text" in note for note in report.notes)
    assert set(aligned(tmp_path).evidence) <= {Evidence.TIMING, None}
    assert not report.failures


def test_a_transcript_of_another_film_fails_what_is_required(tmp_path: Path, film: HeardFilm):
    align(tmp_path)
    other = Transcript(tuple(SpokenWord(word, n, n + 0.5) for n, word in enumerate(OTHER.split())))
    write_transcript(tmp_path / "transcripts" / "a.tsv", other)
    report = align(tmp_path, require=["accuracy=0.01"])
    assert [failure.id for failure in report.failures] == ["a"]
    assert "does not match the text" in report.failures[0].reason
    assert not Corpus(tmp_path).alignment("semi-markov", "a").exists()


def test_a_transcript_in_another_language_is_named(tmp_path: Path, film: HeardFilm):
    said = "wir haben gestern abend noch lange über die neue brücke am alten fluss gesprochen und gelacht"
    words = tuple(SpokenWord(word, n, n + 0.5) for n, word in enumerate(said.split() * 2))
    write_transcript(tmp_path / "transcripts" / "a.tsv", Transcript(words))
    report = align(tmp_path, language="en")
    assert any("is in another language (de) than the text (en)" in note for note in report.notes)


def test_a_transcript_without_words_says_nothing(tmp_path: Path, film: HeardFilm):
    (tmp_path / "transcripts" / "a.tsv").unlink()
    (tmp_path / "transcripts" / "a.vtt").write_text("WEBVTT\n", encoding="utf-8")
    report = align(tmp_path)
    assert any("transcripts/a.vtt has no words; it was ignored" in note for note in report.notes)


def test_what_is_repaired_in_a_transcript_is_said(tmp_path: Path, film: HeardFilm):
    end = film.clips[-1].end
    words = [*film.transcript.words, SpokenWord("afterwards", end + 5.0, end + 6.0)]
    write_transcript(tmp_path / "transcripts" / "a.tsv", Transcript(tuple(words)))
    found = [note for note in align(tmp_path).notes if "longer than the film: 1 word after its end" in note]
    assert [note.partition(": longer")[0] for note in found] == ["a: transcripts/a.tsv"]


def test_music_and_files_that_are_not_transcripts_are_named(tmp_path: Path, film: HeardFilm):
    folder = tmp_path / "transcripts"
    (folder / "a.tsv").rename(folder / "a.wts")
    assert any("transcripts/a.wts was ignored: it is not a supp" in note for note in align(tmp_path).notes)
    (folder / "a.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:09.000\n[Music]\n", encoding="utf-8")
    notes = align(tmp_path).notes
    assert any("a.vtt has no words, only sounds such as music; it was ignored" in note for note in notes)


def test_loops_of_a_recogniser_are_left_out(tmp_path: Path, film: HeardFilm):
    words = list(film.transcript.words)
    said = "so he went there and " * 5
    loop = [SpokenWord(w, 0.2 * n, 0.2 * n + 0.1) for n, w in enumerate(said.split())]
    write_transcript(tmp_path / "transcripts" / "a.tsv", Transcript((*loop, *words)))
    report = align(tmp_path)
    assert any("25 words in loops of the recogniser left out" in note for note in report.notes)
    assert wrong_seconds(film, aligned(tmp_path)) < 0.1 * film.clips[-1].end


def test_the_model_of_one_channel_reads_no_transcript(tmp_path: Path, film: HeardFilm):
    report = align(tmp_path, timing_model="channel")
    assert not any("heard" in note for note in report.notes)


def test_a_screenplay_is_placed_by_its_dialogue_and_names_are_not_read_aloud(tmp_path: Path):
    lines = ("Where did you put the silver candlestick?", "It stands behind the yellow curtain, as always.")
    snippets = [
        Snippet("INT. KITCHEN - DAY", kind="scene"),
        Snippet("ANNA", kind="character"),
        Snippet(lines[0], kind="dialogue"),
        Snippet("She lights a match.", kind="action"),
        Snippet("BRUNO", kind="character"),
        Snippet(lines[1], kind="dialogue"),
    ]
    corpus = Corpus(tmp_path)
    write_clips(corpus.clips("a"), [Clip(float(t), float(t + 5)) for t in range(0, 60, 5)])
    write_snippets(corpus.snippets("a"), snippets)
    words = [
        SpokenWord(word, start + n / 3, start + (n + 1) / 3)
        for start, line in ((20.0, lines[0]), (45.0, lines[1]))
        for n, word in enumerate(line.split())
    ]
    write_transcript(tmp_path / "transcripts" / "a.tsv", Transcript(tuple(words)))
    report = align(tmp_path)
    alignment = aligned(tmp_path)
    places = {j: [clip for clip, own in alignment.matches if own == j] for j in range(len(snippets))}
    assert places == {0: [2, 3], 1: [], 2: [4], 3: [5, 6, 7, 8], 4: [], 5: [9]}
    assert alignment.evidence[2] is alignment.evidence[5] is Evidence.WORDS
    assert alignment.evidence[3] is Evidence.TIMING
    assert any("2 names, parentheticals" in note for note in report.notes)
    assert any("15 of the dialogue's 15 words heard" in note for note in report.notes)


def test_a_screenplay_without_a_transcript_leaves_names_out(tmp_path: Path):
    kinds = ("scene", "action", "character", "dialogue", "character", "dialogue")
    corpus = Corpus(tmp_path)
    write_clips(corpus.clips("a"), [Clip(float(t), float(t + 1)) for t in range(12)])
    write_snippets(corpus.snippets("a"), [Snippet(f"Words that are said {k}", kind=k) for k in kinds])
    align(tmp_path)
    assert {2, 4}.isdisjoint(snippet for _, snippet in aligned(tmp_path).matches)
    assert {3, 5} <= {snippet for _, snippet in aligned(tmp_path).matches}


def test_pins_hold_in_a_screenplay_that_is_heard(tmp_path: Path):
    test_a_screenplay_is_placed_by_its_dialogue_and_names_are_not_read_aloud(tmp_path)
    (tmp_path / "pins").mkdir()
    (tmp_path / "pins" / "a.tsv").write_text("30\t35\tShe lights a match.\n", encoding="utf-8")
    align(tmp_path)
    assert [clip for clip, own in aligned(tmp_path).matches if own == 3] == [6]
    assert aligned(tmp_path).evidence[3] is Evidence.PIN
    assert [clip for clip, own in aligned(tmp_path).matches if own == 2] == [4]


def test_what_reads_no_transcript_says_so(tmp_path: Path, film: HeardFilm):
    channel = align(tmp_path, timing_model="channel")
    assert "a: transcripts/a.tsv was ignored: `timing_model=channel` reads no transcript" in channel.notes
    ignored = align(tmp_path, timing_model="channel", transcript="ignore")
    assert not any("was ignored" in note for note in ignored.notes)


def test_a_transcript_that_begins_after_the_film_has_no_words(tmp_path: Path, film: HeardFilm):
    words = tuple(SpokenWord(word, 9000.0 + n, 9000.5 + n) for n, word in enumerate(OTHER.split()))
    write_transcript(tmp_path / "transcripts" / "a.tsv", Transcript(words))
    notes = align(tmp_path).notes
    assert "a: transcripts/a.tsv has no words before the end of the film; it was ignored" in notes
