"""Rerankers against the forward of the models' own classes, and what their numbers do not depend on."""

import numpy as np
import pytest
import torch
import transformers

from mmtool.choices import EncoderPrecision
from mmtool.encoders.rerankers.contract import RerankerOptions
from mmtool.encoders.rerankers.registry import kind_of, load_reranker
from mmtool.errors import InputError, SettingError
from mmtool.retrieval.contract import ClipFrames, ClipTokens
from support.small_models import WORDS, pictures, save_clip
from support.small_rerankers import save_blip, save_blip2, save_bridgetower, save_vilt

SAVE = {"blip": save_blip, "blip2": save_blip2, "vilt": save_vilt, "bridgetower": save_bridgetower}
DUAL = ("blip", "blip2")
TEXTS = ["a man", "the man opens the door .", "he leaves", "a man opens a door , he leaves ."]
ALL = np.array([(clip, text) for clip in range(3) for text in range(len(TEXTS))])
CLASS = {
    "blip": "BlipForImageTextRetrieval",
    "blip2": "Blip2ForImageTextRetrieval",
    "vilt": "ViltForImageAndTextRetrieval",
    "bridgetower": "BridgeTowerForImageAndTextRetrieval",
}
CLOSE = 2e-5


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {kind: save(tmp_path_factory.mktemp(kind)) for kind, save in SAVE.items()}


def loaded(folder, **options):
    return load_reranker(str(folder), RerankerOptions(**({"enc_token": False} | options)))


def clips_of(frames):
    return [ClipFrames(frame[None]) for frame in frames]


def prepared(folder, frame):
    images = transformers.AutoImageProcessor.from_pretrained(folder)
    return images([frame], return_tensors="pt", input_data_format="channels_last")["pixel_values"]


def own_logits(kind, folder, frame, text, *, first=None):
    """The logits (2,) of the class's own forward."""
    model = getattr(transformers, CLASS[kind]).from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    ids = torch.tensor([tokenizer(text)["input_ids"]])
    if first is not None:
        ids[:, 0] = first
    given = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "pixel_values": prepared(folder, frame),
    }
    with torch.no_grad():
        if kind == "blip":
            return model(**given, use_itm_head=True).itm_score[0].numpy()
        if kind == "blip2":
            return model(**given, use_image_text_matching_head=True).logits_per_image[0].numpy()
        logits = model(**given).logits[0].numpy()
    return np.array([0, logits[0]]) if kind == "vilt" else logits


@pytest.mark.parametrize("kind", SAVE)
def test_logits_are_those_of_the_class(kind, folders):
    matcher, frames = loaded(folders[kind]), pictures(3)
    found = matcher.logits(matcher.clips(clips_of(frames)), matcher.texts(TEXTS), ALL)
    expected = [own_logits(kind, folders[kind], frames[clip], TEXTS[text]) for clip, text in ALL]
    assert np.ptp(found[:, 1]) > 100 * CLOSE  # pictures and words count
    assert np.abs(found - expected).max() < CLOSE


@pytest.mark.parametrize("kind", SAVE)
def test_log_odds_are_the_difference_of_the_logits(kind, folders):
    matcher = loaded(folders[kind])
    clips, texts = matcher.clips(clips_of(pictures(3))), matcher.texts(TEXTS)
    logits = matcher.logits(clips, texts, ALL)
    assert np.array_equal(matcher.match(clips, texts, ALL), logits[:, 1] - logits[:, 0])


@pytest.mark.parametrize("kind", SAVE)
@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_a_pair_does_not_depend_on_batches_padding_or_company(kind, batch_size, folders):
    """Alone, a pair has the score that it has among others, whatever their order."""
    matcher, frames = loaded(folders[kind], batch_size=batch_size), pictures(3)
    together = matcher.logits(matcher.clips(clips_of(frames)), matcher.texts(TEXTS), ALL[::-1])[::-1]
    for number, (clip, text) in enumerate(ALL):
        alone = matcher.logits(
            matcher.clips(clips_of(frames)[clip : clip + 1]), matcher.texts([TEXTS[text]]), np.array([[0, 0]])
        )
        assert np.abs(alone[0] - together[number]).max() < CLOSE


@pytest.mark.parametrize("kind", SAVE)
def test_a_clip_of_the_same_frame_twice_is_that_frame(kind, folders):
    """Attention to two copies of all keys is attention to one; ViLT's words also attend to themselves."""
    matcher, (frame, other, _) = loaded(folders[kind]), pictures(3)
    once = matcher.clips([ClipFrames(frame[None])])
    twice = matcher.clips([ClipFrames(np.stack([frame, frame]))])
    mixed = matcher.clips([ClipFrames(np.stack([frame, other]))])
    pairs, texts = ALL[:4], matcher.texts(TEXTS)
    assert len(twice.tokens[0]) == 2 * len(once.tokens[0])
    expected = matcher.logits(once, texts, pairs)
    if kind != "vilt":
        assert np.abs(matcher.logits(twice, texts, pairs) - expected).max() < CLOSE
    assert np.abs(matcher.logits(mixed, texts, pairs) - expected).max() > CLOSE


def test_frames_of_a_clip_are_concatenated(folders):
    """The pair of a clip of two frames is the pair with the tokens of both pictures."""
    folder, (one, two, _) = folders["blip"], pictures(3)
    matcher = loaded(folder)
    found = matcher.logits(
        matcher.clips([ClipFrames(np.stack([one, two]))]), matcher.texts(TEXTS[:1]), np.array([[0, 0]])
    )
    model = transformers.BlipForImageTextRetrieval.from_pretrained(folder).eval()
    ids = torch.tensor([transformers.AutoTokenizer.from_pretrained(folder)(TEXTS[0])["input_ids"]])
    with torch.no_grad():
        seen = [model.vision_model(prepared(folder, frame)).last_hidden_state for frame in (one, two)]
        words = model.text_encoder(input_ids=ids, encoder_hidden_states=torch.cat(seen, dim=1))
        expected = model.itm_head(words.last_hidden_state[:, 0])
    assert np.abs(found - expected.numpy()).max() < CLOSE


def test_the_picture_is_encoded_once_and_its_keys_once(folders, monkeypatch):
    matcher = loaded(folders["blip"], batch_size=1)
    calls = {"pictures": 0, "keys": 0}
    attention = matcher._network.text_encoder.encoder.layer[1].crossattention.self

    def counting(module, name):
        forward = module.forward

        def called(*given, **named):
            calls[name] += 1
            return forward(*given, **named)

        monkeypatch.setattr(module, "forward", called)

    counting(matcher._network.vision_model, "pictures")
    counting(attention.key, "keys")
    matcher.logits(matcher.clips(clips_of(pictures(3))), matcher.texts(TEXTS), ALL)
    assert calls == {"pictures": 3, "keys": 3}


def test_texts_of_pairs_begin_with_enc(folders):
    """The published tokenizers end before [DEC] and [ENC], which the published embeddings have."""
    folder, frame = folders["blip"], pictures(1)[0]
    matcher = load_reranker(str(folder), RerankerOptions())
    found = matcher.logits(
        matcher.clips([ClipFrames(frame[None])]), matcher.texts(TEXTS[:1]), np.array([[0, 0]])
    )
    expected = own_logits("blip", folder, frame, TEXTS[0], first=len(WORDS) + 1)
    assert np.abs(found[0] - expected).max() < CLOSE
    assert np.abs(found[0] - own_logits("blip", folder, frame, TEXTS[0])).max() > CLOSE
    assert matcher.identity.settings["enc_token"] is True
    embedded = matcher.texts(TEXTS).embeddings  # the dual encoder keeps [CLS]
    assert np.allclose(embedded, loaded(folder).texts(TEXTS).embeddings)


def test_a_vocabulary_without_room_for_enc_is_refused(tmp_path):
    folder = save_blip(tmp_path, room=0)
    with pytest.raises(SettingError, match="no embedding of \\[ENC\\]"):
        load_reranker(str(folder), RerankerOptions())
    assert loaded(folder).matches


@pytest.mark.parametrize("kind", DUAL)
def test_the_dual_encoder_is_that_of_the_class(kind, folders):
    matcher, frames = loaded(folders[kind]), pictures(3)
    clips, texts = matcher.clips(clips_of(frames)).embeddings, matcher.texts(TEXTS).embeddings
    assert clips.shape[1] == matcher.identity.dimension
    vectors = clips.reshape(3, matcher.vectors, -1)
    found = (vectors @ texts.T).max(axis=1)  # (clips, texts)
    model = getattr(transformers, CLASS[kind]).from_pretrained(folders[kind]).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folders[kind])
    for clip, frame in enumerate(frames):
        for number, text in enumerate(TEXTS):
            ids = torch.tensor([tokenizer(text)["input_ids"]])
            given = {"input_ids": ids, "pixel_values": prepared(folders[kind], frame)}
            given["attention_mask"] = torch.ones_like(ids)
            with torch.no_grad():
                if kind == "blip":
                    expected = model(**given, use_itm_head=False).itm_score
                else:
                    expected = model(**given, use_image_text_matching_head=False).logits_per_image
            assert found[clip, number] == pytest.approx(float(expected), abs=CLOSE)


@pytest.mark.parametrize("kind", DUAL)
def test_a_clip_is_the_mean_of_its_frames(kind, folders):
    matcher, frames = loaded(folders[kind]), pictures(3)
    features = matcher.frame_features(frames)
    found = matcher.clips([ClipFrames(np.stack(frames))]).embeddings[0].reshape(matcher.vectors, -1)
    mean = features.mean(axis=0).reshape(matcher.vectors, -1)
    assert np.allclose(found, mean / np.linalg.norm(mean, axis=1, keepdims=True), atol=CLOSE)


@pytest.mark.parametrize("kind", ["vilt", "bridgetower"])
def test_models_without_a_dual_encoder_say_so(kind, folders):
    matcher = loaded(folders[kind])
    assert not matcher.embeds
    for read in (matcher.clips(clips_of(pictures(1))), matcher.texts(TEXTS)):
        with pytest.raises(ValueError, match="no dual encoder"):
            _ = read.embeddings


def test_patches_that_vilt_draws_at_random_are_always_the_same(tmp_path):
    matcher = loaded(save_vilt(tmp_path, patches=5))
    clips = [matcher.clips(clips_of(pictures(2))) for _ in range(2)]
    assert len(clips[0].tokens[0]) == 6
    assert all(torch.equal(one, other) for one, other in zip(*(each.tokens for each in clips), strict=True))


@pytest.mark.parametrize("kind", SAVE)
def test_frames_of_several_sizes(kind, folders):
    matcher = loaded(folders[kind])
    frames = [*pictures(1), *pictures(1, height=64, width=40)]
    found = matcher.logits(matcher.clips(clips_of(frames)), matcher.texts(TEXTS), ALL[:8])
    alone = matcher.logits(matcher.clips(clips_of(frames[1:])), matcher.texts(TEXTS), ALL[:4])
    assert np.abs(found[4:] - alone).max() < CLOSE


def test_words_that_the_vocabulary_does_not_know(folders):
    texts = loaded(folders["blip"]).texts(["a man", "человек упал", "a кот"])
    assert texts.unknown.tolist() == [0, 1, 0.5]


def test_long_texts_are_cut_and_counted(folders):
    texts = loaded(folders["blip"]).texts(["a " * 30, "a man"])
    assert texts.truncated == 1
    assert len(texts.rows[0]) == 12


def test_no_clips_and_no_texts(folders):
    matcher = loaded(folders["blip"])
    assert len(matcher.clips([])) == len(matcher.texts([])) == 0
    assert matcher.logits(matcher.clips([]), matcher.texts([]), np.zeros((0, 2), np.int64)).shape == (0, 2)


def test_stored_features_are_refused(folders):
    tokens = ClipTokens(np.zeros((1, 4), np.float32), None, np.zeros(1, np.int64))
    with pytest.raises(ValueError, match="reads frames"):
        loaded(folders["blip"]).clips([tokens])


def test_a_folder_says_what_it_is(folders, tmp_path):
    assert {kind: kind_of(str(folder)) for kind, folder in folders.items()} == {kind: kind for kind in SAVE}
    with pytest.raises(InputError, match="is a model of type clip"):
        kind_of(str(save_clip(tmp_path / "clip")))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="does not contain a model"):
        kind_of(str(tmp_path / "empty"))
    with pytest.raises(SettingError, match="did you mean blip"):
        kind_of("blib")


def test_a_model_that_is_nowhere_is_one_line(monkeypatch):
    monkeypatch.setattr("mmtool.encoders.hub_models.reachable", lambda _: False)
    with pytest.raises(InputError, match="download failed") as error:
        load_reranker("blip", RerankerOptions())
    assert "\n" not in str(error.value)


def test_other_weights_have_another_identity(folders, tmp_path):
    one = loaded(folders["blip"]).identity
    assert loaded(folders["blip"]).identity == one
    assert loaded(save_blip(tmp_path, seed=1)).identity.weights != one.weights


def test_bf16_is_near(folders):
    matcher = loaded(folders["blip"], precision=EncoderPrecision.BF16)
    exact = loaded(folders["blip"])
    clips = clips_of(pictures(3))
    found, expected = (each.match(each.clips(clips), each.texts(TEXTS), ALL) for each in (matcher, exact))
    assert 0 < np.abs(found - expected).max() < 0.3 * np.ptp(expected)
    assert matcher.identity.settings["precision"] == "bf16"
