"""Motion and sound of films → features: which clips, several processes, films without sound."""

import h5py
import numpy as np
import pytest

from mmtool.encoders.contract import EncoderOptions
from mmtool.encoders.registry import load_video_encoder
from mmtool.formats.clips import write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.features import open_features
from mmtool.records import Clip
from support.commands import call, complaint
from support.film_corpora import add_film
from support.hdf5 import contents
from support.speech import RATE, tone, write_sound_film


@pytest.fixture
def corpus(tmp_path):
    corpus = Corpus(tmp_path / "corpus")
    add_film(corpus, "a", [30, 40, 1])
    add_film(corpus, "b", [25] * 3, size=(128, 64))
    return corpus


@pytest.fixture
def sounding(tmp_path):
    """``a``: a low tone for 2 s, a high one for 1 s, then nothing for 1 s; ``b``: no sound at all."""
    corpus = Corpus(tmp_path / "sounding")
    (corpus.root / "videos").mkdir(parents=True)
    sound = np.concatenate([tone(2, 300), tone(1, 3000)])
    write_sound_film(corpus.root / "videos" / "a.mkv", sound, seconds=4)
    write_sound_film(corpus.root / "videos" / "b.mkv", None, seconds=4)
    for id in ("a", "b"):
        write_clips(corpus.clips(id), [Clip(0.0, 2.0), Clip(2.0, 3.0), Clip(3.0, 4.0)])
    return corpus


def read(corpus, id, name):
    with open_features(corpus.features(name)) as features:
        return features.read(id)


def heard(corpus, id):
    with open_features(corpus.features("audio")) as features:
        return features.read_array(id, "heard").round(2).tolist()


def test_motion_of_each_clip(corpus):
    result = call("extract", corpus.root, "--video-encoder", "motion")
    assert "motion 56 dimensions" in result.stdout
    group = read(corpus, "a", "motion")
    assert group.features.shape == (3, 56)
    assert group.frame_times.shape == (3, 17)
    assert not group.features[2].any()  # a single frame
    assert group.features[:2, 0].min() > 0.05
    call("extract", corpus.root, "--video-encoder", "motion", "--frames", 2, "--video-name", "two")
    assert read(corpus, "a", "two").frame_times.shape == (3, 34)


@pytest.mark.slow
@pytest.mark.parametrize("options", [["--workers", 2], ["--batch-size", 1], ["--batch-size", 3]])
@pytest.mark.parametrize("encoder", ["motion", "audio"])
def test_the_same_bits_in_any_processes_and_batches(corpus, sounding, encoder, options):
    corpus = sounding if encoder == "audio" else corpus
    call("extract", corpus.root, "--video-encoder", encoder)
    call("extract", corpus.root, "--video-encoder", encoder, *options, "--video-name", "other")
    assert contents(corpus.features("other")) == contents(corpus.features(encoder))


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["motion", "audio"])
def test_the_same_bits_on_a_cluster(corpus, sounding, encoder):
    pytest.importorskip("ray")
    corpus = sounding if encoder == "audio" else corpus
    call("extract", corpus.root, "--video-encoder", encoder)
    call("extract", corpus.root, "--video-encoder", encoder, "--engine", "ray", "--video-name", "other")
    assert contents(corpus.features("other")) == contents(corpus.features(encoder))


def test_sound_of_each_clip(sounding):
    call("extract", sounding.root, "--video-encoder", "audio")
    rows = read(sounding, "a", "audio").features
    samples = np.round(np.concatenate([tone(2, 300), tone(1, 3000)]) * 32768) / 32768
    encoder = load_video_encoder(EncoderOptions("audio"))
    pieces = [samples[: 2 * RATE].astype(np.float32), samples[2 * RATE :].astype(np.float32)]
    np.testing.assert_allclose(rows[:2], encoder.encode(pieces), atol=0.05)
    assert not rows[2].any()
    assert heard(sounding, "a") == [1, 1, 0]


def test_a_film_without_sound_says_so(sounding):
    result = call("extract", sounding.root, "--video-encoder", "audio")
    assert "1 film has no sound, so its features are zeros: b" in result.output.replace("\n", " ")
    assert heard(sounding, "b") == [0, 0, 0]
    assert not read(sounding, "b", "audio").features.any()
    again = call("extract", sounding.root, "--video-encoder", "audio")
    assert "2 unchanged" in again.output


def test_damaged_films_fail_alone(corpus):
    (corpus.root / "videos" / "b.mp4").write_bytes(b"nothing")
    for encoder in ("motion", "audio"):
        result = call("extract", corpus.root, "--video-encoder", encoder, code=1)
        complaint(result, "b.mp4")
        with h5py.File(corpus.features(encoder)) as file:
            assert list(file) == ["a"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["audio", "--frames", 2], "--frames"),
        (["audio", "--region-names"], "--region-names"),
        (["audio", "--image-size", 64], "--image-size"),
        (["motion", "--keep-regions"], "--keep-regions"),
        (["motion", "--video-weights", "random"], "--video-weights"),
    ],
)
def test_options_that_have_no_effect_are_refused(corpus, options, named):
    result = call("extract", corpus.root, "--video-encoder", *options, code=2)
    assert f"{named} has no effect with --video-encoder {options[0]}; leave it out" in result.stderr
