"""Word maps of published rerankers: against finite differences through the forward of the real class."""

import numpy as np
import pytest
import torch
import transformers

from mmtool.encoders.rerankers.contract import RerankerOptions
from mmtool.encoders.rerankers.registry import load_reranker
from mmtool.retrieval.contract import ClipFrames
from support.small_models import pictures
from support.small_rerankers import save_blip, save_blip2, save_bridgetower, save_vilt

TEXT = "a man opens the door ."
WORD = 3  # opens
STEP = 1e-5
CLASS = {"blip": "BlipForImageTextRetrieval", "vilt": "ViltForImageAndTextRetrieval"}
SAVE = {"blip": save_blip, "vilt": save_vilt}
SHAPES = {"blip": (4, 4), "vilt": (4, 5)}  # rows and columns of patches of 8 pixels


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return {kind: save(tmp_path_factory.mktemp(kind)) for kind, save in SAVE.items()}


def loaded(folder, **options):
    return load_reranker(str(folder), RerankerOptions(**({"enc_token": False} | options)))


def literal_map(kind, folder, frame):
    """The map (R,) of a word: attention times its gradient where that is positive, mean over heads.

    The attention is what dropout gets; its gradient comes from adding a little to one of its numbers.
    """
    model = getattr(transformers, CLASS[kind]).from_pretrained(folder).eval().double()
    images = transformers.AutoImageProcessor.from_pretrained(folder)
    pixels = images([frame], return_tensors="pt", input_data_format="channels_last")["pixel_values"].double()
    ids = torch.tensor([transformers.AutoTokenizer.from_pretrained(folder)(TEXT)["input_ids"]])
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "pixel_values": pixels}
    layers = model.text_encoder.encoder.layer if kind == "blip" else model.vilt.encoder.layer
    dropout = (
        layers[0].crossattention.self.dropout if kind == "blip" else layers[0].attention.attention.dropout
    )
    seen, added = {}, {}

    def add(module, arguments, output):
        seen["attention"] = output.clone()
        for place, value in added.items():
            output = output.index_put(tuple(map(torch.tensor, place)), output[place] + value)
        return output

    dropout.register_forward_hook(add)
    torch.manual_seed(0)

    @torch.no_grad()
    def logit():
        with torch.random.fork_rng():
            torch.manual_seed(0)  # by which ViLT draws the order of patches
            if kind == "blip":
                return float(model(**given, use_itm_head=True).itm_score[0, 1])
            return float(model(**given).logits[0, 0])

    before = logit()
    attention = seen["attention"][0]
    first = attention.shape[2] - SHAPES[kind][0] * SHAPES[kind][1]
    found = np.zeros(attention.shape[2] - first)
    for head in range(attention.shape[0]):
        for token in range(first, attention.shape[2]):
            added = {(0, head, WORD, token): STEP}
            slope = (logit() - before) / STEP
            found[token - first] += float(attention[head, WORD, token]) * max(slope, 0) / len(attention)
    return found


@pytest.mark.parametrize("kind", SAVE)
def test_maps_are_those_of_finite_differences(kind, folders):
    frame = pictures(1, height=40, width=50)[0]
    matcher = loaded(folders[kind])
    clips, texts = matcher.clips([ClipFrames(frame[None])]), matcher.texts([TEXT])
    maps = matcher.word_maps(clips, 0, texts, 0)
    assert maps.words == ("a", "man", "opens", "the", "door", ".")
    expected = literal_map(kind, folders[kind], frame)
    assert expected.max() > 0
    found = maps.maps[WORD - 1]
    if kind == "vilt":  # whose class puts patches in an order by chance
        found, expected = np.sort(found), np.sort(expected)
    np.testing.assert_allclose(found, expected, atol=2e-3 * expected.max())
    rows, columns = SHAPES[kind]
    assert maps.frames.tolist() == [0] * rows * columns
    assert maps.boxes[columns + 1].tolist() == pytest.approx([1 / columns, 1 / rows, 2 / columns, 2 / rows])
    assert maps.boxes[-1].tolist() == pytest.approx([(columns - 1) / columns, (rows - 1) / rows, 1, 1])


@pytest.mark.parametrize("kind", SAVE)
def test_the_map_is_of_the_logit_that_is_given(kind, folders):
    for options in ({}, {"enc_token": True}):
        matcher = loaded(folders[kind], **options)
        clips, texts = matcher.clips([ClipFrames(np.stack(pictures(3)))]), matcher.texts([TEXT])
        attention, logit = matcher._attention(clips.tokens[0].clone(), texts.rows[0], matcher.map_layer)
        assert float(logit) == pytest.approx(
            float(matcher.logits(clips, texts, np.array([[0, 0]]))[0, 1]), abs=1e-4
        )
        assert attention.shape[-1] >= len(clips.tokens[0])
        maps = matcher.word_maps(clips, 0, texts, 0)
        assert maps.frames.tolist() == np.repeat([0, 1, 2], maps.maps.shape[1] // 3).tolist()
        assert (maps.maps.min(), maps.maps.shape[0]) == (0, 6)
        assert maps.maps.any()


def test_patches_come_row_by_row(folders):
    """A picture whose lower half changes: tokens of the upper patches stay."""
    matcher = loaded(folders["vilt"])
    frame = pictures(1, height=40, width=50)[0]
    other = frame.copy()
    other[30:] = 255 - other[30:]
    one, two = (matcher.clips([ClipFrames(each[None])]).tokens[0] for each in (frame, other))
    same = torch.isclose(one, two, atol=1e-5).all(dim=1)
    assert same[1:11].all()
    assert not same[-5:].any()


def test_models_that_cannot_explain_say_so(tmp_path, folders):
    for kind, save in (("blip2", save_blip2), ("bridgetower", save_bridgetower)):
        (tmp_path / kind).mkdir()
        matcher = loaded(save(tmp_path / kind))
        clips, texts = matcher.clips([ClipFrames(pictures(1)[0][None])]), matcher.texts([TEXT])
        with pytest.raises(ValueError, match=f"{kind} cannot explain pairs; blip and vilt can"):
            matcher.word_maps(clips, 0, texts, 0)
    (tmp_path / "vilt").mkdir()
    matcher = loaded(save_vilt(tmp_path / "vilt", patches=5))
    clips, texts = matcher.clips([ClipFrames(pictures(1)[0][None])]), matcher.texts([TEXT])
    with pytest.raises(ValueError, match="reads only some patches of a picture"):
        matcher.word_maps(clips, 0, texts, 0)
