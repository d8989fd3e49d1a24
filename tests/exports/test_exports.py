"""Alignments in the formats of other programs, each read back by that program's own library."""

import csv
import json
import shutil
import sys
from dataclasses import replace
from xml.etree import ElementTree

import av
import cv2
import numpy as np
import opentimelineio as otio
import pympi
import pysubs2
import pytest
import webdataset

from mmtool.exports.table import EXPORT_FORMATS
from mmtool.formats.alignments import write_alignment
from mmtool.formats.corpus import Corpus
from mmtool.records import Alignment, Clip, Snippet
from mmtool.video.frames import read_frames
from mmtool.video.probe import probe
from support.commands import call

RATE = 10
SHOTS = (10, 20, 10, 20)  # frames of four clips: 0–1 s, 1–3 s, 3–4 s, 4–6 s
TEXTS = (
    "First, {a} brace\nand R&D <i> line",
    "Nobody shows this",
    "Ünd a last one, which is so long " + "x" * 60,
)
# the first snippet owns clip 0 and, after a pause, clip 2; the second none; the third clips 3
MATCHES = ((0, 0), (2, 0), (3, 2))
PASSAGES = [(0.0, 1.0, 0), (3.0, 4.0, 0), (4.0, 6.0, 2)]


def plain(text):
    return " ".join(text.split())


def make_alignment(id="film"):
    ends = np.cumsum(SHOTS)
    clips = [
        Clip((end - n) / RATE, end / RATE, int(end - n), int(end)) for n, end in zip(SHOTS, ends, strict=True)
    ]
    return Alignment(
        id=id,
        clips=tuple(clips),
        snippets=tuple(Snippet(text) for text in TEXTS),
        matches=MATCHES,
        clip_confidence=(0.9, 0.8, 0.7, 0.6),
        snippet_confidence=(0.75, 0.5, 0.25),
        decoder="semi-markov",
        checkpoint="",
    )


def draw_film(path):
    """Sixty frames, each as bright as its number."""
    path.parent.mkdir(exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (64, 48))
    for number in range(sum(SHOTS)):
        writer.write(np.full((48, 64, 3), 4 * number, np.uint8))
    writer.release()


@pytest.fixture
def corpus(tmp_path):
    corpus = Corpus(tmp_path / "corpus")
    write_alignment(corpus.alignment("r", "film"), make_alignment(), "recipe")
    draw_film(corpus.root / "videos" / "film.mp4")
    return corpus


def export(corpus, format, *more, code=0):
    call("export", corpus.root, "--run", "r", "--format", format, *more, code=code)
    return corpus.exports("r")


@pytest.mark.parametrize("format", ["srt", "vtt", "ass"])
def test_subtitles_have_a_cue_for_each_passage(corpus, format):
    text = (export(corpus, format) / f"film.{format}").read_text(encoding="utf-8")
    assert ("(a) brace" if format == "ass" else "{a} brace") in text
    assert {"srt": "R&D ‹i›", "vtt": "R&amp;D &lt;i&gt;", "ass": "R&D <i>"}[format] in text
    read = pysubs2.SSAFile.from_string(text.replace("{", "(").replace("}", ")"))
    cues = [(event.start / 1000, event.end / 1000, plain(event.plaintext)) for event in read]
    assert [cue[:2] for cue in cues] == [(start, end) for start, end, _ in PASSAGES]
    assert [cue[2][:5] for cue in cues] == [TEXTS[j][:5] for *_, j in PASSAGES]


def test_csv_has_a_row_a_passage_and_then_the_unmatched(corpus):
    with (export(corpus, "csv") / "film.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["snippet"], row["start"], row["end"]) for row in rows] == [
        ("0", "0.0", "1.0"),
        ("0", "3.0", "4.0"),
        ("2", "4.0", "6.0"),
        ("1", "", ""),
    ]
    assert [row["confidence"] for row in rows] == ["0.75", "0.75", "0.25", "0.5"]


def test_jsonl_has_a_line_for_each_snippet(corpus):
    lines = (export(corpus, "jsonl") / "film.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["intervals"] for row in rows] == [[[0, 1], [3, 4]], [], [[4, 6]]]
    assert [row["clips"] for row in rows] == [[0, 2], [], [3]]
    assert [row["text"] for row in rows] == list(TEXTS)


@pytest.mark.parametrize(("format", "suffix"), [("otio", "otio"), ("edl", "edl"), ("fcp7", "xml")])
def test_timelines_run_like_the_film(corpus, format, suffix):
    path = export(corpus, format) / f"film.{suffix}"
    adapter = {"otio": "otio_json", "edl": "cmx_3600", "fcp7": "fcp_xml"}[format]
    read = otio.adapters.read_from_file(str(path), adapter_name=adapter)
    if not isinstance(read, otio.schema.Timeline):  # a project of Final Cut holds timelines
        read = read[0]
    track = read.video_tracks()[0]
    found = []
    for clip in track.find_clips():
        placed = clip.range_in_parent()
        assert placed.start_time.to_seconds() == pytest.approx(clip.source_range.start_time.to_seconds())
        found.append((placed.start_time.to_seconds(), placed.end_time_exclusive().to_seconds(), clip.name))
    assert [pair[:2] for pair in found] == [(start, end) for start, end, _ in PASSAGES]
    assert found[0][2] == plain(TEXTS[0])
    assert len(found[2][2]) == 60
    assert found[2][2].endswith("…")


def test_a_timeline_keeps_confidence_text_and_film(corpus):
    read = otio.adapters.read_from_file(str(export(corpus, "otio") / "film.otio"))
    clip = next(iter(read.find_clips()))
    assert clip.metadata["mmtool"]["confidence"] == 0.75
    assert clip.metadata["mmtool"]["text"] == plain(TEXTS[0])
    assert clip.media_reference.target_url == (corpus.root / "videos" / "film.mp4").resolve().as_uri()
    assert clip.source_range.start_time.rate == RATE


def test_elan_has_tiers_for_snippets_confidence_and_clips(corpus):
    read = pympi.Elan.Eaf(str(export(corpus, "eaf") / "film.eaf"))
    snippets = sorted(read.get_annotation_data_for_tier("snippets"))
    assert [row[:3] for row in snippets] == [
        (round(start * 1000), round(end * 1000), plain(TEXTS[j])) for start, end, j in PASSAGES
    ]
    assert [row[2] for row in sorted(read.get_annotation_data_for_tier("confidence"))] == [
        "0.75",
        "0.75",
        "0.25",
    ]
    assert len(read.get_annotation_data_for_tier("clips")) == 4
    (film,) = read.get_linked_files()
    assert film["RELATIVE_MEDIA_URL"] == "../../videos/film.mp4"


def brightness(path):
    frames = read_frames(path, range(round(probe(path).duration * RATE)), None)
    return [round(float(frame.pixels.mean()) / 2) / 2 for frame in frames]


def test_clips_are_the_film_at_their_times_to_the_frame(corpus):
    folder = export(corpus, "clips") / "film"
    assert sorted(path.name for path in folder.iterdir()) == [
        f"000{n}.{suffix}" for n in (1, 2, 3) for suffix in ("json", "mp4", "txt")
    ]
    seen = brightness(folder / "0002.mp4")
    assert len(seen) == 10
    assert seen == pytest.approx(brightness(corpus.root / "videos" / "film.mp4")[30:40], abs=0.5)
    assert (folder / "0002.txt").read_text(encoding="utf-8") == plain(TEXTS[0]) + "\n"
    assert json.loads((folder / "0003.json").read_text(encoding="utf-8"))["start"] == 4.0


def test_copied_clips_hold_their_time_and_may_start_earlier(corpus):
    folder = export(corpus, "clips", "--cut", "copy") / "film"
    assert set(brightness(corpus.root / "videos" / "film.mp4")[31:39]) <= set(brightness(folder / "0002.mp4"))


def test_a_shard_is_a_webdataset_of_clips_and_texts(corpus):
    shard = export(corpus, "webdataset") / "film.tar"
    samples = list(webdataset.WebDataset(str(shard), shardshuffle=False).decode())
    assert [sample["__key__"] for sample in samples] == ["film_0001", "film_0002", "film_0003"]
    assert [sample["txt"] for sample in samples] == [plain(TEXTS[j]) for *_, j in PASSAGES]
    assert [sample["json"]["snippet"] for sample in samples] == [0, 0, 2]
    assert all(sample["mp4"] for sample in samples)


def test_a_shard_may_have_a_colon_in_its_path(corpus, tmp_path, monkeypatch):
    """As each absolute path of Windows has."""
    monkeypatch.chdir(tmp_path)
    call("export", corpus.root, "--run", "r", "--format", "webdataset", "-o", "c:shards")
    assert (tmp_path / "c:shards" / "film.tar").stat().st_size > 10_000


def test_elan_finds_a_film_on_another_drive_of_windows(corpus, monkeypatch):
    """Such a film has no relative path."""

    def relpath(path, start):
        raise ValueError(f"path is on mount {path!r}, start on mount {start!r}")

    monkeypatch.setattr("mmtool.exports.elan.os.path.relpath", relpath)
    [film] = pympi.Elan.Eaf(str(export(corpus, "eaf") / "film.eaf")).get_linked_files()
    assert film["MEDIA_URL"] == (corpus.root / "videos" / "film.mp4").resolve().as_uri()
    assert "RELATIVE_MEDIA_URL" not in film


def test_clips_of_an_earlier_alignment_go_and_other_files_stay(corpus):
    folder = export(corpus, "clips") / "film"
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    write_alignment(corpus.alignment("r", "film"), replace(make_alignment(), matches=((0, 0),)), "recipe")
    export(corpus, "clips")
    assert sorted(path.name for path in folder.iterdir()) == [
        "0001.json",
        "0001.mp4",
        "0001.txt",
        "notes.txt",
    ]


def test_a_clip_that_the_film_does_not_reach_is_named(corpus):
    late = replace(make_alignment(), clips=(*make_alignment().clips[:3], Clip(7, 9)))
    write_alignment(corpus.alignment("r", "film"), late, "recipe")
    for cut in ("encode", "copy"):
        output = call("export", corpus.root, "--run", "r", "--format", "clips", "--cut", cut, code=1).output
        assert "film.mp4: ends at 6.00 s, before the clip at 7.00 s" in output


def test_a_clip_shorter_than_a_frame_is_a_frame(corpus):
    write_alignment(
        corpus.alignment("r", "film"),
        replace(make_alignment(), clips=(Clip(2, 2),), matches=((0, 0),), clip_confidence=(1,)),
        "recipe",
    )
    assert len(brightness(export(corpus, "clips") / "film" / "0001.mp4")) == 1


@pytest.mark.parametrize("cut", ["encode", "copy"])
def test_a_film_of_odd_size_with_sound_is_cut_with_its_sound(corpus, cut):
    with av.open(str(corpus.root / "videos" / "film.mp4"), "w") as film:
        pictures = film.add_stream("libx264", rate=RATE, width=65, height=49, pix_fmt="yuv444p")
        sound = film.add_stream("aac", rate=16_000, layout="mono")
        for _ in range(sum(SHOTS)):
            film.mux(pictures.encode(av.VideoFrame.from_ndarray(np.zeros((49, 65, 3), np.uint8))))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 6 * 16_000), np.float32), "fltp", "mono")
        silence.rate = 16_000
        film.mux([*sound.encode(silence), *sound.encode(None), *pictures.encode(None)])
    with av.open(str(export(corpus, "clips", "--cut", cut) / "film" / "0002.mp4")) as clip:
        assert [stream.type for stream in clip.streams] == ["video", "audio"]
        assert len(list(clip.decode(video=0))) >= 10


def share_a_clip(corpus):
    """The third snippet is in the second's place, too: 3–4 s."""
    shared = replace(make_alignment(), matches=((0, 0), (2, 0), (2, 2), (3, 2)))
    write_alignment(corpus.alignment("r", "film"), shared, "recipe")


def test_annotations_of_one_tier_of_elan_do_not_overlap(corpus):
    share_a_clip(corpus)
    read = pympi.Elan.Eaf(str(export(corpus, "eaf") / "film.eaf"))
    assert [row[:2] for row in read.get_annotation_data_for_tier("snippets")] == [(0, 1000), (3000, 4000)]
    assert [row[:2] for row in read.get_annotation_data_for_tier("snippets 2")] == [(3000, 6000)]
    assert sorted(read.get_tier_names()) == ["clips", "confidence", "confidence 2", "snippets", "snippets 2"]


def test_on_a_timeline_the_earlier_of_two_goes_first(corpus):
    share_a_clip(corpus)
    read = otio.adapters.read_from_file(str(export(corpus, "otio") / "film.otio"))
    ranges = [clip.source_range for clip in read.find_clips()]
    assert [(r.start_time.to_seconds(), r.duration.to_seconds()) for r in ranges] == [(0, 1), (3, 1), (4, 2)]


@pytest.mark.parametrize("format", EXPORT_FORMATS.names())
def test_an_alignment_without_matches_is_a_file_without_rows(corpus, format):
    write_alignment(corpus.alignment("r", "film"), replace(make_alignment(), matches=()), "recipe")
    export(corpus, format)


@pytest.mark.parametrize("format", ["srt", "vtt", "ass", "eaf", "fcp7", "fcpxml"])
def test_control_characters_and_codes_of_subtitles_are_no_trouble(corpus, format):
    snippets = (Snippet("a\x00b\x1bc C:\\New"), *make_alignment().snippets[1:])
    write_alignment(corpus.alignment("r", "film"), replace(make_alignment(), snippets=snippets), "recipe")
    suffix = "xml" if format == "fcp7" else format
    text = (export(corpus, format) / f"film.{suffix}").read_text(encoding="utf-8")
    assert ("abc C:∖New" if format == "ass" else "abc C:\\New") in text
    if format in ("eaf", "fcp7", "fcpxml"):
        ElementTree.fromstring(text)  # noqa: S314 — written a line above


def test_an_export_stays_in_its_folder_whatever_an_alignment_calls_itself(corpus):
    path = corpus.alignment("r", "film")
    path.write_text(path.read_text("utf-8").replace('"id": "film"', '"id": "../../../away"'), "utf-8")
    assert (export(corpus, "srt") / "film.srt").exists()
    assert not list(corpus.root.parent.rglob("away*"))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("clips", [4]),
        ("clips", ["0"]),
        ("confidence", None),
        ("confidence", 2),
        ("text", "\ud800"),
        ("text", 5),
    ],
)
def test_an_alignment_that_no_aligner_wrote_is_refused(corpus, part, value):
    path = corpus.alignment("r", "film")
    content = json.loads(path.read_text("utf-8"))
    content["snippets"][0][part] = value
    path.write_text(json.dumps(content), "utf-8")
    output = call("export", corpus.root, "--run", "r", "--format", "srt", code=1).output
    assert "film.json: is not a valid alignment file" in output


def test_two_films_of_one_id_are_named(corpus):
    shutil.copy(corpus.root / "videos" / "film.mp4", corpus.root / "videos" / "film.avi")
    output = call("export", corpus.root, "--run", "r", "--format", "clips", code=1).output
    assert "has the same id as film.avi" in output


def test_one_bad_alignment_fails_alone(corpus):
    corpus.alignment("r", "broken").write_text("{}", encoding="utf-8")
    result = call("export", corpus.root, "--run", "r", "--format", "srt", code=1)
    assert "broken.json: is not a valid alignment file" in result.output
    assert (corpus.exports("r") / "film.srt").exists()


def test_a_film_that_is_missing_or_broken_is_named(corpus):
    film = corpus.root / "videos" / "film.mp4"
    film.write_bytes(film.read_bytes()[:300])
    assert "film.mp4" in call("export", corpus.root, "--run", "r", "--format", "clips", code=1).output
    film.unlink()
    output = call("export", corpus.root, "--run", "r", "--format", "clips", code=1).output
    assert "its film is not in videos/" in output


def test_without_a_film_a_timeline_goes_by_the_clips_frames(corpus):
    shutil.rmtree(corpus.root / "videos")
    read = otio.adapters.read_from_file(str(export(corpus, "otio") / "film.otio"))
    clip = next(iter(read.find_clips()))
    assert isinstance(clip.media_reference, otio.schema.MissingReference)
    assert clip.source_range.start_time.rate == RATE


@pytest.mark.parametrize(
    ("module", "format"),
    [
        ("opentimelineio", "otio"),
        ("otio_fcp_adapter", "fcp7"),
        ("pympi.Elan", "eaf"),
        ("webdataset", "webdataset"),
    ],
)
def test_a_missing_extra_is_named_with_its_remedy(corpus, monkeypatch, module, format):
    monkeypatch.setitem(sys.modules, module, None)
    output = call("export", corpus.root, "--run", "r", "--format", format, code=2).output
    assert "pip install 'mmtool[export]'" in output


def test_alignments_that_do_not_exist_and_unknown_formats_are_refused(corpus):
    assert (
        "run `mmtool align` first"
        in call("export", corpus.root, "--run", "other", "--format", "srt", code=2).output
    )
    assert "doc" in call("export", corpus.root, "--run", "r", "--format", "doc", code=2).output


def test_the_command_may_be_spelt_out(corpus):
    call("export", "alignments", corpus.root, "--run", "r", "--format", "srt", "-o", corpus.root / "here")
    assert (corpus.root / "here" / "film.srt").exists()
