"""Pins through the commands: decoders keep them, corrected exports become them, bad ones are refused."""

import json

import pytest

from mmtool.formats.alignments import read_alignment
from mmtool.formats.annotations import read_annotations
from mmtool.formats.pins import read_pins, write_pins
from mmtool.formats.snippets import read_snippets
from mmtool.records import Evidence, Pin
from support.commands import call, complaint
from support.corpora import TEXTS, copy_of


@pytest.fixture
def corpus(chained, tmp_path):
    """Six clips and some snippets, with features and a trained network."""
    return copy_of(chained, tmp_path / "corpus")


def aligned(corpus, *options, id="v0", run="r"):
    call("align", corpus.root, *options)
    return read_alignment(corpus.alignment(run, id))[0]


@pytest.mark.slow
@pytest.mark.parametrize("decoder", ["greedy", "beam"])
@pytest.mark.parametrize(("snippet", "clip"), [(0, 4), (1, 0), (1, 3)])
def test_a_network_keeps_pins(corpus, decoder, snippet, clip):
    free = aligned(corpus, "--run", "r", "--decoder", decoder)
    assert set(free.evidence) <= {Evidence.FEATURES, None}
    times = free.clips[clip]
    pins = [Pin(free.snippets[snippet].text, times.start, times.end)]
    write_pins(corpus.pins("v0"), pins)
    kept = aligned(corpus, "--run", "r", "--decoder", decoder)
    assert [own for own, j in kept.matches if j == snippet] == [clip]
    assert all((own < clip) == (j < snippet) for own, j in kept.matches if j != snippet)
    assert kept.evidence[snippet] is Evidence.PIN
    assert kept.clip_confidence[clip] == kept.snippet_confidence[snippet] == 1.0
    write_pins(corpus.pins("v0"), [Pin(free.snippets[snippet].text, absent=True)])
    kept = aligned(corpus, "--run", "r", "--decoder", decoder)
    assert snippet not in {j for _, j in kept.matches}
    assert aligned(corpus, "--run", "r", "--decoder", decoder, "--pins", "ignore") == free


def test_a_pin_is_a_reason_to_align_again_and_no_other_video(corpus):
    call("align", corpus.root, "--run", "r")
    write_pins(corpus.pins("v0"), [Pin(read_snippets(corpus.snippets("v0"))[0].text, 0.0)])
    assert "1 done, 5 unchanged" in call("align", corpus.root, "--run", "r").stdout


@pytest.mark.parametrize(
    ("lines", "parts"),
    [
        ("0\t2\tno such text\n", ["line 1", "no snippet has this text", "nearest is snippet"]),
        ("500\t501\t{0}\n", ["line 1", "outside of the film"]),
        ("0\t1\t{0}\n1\t2\t{0}\t1\n", ["line 1", "line 2", "contradict"]),
        ("5\t6\t{0}\n1\t2\t{1}\n", ["line 1", "line 2", "order of the text"]),
        ("5\t4\t{0}\n", ["line 1", "the end 4 s is not after the start 5 s"]),
        ("\t\t{0}\n", ["line 1", "neither a start nor an end"]),
        ("soon\t\t{0}\n", ["line 1", "'soon' is not a time"]),
        ("only one column\n", ["line 1", "start, end and text"]),
    ],
)
@pytest.mark.parametrize("options", [["--run", "r"], []], ids=["network", "timing"])
def test_pins_that_cannot_be_kept_fail_their_video_in_one_line(corpus, lines, parts, options):
    path = corpus.pins("v0")
    path.parent.mkdir()
    texts = [snippet.text for snippet in read_snippets(corpus.snippets("v0"))]
    path.write_text(lines.format(*texts), encoding="utf-8")
    said = call("align", corpus.root, *options, code=1)
    [line] = [line for line in said.stderr.splitlines() if "pins" in line and "v0" in line]
    for part in parts:
        assert part in line
    assert "5 done" in said.stdout


def exported(corpus, format, tmp_path):
    call("align", corpus.root, "--run", "r")
    call("export", corpus.root, "--run", "r", "--format", format, "-o", tmp_path / "out")
    return tmp_path / "out" / f"v0.{format}"


@pytest.mark.parametrize("format", ["srt", "vtt", "csv", "eaf"])
def test_an_export_comes_back_as_pins_that_the_next_alignment_keeps(corpus, format, tmp_path):
    if format == "eaf":
        pytest.importorskip("pympi")
    path = exported(corpus, format, tmp_path)
    before = read_alignment(corpus.alignment("r", "v0"))[0]
    said = call("import", format, path, corpus.root, "--as", "pins")
    placed = {j for _, j in before.matches}
    pins = read_pins(corpus.pins("v0"))
    assert f"placed {len(placed)}" in said.stdout
    assert [pin.text for pin in pins] == [before.snippets[j].text for j in sorted(placed)]
    for pin, j in zip(pins, sorted(placed), strict=True):
        extent = before.extent(j)
        assert (pin.start, pin.end) == pytest.approx(extent, abs=0.001)
    after = aligned(corpus, "--run", "r")
    assert after.matches == before.matches
    again = call("import", format, path, corpus.root, "--json")  # as after a kill at the end of the call
    assert json.loads(again.stdout)["unchanged"] == ["v0"]
    corpus.pins("v0").write_text(f"0\t1\t{pins[0].text}\n", encoding="utf-8")
    complaint(call("import", format, path, corpus.root, code=2), "exists already")
    call("import", format, path, corpus.root, "--force")


def test_what_no_snippet_has_is_reported_with_the_nearest(corpus, tmp_path):
    path = exported(corpus, "srt", tmp_path)
    cue = "\n2\n00:00:10,000 --> 00:00:10,500\nthe end.\n"
    path.write_text(path.read_text(encoding="utf-8") + cue, encoding="utf-8")
    lines = path.read_text(encoding="utf-8").splitlines()
    text = lines[2]
    path.write_text("\n".join([*lines[:2], text[:-6] + " moon", *lines[3:]]) + "\n", encoding="utf-8")
    said = call("import", "srt", path, corpus.root, code=1)
    assert "is the text of no snippet; the nearest is snippet" in said.stderr
    assert text[:20] in said.stderr
    assert text not in {pin.text for pin in read_pins(corpus.pins("v0"))}


def test_an_export_comes_back_as_annotations(corpus, tmp_path):
    path = exported(corpus, "csv", tmp_path)
    corpus.annotations("v0").unlink()
    call("import", "csv", path, corpus.root, "--as", "annotations")
    alignment = read_alignment(corpus.alignment("r", "v0"))[0]
    rows = read_annotations(corpus.annotations("v0"))
    placed = sorted({j for _, j in alignment.matches})
    assert [row.text for row in rows] == [alignment.snippets[j].text for j in placed]
    assert "v0" in call("evaluate", corpus.root, "--run", "r", "--json").stdout


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("1\n00:00:00,000 --> 00:00:01,000\nnothing like it\n", "is the text of no snippet"),
        ("", "has no text"),
    ],
)
def test_a_file_of_another_text_is_refused(corpus, tmp_path, content, parts):
    path = tmp_path / "v0.srt"
    path.write_text(content, encoding="utf-8")
    complaint(call("import", "srt", path, corpus.root, code=2), parts)
    complaint(call("import", "srt", path, corpus.root, "--video", "v9", code=2), "--video")
    assert not corpus.pins("v0").exists()


def test_texts_are_those_of_the_corpus():
    """Otherwise the tests above would pin what is not there."""
    assert len(TEXTS) > 1
