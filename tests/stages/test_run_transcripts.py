"""``run`` with what is said in the film: a file, subtitles beside or inside of the film, or speech."""

import pytest

import mmtool
from mmtool.choices import Modality
from mmtool.errors import CallError, InputError, SettingError
from mmtool.formats.corpus import Corpus
from mmtool.stages.shared.transcripts import transcript_of
from mmtool.video.subtitle_tracks import read_subtitle_track, subtitle_tracks
from support.commands import call
from support.speech import model_folder, recording, write_sound_film
from support.subtitled import write_subtitled_film

ENGLISH = [(1.0, 2.0, "Hello, <i>there</i>"), (6.0, 7.0, "Goodbye now")]
GERMAN = [(1.0, 2.0, "Guten Tag"), (6.0, 7.0, "Lebe wohl")]
SRT = "1\n00:00:01,000 --> 00:00:02,000\nHello\n"


@pytest.fixture
def film(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "text.txt").write_text("They meet.\nThey part.\n", encoding="utf-8")
    return write_subtitled_film(tmp_path / "in" / "film.mkv", [("eng", ENGLISH), ("ger", GERMAN)])


@pytest.fixture
def text(film):
    return film.parent / "text.txt"


@pytest.fixture
def root(tmp_path):
    return tmp_path / "out"


def said(root) -> list[str]:
    corpus = Corpus(root)
    transcript = transcript_of(corpus, "film", mmtool_clips(root))
    return [word.text for word in transcript.words] if transcript else []


def mmtool_clips(root):
    from mmtool.formats.clips import read_clips

    return read_clips(root / "clips" / "film.csv")


def test_tracks_and_their_cues(film):
    assert [track.described for track in subtitle_tracks(film)] == ["1 (eng)", "2 (ger)"]
    cues = read_subtitle_track(film, 2)
    assert [(cue.start, cue.end, cue.text) for cue in cues] == GERMAN
    assert read_subtitle_track(film, 1)[0].text == "Hello, there"


def test_subtitles_inside_are_offered_and_not_taken(film, text, root):
    result = call("run", film, text, "-o", root)
    assert "has 2 tracks of subtitles, 1 (eng), 2 (ger); --transcript embedded" in " ".join(
        result.stderr.split()
    )
    assert said(root) == []


@pytest.mark.parametrize(
    ("track", "expected"),
    [
        (None, ["Hello,", "there", "Goodbye", "now"]),
        ("2", ["Guten", "Tag", "Lebe", "wohl"]),
        ("ger", ["Guten", "Tag", "Lebe", "wohl"]),
        ("en", ["Hello,", "there", "Goodbye", "now"]),
    ],
)
def test_subtitles_inside_are_the_transcript_if_asked_for(film, text, root, track, expected):
    mmtool.run(root, video=film, text=text, transcript="embedded", transcript_track=track)
    assert said(root) == expected


def test_another_choice_replaces_what_run_has_made_and_nothing_else(film, text, root):
    given = film.parent / "other.srt"
    given.write_text(SRT, encoding="utf-8")
    for options, expected in (
        ({"transcript": "embedded"}, ["Hello,", "there", "Goodbye", "now"]),
        ({"transcript": str(given)}, ["Hello"]),
        ({}, ["Hello"]),  # as before
        ({"transcript": "embedded", "transcript_track": "2"}, ["Guten", "Tag", "Lebe", "wohl"]),
        ({"transcript": "none"}, []),
    ):
        mmtool.run(root, video=film, text=text, **options)
        assert said(root) == expected
    own = root / "transcripts" / "film.vtt"
    own.write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nMine\n", encoding="utf-8")
    with pytest.raises(CallError, match="a transcript of your own"):
        mmtool.run(root, video=film, text=text, transcript="embedded")
    assert said(root) == ["Mine"]


def test_subtitles_with_the_name_of_the_film_are_its_transcript(film, text, root):
    film.with_suffix(".srt").write_text(SRT, encoding="utf-8")
    report = mmtool.run(root, video=film, text=text)
    assert any("is read as the transcript of the film" in note for note in report.notes)
    assert said(root) == ["Hello"]


def test_subtitles_that_are_the_text_are_not_the_transcript(film, root):
    subtitles = film.with_suffix(".srt")
    subtitles.write_text(SRT, encoding="utf-8")
    mmtool.run(root, video=film, text=subtitles)
    assert said(root) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"transcript": "nowhere.srt"}, "no such file"),
        ({"transcript": "text.txt"}, "is not a supported transcript"),
        ({"transcript_track": "2"}, "needs `transcript=embedded`"),
        ({"transcript": "embedded", "transcript_track": "fre"}, "are 1 (eng), 2 (ger)"),
        ({"transcript": "embedded", "listen": True}, "cannot be given together with `transcript`"),
        ({"listen": True, "speech_model": "huge"}, "neither a folder nor one of"),
    ],
)
def test_impossible_choices_are_one_line(film, text, root, monkeypatch, options, problem):
    monkeypatch.chdir(film.parent)
    with pytest.raises(SettingError) as refusal:
        mmtool.run(root, video=film, text=text, **options)
    assert problem in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_film_without_subtitles_inside(tmp_path, text, root):
    film = write_subtitled_film(tmp_path / "plain.mkv", [])
    with pytest.raises(SettingError, match="has no subtitles inside"):
        mmtool.run(root, video=film, text=text, transcript="embedded")


def test_a_transcript_that_is_damaged(film, text, root):
    damaged = film.parent / "said.json"
    damaged.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="is not JSON"):
        mmtool.run(root, video=film, text=text, transcript=str(damaged))


def test_listening(tmp_path, root):
    film = write_sound_film(tmp_path / "film.mkv", recording())
    (tmp_path / "text.txt").write_text("Ever tried.\nFail better.\n", encoding="utf-8")
    call(
        *("run", film, tmp_path / "text.txt", "-o", root),
        *("--listen", "--speech-model", model_folder(), "--language", "en"),
    )
    assert said(root)[:2] == ["Ever", "tried."]


def test_listening_to_a_film_without_sound_is_said(film, text, root):
    report = mmtool.run(root, video=film, text=text, listen=True, speech_model=str(model_folder()))
    assert any("has no sound" in note for note in report.notes)


def test_subtitles_beside_a_text_of_another_format_in_a_corpus(tmp_path, film):
    for folder in ("videos", "texts"):
        (tmp_path / "corpus" / folder).mkdir(parents=True)
    corpus = tmp_path / "corpus"
    film.rename(corpus / "videos" / "film.mkv")
    (corpus / "texts" / "film.txt").write_text("They meet.\n", encoding="utf-8")
    (corpus / "texts" / "film.srt").write_text(SRT, encoding="utf-8")
    report = mmtool.segment(corpus)
    assert (report.failures, len(report.texts)) == ([], 1)
    assert report.texts[0].path.suffix == ".txt"
    assert said(corpus) == ["Hello"]
    report = mmtool.extract(corpus, text_encoder="length")
    assert report.features[0].modality is Modality.TEXT
    assert report.failures == []


def test_subtitles_beside_the_film_in_a_corpus(tmp_path, film):
    for folder in ("videos", "texts"):
        (tmp_path / "corpus" / folder).mkdir(parents=True)
    corpus = tmp_path / "corpus"
    film.rename(corpus / "videos" / "film.mkv")
    (corpus / "videos" / "film.srt").write_text(SRT, encoding="utf-8")
    (corpus / "texts" / "film.txt").write_text("They meet.\n", encoding="utf-8")
    assert mmtool.segment(corpus).notes == []
    assert said(corpus) == ["Hello"]


def test_two_transcripts_of_one_video(tmp_path, film, text, root):
    mmtool.run(root, video=film, text=text)
    for suffix in ("srt", "vtt"):
        (root / "transcripts").mkdir(exist_ok=True)
        (root / "transcripts" / f"film.{suffix}").write_text(SRT, encoding="utf-8")
    with pytest.raises(InputError, match="is one of several transcripts of film"):
        said(root)
