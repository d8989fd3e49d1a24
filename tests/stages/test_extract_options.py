"""What ``extract`` is asked for but cannot use is said; batches, names and places survive the commands."""

import json

import numpy as np
import pytest

from mmtool.encoders.counting.timing import TimingEncoder
from mmtool.formats.features import open_features
from mmtool.formats.lock import sole_writer
from support.commands import call
from support.corpora import make_corpus
from support.literal_visual_genome import folder_of, small_checkpoint
from support.small_models import pictures, save_clip, write_film

CLIP = ["--video-encoder", "clip", "--text-encoder", "clip"]
TIMING = ["--video-encoder", "timing"]
LENGTH = ["--text-encoder", "length"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ([*TIMING, "--video-weights", "random"], "--video-weights has no effect with --video-encoder timing"),
        ([*TIMING, "--video-model", "x"], "--video-model has no effect with --video-encoder timing"),
        ([*TIMING, "--image-size", "64"], "--image-size has no effect with --video-encoder timing"),
        ([*TIMING, "--keep-regions"], "--keep-regions has no effect with --video-encoder timing"),
        ([*TIMING, "--keep-frames"], "--keep-frames has no effect with --video-encoder timing; leave it out"),
        ([*TIMING, "--frames", "3"], "--frames has no effect with --video-encoder timing; leave it out"),
        ([*TIMING, "--region-names"], "--region-names has no effect with --video-encoder timing"),
        ([*TIMING, "--region-precision", "fp16"], "--region-precision has no effect without --keep-regions"),
        ([*TIMING, "--pooling", "cls"], "--pooling has no effect without --text-encoder"),
        ([*LENGTH, "--text-model", "x"], "--text-model has no effect with --text-encoder length"),
        ([*LENGTH, "--pooling", "cls"], "--pooling has no effect with --text-encoder length; leave it out"),
        ([*LENGTH, "--frames", "3"], "--frames has no effect without --video-encoder"),
        ([*LENGTH, "--keep-regions"], "--keep-regions has no effect without --video-encoder"),
        ([*LENGTH, "--workers", "2"], "--workers has no effect without --video-encoder"),
        ([*TIMING, "--workers", "2"], "--workers has no effect with --video-encoder timing; leave it out"),
        ([*TIMING, "--engine", "ray"], "--engine has no effect with --video-encoder timing; leave it out"),
        ([*TIMING, *LENGTH, "--video-name", "x", "--text-name", "x"], "--text-name must differ from --video"),
        ([*TIMING, "--video-name", "../../evil"], "--video-name must be a file name without / or +"),
        ([*TIMING, "--video-name", ".hidden"], "--video-name must be a file name without / or +"),
        ([*LENGTH, "--text-name", "a+b"], "--text-name must be a file name without / or +"),
        ([*LENGTH, "--text-name", ""], "--text-name must be a file name without / or +"),
        ([], "nothing to extract: name --video-encoder, --text-encoder or both"),
    ],
)
def test_options_that_would_do_nothing_are_said(tmp_path, options, line):
    corpus = make_corpus(tmp_path, train=1, val=0, test=0)
    assert line in call("extract", corpus.root, *options, code=2).stderr
    assert not list((tmp_path / "features").glob("*"))


def test_info_tells_what_is_seen(tmp_path):
    """Two frames of each of six clips; the names that lie beside the weights."""
    corpus = make_corpus(tmp_path / "corpus", train=1, val=0, test=0)
    write_film(corpus.root / "videos" / "v0.mp4", pictures(6, height=64, width=96))
    (tmp_path / "vg").mkdir()
    folder = folder_of(small_checkpoint(), tmp_path / "vg")
    (folder / "objects_vocab.txt").write_text("".join(f"thing {n}\n" for n in range(11)))
    (folder / "attributes_vocab.txt").write_text("".join(f"looks {n}\n" for n in range(7)))
    options = ["--video-encoder", "faster-rcnn-vg", "--video-weights", folder, "--image-size", 64]
    regions = ["--keep-regions", "--region-names", "--frames", 2, "--proposals", 20]
    call("extract", corpus.root, *options, *regions)
    facts = json.loads(call("info", corpus.features("faster-rcnn-vg"), "--json").stdout)
    assert facts["frames per clip"] == 2
    assert facts["classes"].startswith("11: thing 0, thing 1, ")
    again = call("extract", corpus.root, *options, "--frames", 2, "--proposals", 20)
    assert "0 done, 1 unchanged" in again.stdout  # regions and names that nobody asks for now are kept
    assert json.loads(call("info", corpus.features("faster-rcnn-vg"), "--json").stdout) == facts
    assert facts["attributes"] == "7: " + ", ".join(f"looks {n}" for n in range(7))
    for most in (facts["most frequent classes"], facts["most frequent attributes"]):
        counts = [int(part.split("×")[1]) for part in most.split(", ")]
        assert counts == sorted(counts, reverse=True)
        assert sum(counts) <= facts["regions"] <= 12 * 20


def test_a_film_and_its_text_in_one_space_are_aligned_by_every_decoder(tmp_path):
    corpus = make_corpus(tmp_path / "corpus", train=1, val=0, test=0)
    write_film(corpus.root / "videos" / "v0.mp4", pictures(6))
    model = save_clip(tmp_path / "clip")
    call("extract", corpus.root, *CLIP, "--video-model", model, "--text-model", model, "--frames", 2)
    features = ["--video", "clip-video", "--text", "clip-text"]
    for decoder in ("monotone", "otam", "dtw", "semi-markov"):
        result = call("align", corpus.root, *features, "--decoder", decoder)
        assert "1 done" in result.stdout
        content = json.loads(corpus.alignment(decoder, "v0").read_text())
        confidence = [clip["confidence"] for clip in content["clips"]]
        assert np.isfinite(confidence).all()
        assert content["decoder"] == decoder


def test_what_cannot_be_read_fails_alone(tmp_path):
    corpus = make_corpus(tmp_path, train=2, val=0, test=0)
    first, second = corpus.clip_ids()
    corpus.clips(first).unlink()
    corpus.clips(first).mkdir()  # reading it fails as reading a file without the right to does
    result = call("extract", corpus.root, *TIMING, code=1)
    assert "1 done, 1 failed" in result.stdout
    assert f"{first}.csv: cannot be read (Is a directory)" in result.stderr
    with open_features(corpus.features("timing")) as features:
        assert features.ids() == [second]


def test_one_call_at_a_time_writes_a_file(tmp_path):
    corpus = make_corpus(tmp_path, train=1, val=0, test=0)
    call("extract", corpus.root, *TIMING)
    with sole_writer(corpus.features("timing")):
        result = call("extract", corpus.root, *TIMING, "--force", code=2)
        assert "timing.h5: another process is writing it; wait until that has finished" in result.stderr
        call("extract", corpus.root, *TIMING, "--video-name", "other")
    call("extract", corpus.root, *TIMING, "--force")


def test_where_nothing_can_be_written_is_said_at_once(tmp_path):
    corpus = make_corpus(tmp_path, train=1, val=0, test=0)
    corpus.features("timing").parent.write_text("no folder")
    result = call("extract", corpus.root, *TIMING, code=2)
    assert "timing.h5: cannot be written (File exists)" in result.stderr


def test_what_is_not_segmented_is_said(tmp_path):
    corpus = make_corpus(tmp_path, train=3, val=0, test=0)
    first, second, _ = corpus.snippet_ids()
    folder = corpus.root / "texts"
    folder.mkdir(exist_ok=True)
    for id in (first, second):
        (folder / f"{id}.txt").write_text("A sentence.")
        corpus.snippets(id).unlink()
    result = call("extract", corpus.root, *LENGTH)
    assert f"{first}.txt and 1 more: not segmented, so left out; run `mmtool segment`" in result.stderr


def test_features_that_are_no_numbers_are_not_written(tmp_path, monkeypatch):
    corpus = make_corpus(tmp_path, train=2, val=0, test=0)
    first, second = corpus.clip_ids()
    encode, calls = TimingEncoder.encode, []

    def spoilt(self, intervals):
        calls.append(len(intervals))
        return encode(self, intervals) * (np.nan if len(calls) == 1 else 1)

    monkeypatch.setattr(TimingEncoder, "encode", spoilt)
    result = call("extract", corpus.root, *TIMING, code=1)
    assert f"{first}: timing produced non-finite features; try --precision fp32" in result.stderr
    with open_features(corpus.features("timing")) as features:
        assert features.ids() == [second]
    assert "1 done, 1 unchanged" in call("extract", corpus.root, *TIMING).stdout
