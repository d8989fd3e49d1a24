"""PE-AV against the forward pass of its class over frames, sound and texts at once."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers
from torch.nn.functional import normalize
from transformers import AutoConfig, AutoFeatureExtractor, AutoModel, AutoTokenizer, AutoVideoProcessor

from mmtool.choices import Modality
from mmtool.encoders.contract import EncoderOptions, FrameSequence, Sampling
from mmtool.encoders.dual.clip_models import load_dual_model
from mmtool.encoders.dual.kinds import dual_kind
from mmtool.encoders.dual.pe_av import PE_AV_FAMILY
from mmtool.encoders.registry import load_text_encoder, load_video_encoder
from mmtool.errors import CallError, InputError
from support.small_models import SIDE, pictures, save_clap, save_pe_av

pytest.importorskip("timm", reason="the network of PE-AV's frames is one of timm")

if tuple(map(int, transformers.__version__.split(".")[:2])) < PE_AV_FAMILY.since:
    pytest.skip("PE-AV needs a newer version of transformers", allow_module_level=True)

TEXTS = ["A man opens the door.", "", "the door"]
SEQUENCES = [  # of 4 frames: two that hold the same frames in another order, and one of another size
    FrameSequence(pictures(4), [0, 1, 2, 3]),
    FrameSequence(pictures(4)[::-1], [0, 1, 2, 3]),
    FrameSequence(pictures(4, height=70, width=40), [0, 1, 2, 3]),
]
NAMES = ("pe-av", "pe-av-sound")
SIDES = (load_video_encoder, load_text_encoder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_pe_av(tmp_path_factory.mktemp("pe-av"))


def options(name, folder, **changes):
    return EncoderOptions(name, model=str(folder), **{"batch_size": 2} | changes)


def sounds(*lengths):
    dice = np.random.default_rng(0)
    return [dice.normal(0, 0.1, length).astype(np.float32) for length in lengths]


@pytest.fixture(scope="module")
def whole(folder):
    """What the class makes of three sequences, three sounds of one length, and three texts."""
    model = AutoModel.from_pretrained(folder, config=configuration(folder)).eval()
    words = AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
    prepare = AutoVideoProcessor.from_pretrained(folder)
    seen = [
        prepare(videos=[np.stack(each.frames)], do_sample_frames=False, return_tensors="pt")
        for each in SEQUENCES
    ]
    heard = AutoFeatureExtractor.from_pretrained(folder)(
        sounds(5000, 5000, 5000), sampling_rate=48_000, return_tensors="pt"
    )
    with torch.inference_mode():
        return model(
            input_ids=words["input_ids"],
            attention_mask=words["attention_mask"],
            pixel_values_videos=torch.cat([each["pixel_values_videos"] for each in seen]),
            **heard,
        )


def configuration(folder):
    """The folder's, with the width of a frame's feature as its files say."""
    config = AutoConfig.from_pretrained(folder)
    config.audio_video_config.video_config.vision_config.num_labels = 12
    return config


def test_frames_and_texts_are_those_of_the_class(folder, whole):
    encoder = load_video_encoder(options("pe-av", folder))
    assert encoder.sampling == Sampling(length=4, spacing=None, shorter_side=SIDE)
    video = encoder.encode(SEQUENCES).features
    text = load_text_encoder(options("pe-av", folder)).encode(TEXTS)
    np.testing.assert_allclose(video, normalize(whole.video_embeds, dim=1), atol=1e-5)
    np.testing.assert_allclose(text, normalize(whole.text_video_embeds, dim=1), atol=1e-5)
    assert np.abs(video[0] - video[1]).max() > 1e-3  # the order of frames counts
    assert np.abs(text[0] - text[2]).max() > 1e-3


def test_sound_and_texts_are_those_of_the_class(folder, whole):
    sound = load_video_encoder(options("pe-av-sound", folder)).encode(sounds(5000, 5000, 5000))
    text = load_text_encoder(options("pe-av-sound", folder)).encode(TEXTS)
    np.testing.assert_allclose(sound, normalize(whole.audio_embeds, dim=1), atol=1e-5)
    np.testing.assert_allclose(text, normalize(whole.text_audio_embeds, dim=1), atol=1e-5)
    assert np.abs(sound[0] - sound[1]).max() > 1e-3
    assert np.abs(text - normalize(whole.text_video_embeds, dim=1).numpy()).max() > 1e-3  # a head of its own


def test_a_clip_and_a_text_do_not_depend_on_their_company(folder):
    hear = load_video_encoder(options("pe-av-sound", folder, batch_size=4))
    heard = sounds(5000, 1, 12_345, 5000)
    alone = np.concatenate([hear.encode([sound]) for sound in heard])
    np.testing.assert_allclose(hear.encode(heard), alone, atol=1e-5)
    read = load_text_encoder(options("pe-av", folder, batch_size=4))
    alone = np.concatenate([read.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(read.encode(TEXTS), alone, atol=1e-5)


def test_a_long_sound_is_the_mean_of_its_pieces(folder):
    encoder = load_video_encoder(options("pe-av-sound", folder))
    assert (encoder.rate, encoder.longest) == (48_000, 30.0)
    encoder.longest = 0.05  # 2400 samples
    (long,) = sounds(6000)
    pieces = encoder.encode(np.split(long, 3))
    mean = pieces.mean(axis=0)
    np.testing.assert_allclose(encoder.encode([long])[0], mean / np.linalg.norm(mean), atol=1e-5)


def test_both_names_share_one_space(folder):
    identities = [load(options(name, folder)).identity for name in NAMES for load in SIDES]
    sides = ("video", "text")
    assert [each.name for each in identities] == [f"{name}-{side}" for name in NAMES for side in sides]
    assert len({each.settings["space"] for each in identities}) == 1
    assert {each.dimension for each in identities} == {16}


def test_random_weights_need_only_a_configuration(folder, tmp_path, capsys):
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    untrained = {name: options(name, tmp_path, weights="random") for name in NAMES}
    frames, hears = (load_video_encoder(untrained[name]) for name in NAMES)
    assert (frames.sampling.length, frames.sampling.shorter_side) == (16, SIDE)
    sixteen = [FrameSequence(each, range(16)) for each in (pictures(16), pictures(16)[::-1])]
    for found in (frames.encode(sixteen).features, hears.encode(sounds(5000, 5000))):
        assert np.isfinite(found).all()
        assert np.abs(found[0] - found[1]).max() > 1e-3
    reads = load_text_encoder(untrained["pe-av"])
    assert np.isfinite(reads.encode([*TEXTS, "a " * 20])).all()
    assert reads.truncated == 1
    assert capsys.readouterr().out == ""  # transformers' class prints a complaint about its own documentation


def test_a_model_of_its_type_is_found_by_its_folder(folder):
    assert dual_kind(str(folder)) == ("pe-av", str(folder))
    assert dual_kind("pe-av-sound") == ("pe-av-sound", None)


def test_another_kind_of_model_is_refused(folder, tmp_path):
    with pytest.raises(InputError, match="type pe_audio_video, not a CLAP model"):
        load_video_encoder(options("clap", folder))
    with pytest.raises(InputError, match="type clap, not a PE-AV model"):
        load_video_encoder(options("pe-av", save_clap(tmp_path)))


def test_a_missing_library_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(CallError, match=r"timm is not installed; pip install 'mmtool\[pe-av\]'"):
        load_text_encoder(options("pe-av", folder))


@pytest.mark.parametrize("change", [{"config": "ConfigOfTomorrow"}, {"since": (99, 0)}])
def test_a_version_of_transformers_that_is_too_old_is_named(folder, change):
    old = replace(PE_AV_FAMILY, **change)
    with pytest.raises(CallError, match=r"transformers [\d.]+ cannot load a PE-AV model; pip install --upgr"):
        load_dual_model(options("pe-av", folder), Modality.VIDEO, old)


def test_the_width_of_a_frame_is_that_of_the_files(folder):
    said = json.loads((folder / "config.json").read_text())["audio_video_config"]["video_config"]
    embedder = load_video_encoder(options("pe-av", folder))._network.video_encoder.embedder
    assert embedder.proj.in_features == said["vision_config"]["num_classes"] == 12
