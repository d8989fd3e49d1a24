"""Exports of what people really have: timecodes, gaps, markup, formulas, full disks."""

import csv
import errno
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import av
import numpy as np
import opentimelineio as otio
import pympi
import pysubs2
import pytest

from mmtool.exports.passages import between_neighbours
from mmtool.exports.table import EXPORT_FORMATS
from mmtool.formats.alignments import write_alignment
from mmtool.formats.corpus import Corpus
from mmtool.records import Alignment, Clip, Interval, Quality, Snippet, Verdict
from support.commands import call

TIMELINES = {"otio": "otio", "edl": "edl", "fcp7": "xml", "fcpxml": "fcpxml"}
NTSC = Fraction(30000, 1001)


def alignment_of(texts, matches, *, ends=(2, 4, 6), quality=None):
    clips = tuple(Clip(start, end) for start, end in zip((0, *ends), ends, strict=False))
    return Alignment(
        id="film",
        clips=clips,
        snippets=tuple(Snippet(text) for text in texts),
        matches=matches,
        clip_confidence=(0.9,) * len(clips),
        snippet_confidence=(0.75,) * len(texts),
        decoder="semi-markov",
        checkpoint="",
        quality=quality,
    )


def film_with_timecode(path, timecode, rate=Fraction(25)):
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as film:
        stream = film.add_stream("mpeg4", rate=rate, width=32, height=32, pix_fmt="yuv420p")
        stream.metadata["timecode"] = timecode
        for _ in range(10):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))))
        film.mux(stream.encode(None))


@pytest.fixture
def corpus(tmp_path):
    corpus = Corpus(tmp_path / "corpus")
    write_alignment(corpus.alignment("r", "film"), alignment_of("ABC", ((0, 0), (2, 2))), "recipe")
    return corpus


def export(corpus, format, *more, code=0):
    return call("export", corpus.root, "--run", "r", "--format", format, *more, code=code)


def written(corpus, suffix):
    return corpus.exports("r") / f"film.{suffix}"


# Start timecodes


@pytest.mark.parametrize(
    ("timecode", "rate", "first"),
    [("01:00:00:00", Fraction(25), 90_000), ("10:00:00:00", NTSC, 1_080_000), ("01:00:00;00", NTSC, 107_892)],
)
def test_every_timeline_counts_from_the_films_own_timecode(corpus, timecode, rate, first):
    film_with_timecode(corpus.root / "videos" / "film.mov", timecode, rate)
    for format in TIMELINES:
        export(corpus, format)
    second = first + round(4 * rate)
    timeline = otio.adapters.read_from_file(str(written(corpus, "otio")))
    clips = list(timeline.find_clips())
    assert timeline.global_start_time.value == first
    assert clips[0].media_reference.available_range.start_time.value == first
    assert [clip.source_range.start_time.value for clip in clips] == [first, second]

    edl = written(corpus, "edl").read_text()
    assert f"FCM: {'DROP' if ';' in timecode else 'NON-DROP'} FRAME" in edl
    event = next(line for line in edl.splitlines() if line.startswith("001")).split()
    assert (event[4], event[6]) == (timecode, "00:00:00" + timecode[8] + "00")

    xml = ElementTree.parse(written(corpus, "xml"))  # noqa: S314 — written above
    file = xml.find(".//clipitem/file")
    assert file.findtext("timecode/string") == timecode
    assert file.findtext("timecode/displayformat") == ("DF" if ";" in timecode else "NDF")
    assert xml.find(".//sequence/timecode/string").text == timecode
    assert [item.findtext("in") for item in xml.iter("clipitem")] == ["0", str(second - first)]

    root = ElementTree.parse(written(corpus, "fcpxml")).getroot()  # noqa: S314 — written above
    starts = [clip.get("start") for clip in root.iter("asset-clip")]
    assert [seconds_of(start) * rate for start in starts] == [first, second]
    assert seconds_of(root.find("resources/asset").get("start")) * rate == first


def seconds_of(text):
    return Fraction(text.removesuffix("s"))


def test_our_own_edl_of_such_a_film_is_read_back(corpus):
    film_with_timecode(corpus.root / "videos" / "film.mov", "01:00:00:00")
    long = alignment_of("AB", ((0, 0), (1, 1)), ends=(0.2, 0.4))
    write_alignment(corpus.alignment("r", "film"), long, "recipe")
    export(corpus, "edl")
    call("segment", corpus.root, "--clips", written(corpus, "edl"))
    rows = list(csv.DictReader(corpus.clips("film").open()))
    assert [(float(row["start"]), float(row["end"])) for row in rows] == [(0, 0.2), (0.2, 0.4)]


def test_fcpxml_is_whole(corpus):
    """What its schema asks for: ids that are unique and known, whole frames, a spine without holes."""
    film_with_timecode(corpus.root / "videos" / "film.mov", "01:00:00:00", Fraction(24000, 1001))
    export(corpus, "fcpxml")
    text = written(corpus, "fcpxml").read_text()
    assert text.splitlines()[1] == "<!DOCTYPE fcpxml>"
    root = ElementTree.fromstring(text)  # noqa: S314 — written above
    assert (root.tag, root.get("version")) == ("fcpxml", "1.9")
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids)) == 2
    used = {element.get(key) for element in root.iter() for key in ("ref", "format") if element.get(key)}
    assert used == set(ids)
    format, asset = root.find("resources/format"), root.find("resources/asset")
    assert (format.get("frameDuration"), format.get("width")) == ("1001/24000s", "32")
    assert asset.find("media-rep").get("src") == (corpus.root / "videos" / "film.mov").resolve().as_uri()
    sequence = root.find("library/event/project/sequence")
    position = seconds_of(sequence.get("tcStart"))
    for element in sequence.find("spine"):
        assert seconds_of(element.get("offset")) == position
        position += seconds_of(element.get("duration"))
        assert (position * 24000 / 1001).denominator == 1
    assert [element.tag for element in sequence.find("spine")] == ["asset-clip", "gap", "asset-clip"]
    assert position - seconds_of(sequence.get("tcStart")) == seconds_of(sequence.get("duration"))


# Full disks


def out_of_space(*args, **more):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    "format", ["srt", "vtt", "ass", "csv", "jsonl", "otio", "edl", "fcpxml", "fcp7", "eaf"]
)
def test_a_full_disk_leaves_the_earlier_file_alone(corpus, monkeypatch, format):
    export(corpus, format)
    path = written(corpus, TIMELINES.get(format, format))
    before = path.read_bytes()
    monkeypatch.setattr(Path, "write_text", out_of_space)
    monkeypatch.setattr(pympi.Elan.Eaf, "to_file", out_of_space)
    result = export(corpus, format, code=2)
    problem = f"{path.name}: could not be written (No space left on device); the previous file is intact"
    assert f"/{problem}" in result.stderr.replace("\\", "/")
    assert len(result.stderr.strip().splitlines()) == 1
    assert path.read_bytes() == before
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def test_a_library_that_cuts_a_file_short_in_silence_is_found_out(corpus, monkeypatch):
    export(corpus, "eaf")
    before = written(corpus, "eaf").read_bytes()
    monkeypatch.setattr(
        pympi.Elan.Eaf, "to_file", lambda self, path: Path(path).write_bytes(before[: len(before) // 2])
    )
    assert "could not be written" in export(corpus, "eaf", code=2).stderr
    assert written(corpus, "eaf").read_bytes() == before


# Snippets without a match


def test_a_note_counts_what_is_left_out(corpus):
    advice = "--unplaced keep puts them between their neighbours"
    assert f"2 of 3 snippets placed, 1 not exported; {advice}" in plain(export(corpus, "srt"))
    assert f"2 of 3 snippets placed, 1 listed without times; {advice}" in plain(export(corpus, "csv"))
    kept = plain(export(corpus, "srt", "--unplaced", "keep"))
    assert "1 of 3 snippets matched no clip and were put between their neighbours" in kept
    cues = pysubs2.load(str(written(corpus, "srt")))
    assert [(cue.start, cue.end, cue.plaintext) for cue in cues] == [
        (0, 2000, "A"),
        (2000, 4000, "B"),
        (4000, 6000, "C"),
    ]


def plain(result):
    return " ".join(result.output.split())


def test_tables_say_what_was_placed(corpus):
    for more, times in (((), [-1, -1]), (("--unplaced", "keep"), [2, 4])):
        export(corpus, "csv", *more)
        rows = {row["text"]: row for row in csv.DictReader(written(corpus, "csv").open())}
        assert {text: row["placed"] for text, row in rows.items()} == {"A": "1", "B": "0", "C": "1"}
        assert [float(rows["B"][edge] or -1) for edge in ("start", "end")] == times
        export(corpus, "jsonl", *more)
        lines = [json.loads(line) for line in written(corpus, "jsonl").read_text().splitlines()]
        assert [line["placed"] for line in lines] == [True, False, True]
        assert lines[1]["intervals"] == ([[2, 4]] if more else [])


@pytest.mark.parametrize("format", TIMELINES)
def test_timelines_keep_them_too(corpus, format):
    export(corpus, format, "--unplaced", "keep")
    assert "B" in written(corpus, TIMELINES[format]).read_text()


def test_formats_that_cut_the_film_do_not_keep_them(corpus):
    output = plain(export(corpus, "clips", "--unplaced", "keep", code=2))
    assert "--unplaced cannot be keep with --format clips" in output


@pytest.mark.parametrize(
    ("texts", "matches", "expected"),
    [
        ("ABC", ((0, 0), (2, 2)), {1: (2, 4)}),
        ("ABC", ((1, 1),), {0: (0, 2), 2: (4, 6)}),
        ("ABC", (), {0: (0, 2), 1: (2, 4), 2: (4, 6)}),
        (("A", "BB", "BBBB", "C"), ((0, 0), (2, 3)), {1: (2, 2 + 2 / 3), 2: (2 + 2 / 3, 4)}),
        ("ABC", ((0, 0), (1, 0), (2, 2)), {1: (2, 5)}),  # no time between: from middle to middle
        ("ABC", ((1, 0), (0, 2)), {1: (1, 3)}),  # neighbours in the other order
    ],
)
def test_they_share_the_time_between_their_neighbours(texts, matches, expected):
    found = between_neighbours(alignment_of(texts, matches))
    assert {number: tuple(interval) for number, interval in found.items()} == {
        number: pytest.approx(interval) for number, interval in expected.items()
    }
    assert all(isinstance(interval, Interval) for interval in found.values())


# Verdicts


@pytest.mark.parametrize("format", ["vtt", "ass", "csv", "jsonl", "otio", "edl", "fcpxml", "eaf"])
def test_the_verdict_goes_along(corpus, format):
    quality = Quality(placed=2, snippets=3, verdict=Verdict.DOUBTFUL, reasons=("few words",))
    doubtful = replace(alignment_of("ABC", ((0, 0), (2, 2))), quality=quality)
    write_alignment(corpus.alignment("r", "film"), doubtful, "recipe")
    export(corpus, format)
    assert "doubtful" in written(corpus, TIMELINES.get(format, format)).read_text().lower()


# Markup, formulas, control codes


def export_texts(corpus, format, texts, *more):
    found = alignment_of(
        texts, tuple((i, i) for i in range(len(texts))), ends=range(2, 2 * len(texts) + 2, 2)
    )
    write_alignment(corpus.alignment("r", "film"), found, "recipe")
    export(corpus, format, *more)
    return written(corpus, TIMELINES.get(format, format)).read_text(encoding="utf-8")


@pytest.mark.parametrize("format", ["srt", "vtt", "ass"])
def test_no_markup_and_no_time_line_reaches_a_player(corpus, format):
    texts = ["a <i>b</i> <script>x</script> 2 < 3", "{\\an8}cd", "00:00:01.000 --> 00:00:02.000", "&lt;"]
    text = export_texts(corpus, format, texts)
    assert ("{\\" in text) == (format == "vtt")  # where it is nothing special
    if format != "ass":
        assert "<i>" not in text
        assert "<script>" not in text
        assert text.count("-->") == len(texts)
    assert [len(cue.plaintext.splitlines()) for cue in pysubs2.SSAFile.from_string(text)] == [1] * len(texts)


def test_csv_holds_no_formulas_unless_asked_for(corpus):
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "a=1", "- Hello"]
    export_texts(corpus, "csv", texts)
    cells = [row["text"] for row in csv.DictReader(written(corpus, "csv").open(newline=""))]
    assert cells == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'=1", "'=1", "a=1", "'- Hello"]
    export_texts(corpus, "csv", texts, "--raw-csv")
    cells = [row["text"] for row in csv.DictReader(written(corpus, "csv").open(newline=""))]
    assert cells == ["=1+1", "+1", "-1", "@SUM(A1)", "=1", "=1", "a=1", "- Hello"]


@pytest.mark.parametrize("format", TIMELINES)
def test_no_control_code_and_no_line_break_reaches_a_timeline(corpus, format):
    text = export_texts(corpus, format, ["x \x1b]0;PWNED\x07 \x9b31m\n001  AX V C\u2028y\x85z"])
    assert not {"\x1b", "\x07", "\x9b", "\u2028", "\x85"} & set(text)
    assert "x ]0;PWNED 31m 001 AX V C y z" in text
    if format == "edl":
        assert [line[:3] for line in text.splitlines() if line[:1].isdigit()] == ["001"]


# Impossible times


@pytest.mark.parametrize("format", EXPORT_FORMATS.names())
@pytest.mark.parametrize("end", [1e308, 1e15])
def test_a_time_that_no_film_has_is_one_line(corpus, format, end):
    path = corpus.alignment("r", "film")
    content = json.loads(path.read_text())
    content["clips"][2]["end"] = end
    path.write_text(json.dumps(content))
    result = export(corpus, format, code=1)
    assert "film.json: is not a valid alignment file" in plain(result)


@pytest.mark.parametrize(
    "format", ["srt", "vtt", "ass", "csv", "jsonl", "otio", "edl", "fcpxml", "fcp7", "eaf"]
)
def test_the_latest_time_that_is_allowed_can_be_written(corpus, format):
    late = alignment_of("ABC", ((0, 0), (2, 2)), ends=(2, 4, 1e9))
    write_alignment(corpus.alignment("r", "film"), late, "recipe")
    export(corpus, format)
