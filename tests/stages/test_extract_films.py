"""Films → features: which frames, in which batches, what is stored, and what happens when one is bad."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import h5py
import numpy as np
import pytest
import torch

from mmtool.choices import Modality
from mmtool.encoders.contract import EncodedFrames, FrameEncoder, Regions
from mmtool.errors import CallError, InputError
from mmtool.formats.clips import read_clips, write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.features import FeatureGroup, FeaturesHeader, open_features, write_features
from mmtool.formats.frame_features import frames_of_clips, read_frame_features
from mmtool.formats.regions import read_regions
from mmtool.records import Clip, EncoderIdentity, RegionNames
from mmtool.settings.extract import ExtractSettings
from mmtool.stages.extract import extract, frame_batches
from mmtool.stages.extract.film_encoding import FilmEncoding
from mmtool.stages.extract.frame_batches import FilmClips
from mmtool.video.timeline import read_timeline
from support.commands import call
from support.film_corpora import add_film, cut
from support.hdf5 import contents
from support.numbered_films import make_film, number_in


class NumberEncoder(FrameEncoder):
    """A frame's feature is its number; its regions are one for each of its lowest bits that is set."""

    def __init__(self):
        self.identity = EncoderIdentity("numbers", "none", "none", 2)
        self.names = RegionNames(("nothing", "one"), ("none", "odd", "even"))
        self.batches = []

    def encode(self, frames):
        numbers = [number_in(frame) for frame in frames]
        self.batches.append(numbers)
        features = np.array([[number, 1] for number in numbers], np.float32)
        return EncodedFrames(features, [self.regions(number) for number in numbers])

    def regions(self, number):
        count = 1 + number % 3
        return Regions(
            boxes=np.full((count, 4), number, np.float32),
            scores=np.linspace(1, 0.5, count, dtype=np.float32),
            labels=np.full(count, number, np.int32),
            features=np.full((count, 2), number / 3, np.float32),
            attributes=np.full(count, 2 - number % 2, np.int32),
        )


@pytest.fixture
def numbers(monkeypatch):
    encoder = NumberEncoder()
    for module in ("videos", "film_encoding"):
        name = f"mmtool.stages.extract.{module}.make_video_encoder"
        monkeypatch.setattr(name, lambda settings: encoder)
    return encoder


@pytest.fixture
def corpus(tmp_path):
    """Clips of 10, 20 and 30 frames, whose central ones are 5, 20 and 45; and of four times 10."""
    corpus = Corpus(tmp_path / "corpus")
    add_film(corpus, "a", [10, 20, 30])
    add_film(corpus, "b", [10] * 4)
    return corpus


def extract_numbers(corpus, **settings):
    return extract(corpus.root, video_encoder="faster-rcnn-mobilenet", **settings)


def read(corpus, id, name="numbers"):
    with open_features(corpus.features(name)) as features:
        return features.read(id)


# Which frames


def test_a_clip_is_its_central_frame(corpus, numbers):
    extract_numbers(corpus)
    group = read(corpus, "a")
    assert group.features[:, 0].tolist() == [5, 20, 45]
    assert group.frame_times.tolist() == [[0.2], [0.8], [1.8]]
    assert group.intervals.tolist() == [[0, 0.4], [0.4, 1.2], [1.2, 2.4]]


def test_a_clip_after_the_last_picture_fails_its_film(corpus, numbers):
    """Films of 25 frames a second; the last one may stay on the screen for a second, not for a minute."""
    seconds = len(read_timeline(corpus.root / "videos" / "a.mp4").pts) / 25
    write_clips(corpus.clips("a"), [Clip(0.0, 0.2), Clip(seconds + 0.5, seconds + 0.7)])
    assert "a" in extract_numbers(corpus).done
    write_clips(corpus.clips("a"), [Clip(0.0, 0.2), Clip(seconds + 60, seconds + 61)])
    report = extract_numbers(corpus)
    assert [failure.id for failure in report.failures] == ["a"]
    assert f"but a clip at {seconds + 60:.2f} s" in report.failures[0].reason


def test_several_frames_are_averaged(corpus, numbers):
    """Of [0, 10): 2 and 7; of [10, 30): 15 and 25; of [30, 60): 37 and 52."""
    extract_numbers(corpus, frames=2)
    group = read(corpus, "a")
    assert group.features[:, 0].tolist() == [4.5, 20, 44.5]
    assert (group.frame_times * 25).round(6).tolist() == [[2, 7], [15, 25], [37, 52]]


def test_features_of_another_number_of_frames_are_not_reused(corpus, numbers):
    extract_numbers(corpus)
    options = ["--video-encoder", "faster-rcnn-mobilenet", "--frames", 3]
    result = call("extract", corpus.root, *options, code=2)
    assert "frames=1" in result.stderr
    assert "frames=3" in result.stderr


# Batches


def test_batches_cross_clips_and_films_and_have_one_size(corpus, numbers):
    extract_numbers(corpus, batch_size=3)
    assert numbers.batches == [[5, 20, 45], [5, 15, 25], [35, 35, 35]]
    numbers.batches.clear()
    extract_numbers(corpus, batch_size=4, force=True)
    assert numbers.batches == [[5, 20, 45, 5], [15, 25, 35, 35]]


def test_frames_of_a_batch_are_of_one_size(corpus, numbers):
    add_film(corpus, "aa", [10], size=(128, 64))
    extract_numbers(corpus, batch_size=2)
    assert numbers.batches == [[5, 20], [45, 45], [5, 5], [5, 15], [25, 35]]


@pytest.mark.parametrize("batch_size", [3, 8])
def test_a_clip_depends_neither_on_its_batch_nor_on_what_was_resumed(corpus, detector, batch_size):
    """Bit for bit, with the detector: together, alone, and after another film."""
    options = [*detector, "--keep-regions", "--batch-size", batch_size]
    call("extract", corpus.root, *options)
    together = contents(corpus.features("faster-rcnn-vg"))
    for id in ("a", "b"):  # all over again, this film's features being there
        rename = corpus.clips(id).rename(corpus.clips(id).with_suffix(".away"))
        call("extract", corpus.root, *options, "--video-name", f"but-{id}")
        rename.rename(corpus.clips(id))
        call("extract", corpus.root, *options, "--video-name", f"but-{id}")
        assert contents(corpus.features(f"but-{id}")) == together


def test_frames_are_decoded_while_the_model_works(monkeypatch):
    """When the first item arrives, the thread is three ahead; it ends with the one who reads."""
    produced = []

    def produce():
        for number in range(1, 100):
            produced.append(number)
            yield number

    items = frame_batches._ahead(produce(), 3)
    assert next(items) == 1
    deadline = time.monotonic() + 10
    while len(produced) < 4 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert produced == [1, 2, 3, 4]
    items.close()
    time.sleep(0.02)
    assert len(produced) == 4


def test_an_error_of_the_thread_reaches_the_reader():
    def produce():
        yield 1
        raise InputError("film.mp4", "is bad", "mend it")

    items = frame_batches._ahead(produce(), 3)
    assert next(items) == 1
    with pytest.raises(InputError, match="is bad"):
        next(items)


# Regions


def test_regions_of_each_frame_are_kept(corpus, numbers):
    extract_numbers(corpus, frames=2, keep_regions=True)
    with open_features(corpus.features("numbers")) as features:
        first, second = read_regions(features, "a", 2)  # frames 37 and 52: 2 regions each
    assert [len(part.boxes) for part in (first, second)] == [2, 2]
    assert first.boxes.tolist() == [[37] * 4] * 2
    assert (first.labels.tolist(), second.labels.tolist()) == ([37, 37], [52, 52])
    assert (first.attributes.tolist(), second.attributes.tolist()) == ([1, 1], [2, 2])
    assert second.scores.tolist() == [1.0, 0.5]
    assert first.features.dtype == np.float32
    np.testing.assert_array_equal(first.features, np.full((2, 2), np.float32(37) / 3))


def test_features_of_each_frame_are_kept(corpus, numbers):
    extract_numbers(corpus, frames=2, keep_frames=True)
    with open_features(corpus.features("numbers")) as features:
        whole = features.read("a").features
        rows = [read_frame_features(features, "a", clip) for clip in range(len(whole))]
        assert rows[2][:, 0].tolist() == [37, 52]
        assert frames_of_clips(features, "a") == (len(whole), 2)
    np.testing.assert_allclose(np.mean(rows, axis=1), whole, rtol=1e-6)
    assert extract_numbers(corpus, frames=2).unchanged == ["a", "b"]
    assert extract_numbers(corpus, frames=2, keep_regions=True).done == ["a", "b"]
    with (
        open_features(corpus.features("numbers")) as features,
        pytest.raises(InputError, match=r"stores no frames of 'a'; .*--keep-frames"),
    ):
        read_frame_features(features, "a", 0)
    both = {"frames": 2, "keep_regions": True, "keep_frames": True}
    assert extract_numbers(corpus, **both).done == ["a", "b"]
    for asked in ({"keep_regions": True}, {"keep_frames": True}, {}):
        assert extract_numbers(corpus, frames=2, **asked).unchanged == ["a", "b"]


def test_two_films_of_one_id_and_films_without_clips_are_named(corpus, numbers):
    make_film(corpus.root / "videos" / "a.mkv", frames=range(10))
    make_film(corpus.root / "videos" / "new.mp4", frames=range(10))
    report = extract_numbers(corpus)
    assert report.done == ["b"]
    assert [failure.id for failure in report.failures] == ["a"]
    assert "a.mp4: has the same id as a.mkv; rename one of them" in report.failures[0].reason
    assert report.notes == [
        f"{corpus.root / 'videos' / 'new.mp4'}: not segmented, so left out; run `mmtool segment`"
    ]


def test_a_batch_too_large_for_a_gpu_is_encoded_in_halves(corpus, numbers, monkeypatch):
    expected = contents(extract_numbers(corpus, keep_regions=True, batch_size=4).features[0].path)
    encode, sizes = numbers.encode, []

    def encode_three(frames):
        sizes.append(len(frames))
        if len(frames) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return encode(frames)

    monkeypatch.setattr(numbers, "encode", encode_three)
    report = extract_numbers(corpus, keep_regions=True, batch_size=4, force=True)
    assert sizes == [4, 2, 2] * 2
    assert contents(report.features[0].path) == expected
    with pytest.raises(CallError, match="not enough memory on the GPU; use a smaller `batch_size`"):
        extract_numbers(corpus, batch_size=8, force=True)
    assert sizes[6:] == [8, 4]


def test_a_processor_without_enough_memory_is_not_tried_twice(corpus, numbers, monkeypatch):
    def fail(frames):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 2 bytes")

    monkeypatch.setattr(numbers, "encode", fail)
    with pytest.raises(CallError, match="there is not enough memory; use a smaller `batch_size`"):
        extract_numbers(corpus)


def test_a_process_with_another_encoder_encodes_nothing(corpus, numbers):
    """As on a cluster's machine whose weights were replaced; the settings' seed keeps the caches apart."""
    settings = ExtractSettings(video_encoder="faster-rcnn-mobilenet", seed=1)
    film = FilmClips("a", corpus.root / "videos" / "a.mp4", tuple(read_clips(corpus.clips("a"))), "a")
    work = FilmEncoding(settings, "cpu", 1, numbers.identity)
    assert work.get_ready() == "cpu"
    assert work(film).features[:, 0].tolist() == [5, 20, 45]
    other = replace(work, identity=replace(numbers.identity, weights="others"))
    with pytest.raises(CallError, match="has the weights none, not others; put the same weights"):
        other.get_ready()
    assert "has the weights none, not others" in other(film).reason
    other = replace(work, identity=replace(numbers.identity, settings={"size": 3}))
    with pytest.raises(CallError, match="has an encoder with other settings than numbers has here"):
        other.get_ready()


def test_a_process_that_cannot_load_the_encoder_fails_the_film(corpus):
    missing = str(corpus.root / "missing.bin")
    settings = ExtractSettings(video_encoder="faster-rcnn-vg", video_weights=missing)
    film = FilmClips("a", corpus.root / "videos" / "a.mp4", (), "a")
    failure = FilmEncoding(settings, "cpu", 1, EncoderIdentity("numbers", "none", "none", 2))(film)
    assert f"cannot load the encoder: {missing}: " in failure.reason


def test_regions_are_not_thrown_away_by_a_call_that_asks_for_none(corpus, numbers):
    extract_numbers(corpus, keep_regions=True, region_precision="fp16")
    assert extract_numbers(corpus).unchanged == ["a", "b"]
    with open_features(corpus.features("numbers")) as features:
        assert len(read_regions(features, "b", 1)) == 1
    assert extract_numbers(corpus, force=True).done == ["a", "b"]
    with open_features(corpus.features("numbers")) as features, pytest.raises(InputError, match="stores no"):
        read_regions(features, "b", 1)


def test_region_features_in_half_the_bytes(corpus, numbers):
    extract_numbers(corpus, keep_regions=True, region_precision="fp16")
    with open_features(corpus.features("numbers")) as features:
        (frame,) = read_regions(features, "b", 1)
    assert frame.features.dtype == np.float16
    np.testing.assert_array_equal(frame.features, np.full((1, 2), np.float16(np.float32(15) / 3)))
    assert frame.boxes.dtype == np.float32


def test_regions_that_were_not_kept_are_extracted_when_they_are_asked_for(corpus, numbers):
    extract_numbers(corpus)
    with (
        open_features(corpus.features("numbers")) as features,
        pytest.raises(InputError, match=r"stores no regions of 'a'; .*--keep-regions"),
    ):
        read_regions(features, "a", 0)
    assert extract_numbers(corpus, keep_regions=True).done == ["a", "b"]
    assert extract_numbers(corpus, keep_regions=True).unchanged == ["a", "b"]
    assert extract_numbers(corpus, keep_regions=True, region_precision="fp16").done == ["a", "b"]


def test_reading_a_clip_touches_its_chunks_alone(tmp_path):
    """The other clips' chunks are overwritten on disk with what no decompressor reads."""
    path = tmp_path / "regions.h5"
    noise = np.random.default_rng(0).normal(size=(3, 2, 36, 64)).astype(np.float32)
    whole = np.zeros((3, 2, 36), np.int32)
    arrays = {"boxes": noise[..., :4], "scores": noise[..., 0], "labels": whole, "region_features": noise}
    group = FeatureGroup(np.zeros((3, 2), np.float32), extras={**arrays, "region_count": np.full((3, 2), 36)})
    header = FeaturesHeader(Modality.VIDEO, (EncoderIdentity("e", "m", "none", 2),))
    write_features(path, header, {"a": group})
    with h5py.File(path) as file:
        chunks = [file["a/region_features"].id.get_chunk_info(clip) for clip in range(3)]
    with path.open("r+b") as file:
        for chunk in (chunks[0], chunks[2]):
            file.seek(chunk.byte_offset)
            file.write(b"\xff" * chunk.size)
    with open_features(path) as features:
        frames = read_regions(features, "a", 1)
        np.testing.assert_array_equal(frames[1].features, noise[1, 1])
        with pytest.raises(InputError, match="damaged"):
            read_regions(features, "a", 0)
        with pytest.raises(IndexError):
            read_regions(features, "a", 3)


def test_a_file_from_before_there_were_several_frames_is_read(tmp_path):
    path = tmp_path / "old.h5"
    header = FeaturesHeader(Modality.VIDEO, (EncoderIdentity("e", "m", "none", 2),))
    arrays = {
        "boxes": np.ones((2, 36, 4), np.float32),
        "scores": np.ones((2, 36), np.float32),
        "labels": np.ones((2, 36), np.int32),
        "region_features": np.ones((2, 36, 5), np.float32),
        "region_count": np.array([3, 36]),
    }
    write_features(path, header, {"a": FeatureGroup(np.zeros((2, 2), np.float32), extras=arrays)})
    with open_features(path) as features:
        (frame,) = read_regions(features, "a", 0)
        assert features.read("a").frame_times is None
    assert frame.features.shape == (3, 5)
    assert frame.attributes is None


def test_names_are_stored_once_a_file(corpus, numbers):
    extract_numbers(corpus, keep_regions=True)
    with open_features(corpus.features("numbers")) as features:
        assert features.header.region_names is None
    assert extract_numbers(corpus, keep_regions=True, region_names=True).unchanged == ["a", "b"]
    with open_features(corpus.features("numbers")) as features:
        assert features.header.region_names == numbers.names
        assert features.ids() == ["a", "b"]


def test_an_encoder_without_names_says_so(corpus, detector):
    result = call("extract", corpus.root, *detector, "--region-names", code=2)
    assert "faster-rcnn-vg has no names for its classes; put objects_vocab.txt" in result.stderr


# Bad films, odd films


def test_one_bad_film_fails_alone_and_is_tried_again(corpus, numbers):
    """FilmClips a ends before its last clip; it has given frames to a batch by then."""
    write_clips(corpus.clips("a"), cut([10, 20, 30, 80]))
    report = extract_numbers(corpus, batch_size=2)
    assert report.done == ["b"]
    assert [failure.id for failure in report.failures] == ["a"]
    assert "frame 100 is missing" in report.failures[0].reason
    again = extract_numbers(corpus, batch_size=2)
    assert (again.unchanged, [failure.id for failure in again.failures]) == (["b"], ["a"])
    write_clips(corpus.clips("a"), cut([10, 20, 30]))
    assert extract_numbers(corpus, batch_size=2).done == ["a"]


@pytest.mark.parametrize("frames", [(-5, 10), (10, 10), (10, 5)])
def test_clips_with_impossible_frames_fail_alone(corpus, numbers, frames):
    write_clips(corpus.clips("a"), [Clip(0.0, 0.4, *frames)])
    report = extract_numbers(corpus)
    assert report.done == ["b"]
    assert (
        f"a.csv: line 2: the clip has no frames from {frames[0]} to {frames[1]}" in report.failures[0].reason
    )


UNEVEN = [k + 2 * (k // 7) for k in range(40)]
ODD_FILMS = {
    "variable-rate.mkv": {"ticks": UNEVEN},
    "rotated.mp4": {"rotation": 90},
    "odd-sized.mp4": {"size": (97, 63), "pixels": "yuv444p"},
}


@pytest.mark.parametrize("name", ODD_FILMS)
def test_films_of_all_sorts_from_segment_to_features(tmp_path, name, numbers, monkeypatch):
    """None has a sound track. The encoder sees frames upright, as OpenCV shows them."""
    corpus = Corpus(tmp_path)
    (tmp_path / "videos").mkdir()
    make_film(tmp_path / "videos" / name, frames=range(20, 60), **ODD_FILMS[name])
    call("segment", tmp_path, "--threshold", 20)
    shapes = []
    monkeypatch.setattr(numbers, "encode", spy_on(numbers.encode, shapes))
    extract_numbers(corpus)
    group = read(corpus, name.split(".")[0])
    assert len(group.features) == 2  # the colours change at 40
    assert np.isfinite(group.features).all()
    width, height = ODD_FILMS[name].get("size", (96, 64))
    turned = "rotation" in ODD_FILMS[name]
    assert shapes[0] == ((width, height, 3) if turned else (height, width, 3))
    if not turned:
        assert group.features[:, 0].tolist() == [30, 50]
    if "ticks" in ODD_FILMS[name]:
        assert group.frame_times[:, 0] == pytest.approx([UNEVEN[10] / 25, UNEVEN[30] / 25])


def spy_on(encode, shapes):
    def spy(frames):
        shapes.extend(frame.shape for frame in frames)
        return encode(frames)

    return spy


def test_a_film_of_one_frame(tmp_path, numbers):
    corpus = Corpus(tmp_path)
    (tmp_path / "videos").mkdir()
    make_film(tmp_path / "videos" / "one.mp4", frames=[77])
    call("segment", tmp_path)
    extract_numbers(corpus, frames=3)
    assert read(corpus, "one").features.tolist() == [[77, 1]]
    assert read(corpus, "one").frame_times.tolist() == [[0, 0, 0]]


def test_a_truncated_film_counts_as_far_as_it_goes(tmp_path, numbers):
    corpus = Corpus(tmp_path)
    (tmp_path / "videos").mkdir()
    path = make_film(tmp_path / "videos" / "cut.ts", "mpeg2video", frames=range(100))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 7 // 10])
    call("segment", tmp_path)
    assert extract_numbers(corpus).done == ["cut"]
    clips = read_clips(corpus.clips("cut"))
    assert 40 < clips[-1].end_frame < 100
    central = [(clip.start_frame + clip.end_frame) // 2 for clip in clips]
    assert read(corpus, "cut").features[:, 0].tolist() == central


# Killed


PROGRAM = """
import sys
from mmtool.cli.main import main
sys.argv = ["mmtool", *sys.argv[1:]]
main()
"""


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_as_if_it_was_not(corpus, detector):
    """Killed when the first film's part is there, and while it starts; then the same command again."""
    for id in "cdef":
        add_film(corpus, id, [10] * 4)
    options = [*detector, "--keep-regions", "--batch-size", "2", "--frames", "6"]
    call("extract", corpus.root, *options, "--video-name", "whole")
    command = [sys.executable, "-c", PROGRAM, "extract", corpus.root, *options, "--video-name", "killed"]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}  # as in this process: it decides how sums are rounded
    process = subprocess.Popen(list(map(str, command)), env=one_thread)
    part = corpus.features("killed").parent / ".killed.parts" / "b.h5"
    while not part.exists() and process.poll() is None:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not corpus.features("killed").exists()
    report = json.loads(call("extract", corpus.root, *options, "--video-name", "killed", "--json").stdout)
    assert {"a", "b"} <= set(report["unchanged"])
    assert report["done"]
    assert contents(corpus.features("killed")) == contents(corpus.features("whole"))
