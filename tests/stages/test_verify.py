"""``mmtool info --verify``."""

import json

import h5py
import pytest

from support.commands import EXTRACT, TRAIN, call, complaint
from support.corpora import make_corpus


@pytest.fixture
def corpus(tmp_path):
    """A corpus with features, a run and alignments."""
    corpus = make_corpus(tmp_path / "corpus")
    call("extract", corpus.root, *EXTRACT)
    call("project", corpus.root)
    call("train", corpus.root, *TRAIN)
    call("align", corpus.root, "--run", "r")
    call("evaluate", corpus.root, "--run", "r", "--split", "test")
    return corpus


def flip(path, offset):
    content = bytearray(path.read_bytes())
    content[offset] ^= 4
    path.write_bytes(content)


def test_each_damaged_file_of_a_corpus_is_named(corpus):
    report = json.loads(call("info", corpus.root, "--verify", "--json").stdout)
    assert (report["failures"], report["notes"]) == ([], [])
    assert {name.rsplit("/", 1)[1] for name in report["done"]} >= {
        "v0.csv",
        "timing.h5",
        "last.pt",
        "v0.json",
    }
    with h5py.File(corpus.features("timing")) as file:
        offset = file["v2/features"].id.get_offset()
    flip(corpus.features("timing"), offset + 9)
    flip(corpus.run("r") / "last.pt", (corpus.run("r") / "last.pt").stat().st_size // 2)
    corpus.alignment("r", "v1").write_text("[" * 100_000)
    result = call("info", corpus.root, "--verify", code=1)
    failed = [line for line in result.stderr.splitlines() if line.startswith("failed")]
    assert len(failed) == 3
    assert "timing.h5: the features of 'v2' are damaged (wrong checksum)" in failed[0]
    assert "last.pt: is damaged (wrong checksum" in failed[1]
    assert "v1.json: is not a valid alignment file" in failed[2]


def test_one_file_is_verified_by_itself(corpus):
    assert call("info", corpus.features("length"), "--verify").stdout.startswith("verify  1 done")


def test_features_of_early_versions_have_no_checksum(corpus):
    with h5py.File(corpus.features("length"), "r+") as file:
        del file["v0"].attrs["digest"]
    assert "length.h5: 1 of 6 ids have no checksum" in call("info", corpus.root, "--verify").stderr


def test_transcripts_and_pins_are_read(tmp_path):
    for folder in ("transcripts", "pins"):
        (tmp_path / folder).mkdir()
    (tmp_path / "transcripts" / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello.\n")
    (tmp_path / "transcripts" / "b.json").write_text('{"segments": 3}')
    (tmp_path / "transcripts" / "notes.docx").touch()  # not a transcript
    (tmp_path / "pins" / "a.tsv").write_text("1.0\t2.0\tHello.\n")
    (tmp_path / "pins" / "b.tsv").write_text("one\t2.0\tHello.\n")
    result = call("info", tmp_path, "--verify", code=1)
    assert result.stdout.startswith("verify  2 done, 2 failed")
    failed = [line for line in result.stderr.splitlines() if line.startswith("failed")]
    assert ["b.json" in failed[0], "b.tsv: line 1" in failed[1]] == [True, True], failed


def test_what_cannot_be_verified_is_said(tmp_path):
    complaint(call("info", tmp_path / "nowhere", "--verify", code=2), "no such file or folder")
    complaint(call("info", tmp_path, "--verify", code=2), "no file that can be verified")
    (tmp_path / "a.mp4").touch()
    complaint(call("info", tmp_path / "a.mp4", "--verify", code=2), "not one of mmtool's files")
