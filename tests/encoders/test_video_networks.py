"""torchvision's video networks: the input of their last layer, whatever the batch."""

import numpy as np
import pytest
import torch
from torchvision.models import get_model, get_model_weights

from mmtool.encoders.contract import EncoderOptions, FrameSequence
from mmtool.encoders.registry import load_video_encoder, video_encoder_class
from support.commands import call
from support.small_models import pictures


def sequence(length, seed=0):
    frames = [np.roll(pictures(1, height=64, width=90)[0], 3 * n + seed, axis=1) for n in range(length)]
    return FrameSequence(frames, [n / 15 for n in range(length)])


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A whole network of torchvision's with random weights, and its file."""
    torch.manual_seed(0)
    model = get_model("r3d_18", weights=None).eval()
    path = tmp_path_factory.mktemp("weights") / "r3d.pt"
    torch.save(model.state_dict(), path)
    return model, path


def test_features_are_the_input_of_the_last_layer(saved):
    model, path = saved
    encoder = load_video_encoder(EncoderOptions("r3d_18", weights=str(path), batch_size=2))
    assert encoder.identity.dimension == 512
    many = [sequence(encoder.sampling.length, seed) for seed in (0, 9, 20)]
    found = encoder.encode(many).features
    kept = {}
    model.fc.register_forward_hook(lambda _, given, __: kept.update(given=given[0]))
    for row, each in zip(found, many, strict=True):
        frames = torch.from_numpy(np.stack(each.frames)).permute(0, 3, 1, 2)
        with torch.inference_mode():
            model(get_model_weights("r3d_18").DEFAULT.transforms()(frames)[None])
        np.testing.assert_allclose(row, kept["given"][0], rtol=1e-4, atol=1e-5)


def test_names_and_lengths():
    for name in ("r3d_18", "r2plus1d_18", "mc3_18", "mvit_v2_s", "swin3d_t", "s3d"):
        assert video_encoder_class(name).__name__ == "VideoNetworkEncoder"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "dimension"), [("r2plus1d_18", 512), ("mvit_v2_s", 768), ("swin3d_t", 768), ("s3d", 1024)]
)
def test_random_weights_tell_sequences_apart(name, dimension):
    encoder = load_video_encoder(EncoderOptions(name, weights="random", batch_size=1))
    assert encoder.identity.dimension == dimension
    rows = encoder.encode([sequence(encoder.sampling.length, seed) for seed in (0, 30)]).features
    assert np.isfinite(rows).all()
    assert np.abs(rows[0] - rows[1]).max() > 1e-3 * np.abs(rows).max()


def test_wrong_files_are_named(tmp_path, saved):
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pt")
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.csv").write_text(
        "clip,start,end,start_frame,end_frame\n0,0,1,,\n", encoding="utf-8"
    )
    result = call(
        "extract", tmp_path, "--video-encoder", "r3d_18", "--video-weights", tmp_path / "other.pt", code=2
    )
    assert "other.pt: has no tensor" in result.stderr
