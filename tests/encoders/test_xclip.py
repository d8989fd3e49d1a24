"""X-CLIP: sequences of frames and snippets in one space, against its class's functions and forward."""

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer, CLIPImageProcessor, VideoMAEImageProcessor

from mmtool.encoders.contract import EncoderOptions, FrameSequence
from mmtool.encoders.registry import load_text_encoder, load_video_encoder
from mmtool.errors import InputError
from support.small_models import SIDE, pictures, save_clip, save_xclip

TEXTS = ["A man opens the door.", "", "He leaves.", "the door"]
SEQUENCES = [  # of 4 frames: two that hold the same frames in another order, and one of another size
    FrameSequence(pictures(4), [0, 1, 2, 3]),
    FrameSequence(pictures(4)[::-1], [0, 1, 2, 3]),
    FrameSequence(pictures(4, height=70, width=40), [0, 1, 2, 3]),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_xclip(tmp_path_factory.mktemp("xclip"))


def sides(folder, **changes):
    options = EncoderOptions("xclip", model=str(folder), **{"batch_size": 2} | changes)
    return load_video_encoder(options), load_text_encoder(options)


@torch.inference_mode()
def literal(folder):
    """Clips and texts by the class's own functions, one by one, and its cosines with and without prompts."""
    model = AutoModel.from_pretrained(folder).eval()
    prepare, tokenizer = VideoMAEImageProcessor.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    words = tokenizer(TEXTS, padding=True, return_tensors="pt")
    seen = [prepare(list(each.frames), return_tensors="pt")["pixel_values"] for each in SEQUENCES]
    videos = torch.cat([model.get_video_features(pixel_values=pixels).pooler_output for pixels in seen])
    output = model(**words, pixel_values=torch.cat(seen))
    model.prompts_generator.requires_grad_(False)
    for layer in model.prompts_generator.parameters():
        layer.zero_()
    model.prompts_generator.alpha.zero_()
    without = model(**words, pixel_values=torch.cat(seen))
    scale = model.logit_scale.exp()
    return videos, output.video_embeds, without.logits_per_video / scale


def test_both_sides_are_those_of_the_class(folder):
    video, text = sides(folder)
    videos, embedded, cosines = literal(folder)
    found = video.encode(SEQUENCES).features
    np.testing.assert_allclose(found, torch.nn.functional.normalize(videos, dim=1), atol=1e-5)
    np.testing.assert_allclose(found, embedded, atol=1e-5)
    np.testing.assert_allclose(found @ text.encode(TEXTS).T, cosines, atol=1e-5)
    assert np.abs(found[0] - found[1]).max() > 1e-3  # the order of frames counts


def test_sequences_do_not_depend_on_their_company(folder):
    together, (video, _) = sides(folder, batch_size=8)[0].encode(SEQUENCES[:2]).features, sides(folder)
    alone = np.concatenate([video.encode([sequence]).features for sequence in SEQUENCES[:2]])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_identities_share_a_space_and_say_what_a_sequence_is(folder):
    video, text = sides(folder)
    assert (video.identity.name, text.identity.name) == ("xclip-video", "xclip-text")
    assert video.identity.settings["space"] == text.identity.settings["space"]
    assert (video.identity.dimension, text.identity.dimension) == (8, 8)
    assert video.identity.settings["length"] == video.sampling.length == 4
    assert video.sampling.spacing is None
    assert video.encode([]).features.shape == (0, 8)


def test_a_processor_of_single_pictures_prepares_frames_just_as_well(folder, tmp_path):
    other = save_xclip(tmp_path)
    mine = VideoMAEImageProcessor.from_pretrained(folder)
    CLIPImageProcessor(
        size={"shortest_edge": SIDE},
        crop_size={"height": SIDE, "width": SIDE},
        resample=mine.resample,
        image_mean=mine.image_mean,
        image_std=mine.image_std,
    ).save_pretrained(other)
    np.testing.assert_allclose(
        sides(other)[0].encode(SEQUENCES).features, sides(folder)[0].encode(SEQUENCES).features, atol=1e-5
    )


def test_random_weights_need_only_a_configuration(folder, tmp_path):
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    video, text = sides(tmp_path, weights="random")
    assert video.identity.settings["space"] == text.identity.settings["space"]
    assert np.isfinite(video.encode(SEQUENCES).features).all()
    assert np.isfinite(text.encode(TEXTS)).all()


def test_another_kind_of_model_is_refused(folder, tmp_path):
    with pytest.raises(InputError, match="type clip, not an X-CLIP model"):
        sides(save_clip(tmp_path))
    for load in (load_video_encoder, load_text_encoder):
        with pytest.raises(InputError, match="type xclip, not a CLIP or SigLIP model"):
            load(EncoderOptions("clip", model=str(folder)))
