"""``train --preset multiway``: a run, its embeddings, alignment with them, and what is refused."""

import json
import shutil

import numpy as np
import pytest
import torch

from mmtool.choices import Modality
from mmtool.errors import CallError, InputError, SettingError
from mmtool.formats.annotations import write_annotations
from mmtool.formats.checkpoints import read_checkpoint
from mmtool.formats.features import open_features
from mmtool.formats.matcher_checkpoints import read_matcher_checkpoint
from mmtool.formats.runs import RunKind, read_run
from mmtool.retrieval.contract import ClipMaterial, ClipTokens, PairMatcher
from mmtool.settings.matcher import MatcherSettings
from mmtool.stages.align import align
from mmtool.stages.info import info, verify
from mmtool.stages.plot import plot
from mmtool.stages.shared.matcher_runs import open_run
from mmtool.stages.shared.stored_tokens import open_stored_tokens
from mmtool.stages.train import MatcherTrainReport, train
from support.corpora import TEXTS, make_corpus
from support.region_features import DIMENSION, write_regions

CPU = torch.device("cpu")
QUICK = {"preset": "multiway", "epochs": 2, "batch_size": 8, "threads": 1, "device": "cpu"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    corpus = make_corpus(tmp_path_factory.mktemp("corpus"))
    write_regions(corpus)
    return corpus


@pytest.fixture(scope="module")
def trained(corpus):
    return train(corpus.root, run="m", mask_from="gradcam", early_stopping=5, **QUICK)


def test_a_run_has_its_kind_settings_and_history(corpus, trained):
    assert isinstance(trained, MatcherTrainReport)
    assert (trained.done, trained.epochs, trained.pairs, trained.failures) == (["m"], 2, 3 * 4, [])
    config = read_run(corpus.run("m") / "config.json")
    assert config.kind is RunKind.MATCHER
    assert (
        config.settings
        == MatcherSettings(
            **{name: value for name, value in QUICK.items() if name != "preset"},
            mask_from="gradcam",
            early_stopping=5,
            video="detector",
        ).to_dict()
    )
    epochs = [json.loads(line) for line in corpus.history("m").read_text().splitlines()]
    assert [epoch["epoch"] for epoch in epochs] == [1, 2]
    assert all(0 <= epoch["clip_recall"] <= 1 and epoch["masked_loss"] > 0 for epoch in epochs)
    assert list((corpus.run("m") / "events").iterdir())
    checkpoint = read_matcher_checkpoint(corpus.run("m") / "last.pt")
    assert checkpoint.vocabulary[0] == "a"  # the most frequent word
    assert set(checkpoint.vocabulary) >= {"short", "line", ","}
    assert checkpoint.mean.shape == (DIMENSION,)
    assert checkpoint.training["epoch"] == 2


def test_a_finished_run_is_left_unchanged_and_a_longer_one_continues(corpus, trained):
    again = train(corpus.root, run="m", mask_from="gradcam", early_stopping=5, **QUICK)
    assert again.unchanged == ["m"]
    with pytest.raises(CallError, match=r"this run has mask_from gradcam, not none"):
        train(corpus.root, run="m", early_stopping=5, **QUICK)


@pytest.mark.slow
def test_stopping_and_continuing_gives_the_same_bits(corpus, tmp_path):
    def weights(run):
        return read_matcher_checkpoint(corpus.run(run) / "last.pt").network

    class StopError(Exception):
        pass

    def stop(record):
        raise StopError

    train(corpus.root, run="whole", **QUICK)
    with pytest.raises(StopError):
        train(corpus.root, run="broken", on_epoch=stop, **QUICK)
    assert train(corpus.root, run="broken", **QUICK).epochs == 2
    for name, tensor in weights("whole").items():
        assert torch.equal(weights("broken")[name], tensor), name


def test_embeddings_of_both_sides_are_features_of_one_space(corpus, trained):
    for modality, rows in ((Modality.VIDEO, 6), (Modality.TEXT, len(TEXTS))):
        with open_features(corpus.features(f"m-{modality}")) as file:
            assert file.ids() == [f"v{number}" for number in range(6)]
            features = file.read("v5").features
            assert features.shape == (rows, 128)
            np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    report = align(corpus.root, decoder="dtw", video="m", text="m", split="test")
    assert report.failures == []
    assert len(report.done) == 2


def test_the_matcher_of_a_run_keeps_the_contract(corpus, trained):
    matcher: PairMatcher = open_run(corpus, "m", CPU)
    assert (matcher.material, matcher.embeds, matcher.matches) == (ClipMaterial.REGIONS, True, True)
    dice = np.random.default_rng(0)
    clips = [
        ClipTokens(
            dice.standard_normal((count, DIMENSION)).astype(np.float32),
            dice.random((count, 4)).astype(np.float32),
            np.sort(dice.integers(2, size=count)),
        )
        for count in (4, 1, 0)
    ]
    read, texts = matcher.clips(clips), matcher.texts([TEXTS[0], "zebras line", ""])
    np.testing.assert_allclose(texts.unknown, [0, 0.5, 0])
    pairs = np.array([[0, 0], [1, 1], [2, 2], [0, 1]])
    together = matcher.match(read, texts, pairs)
    for row, (clip, text) in enumerate(pairs):
        alone = matcher.match(
            matcher.clips(clips[clip : clip + 1]),
            matcher.texts([[TEXTS[0], "zebras line", ""][text]]),
            np.zeros((1, 2), np.int64),
        )
        np.testing.assert_allclose(alone[0], together[row], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        matcher.clips(clips[1:2]).embeddings[0], read.embeddings[1], rtol=1e-4, atol=1e-5
    )
    maps = matcher.word_maps(read, 0, texts, 0)
    assert maps.words == ("a", "short", "line")
    assert maps.maps.shape == (3, 2 + 4)  # both frames, then their regions
    assert maps.maps.min() >= 0
    assert maps.maps.any()
    with pytest.raises(ValueError, match="no regions"):
        matcher.word_maps(read, 2, texts, 0)


def test_info_says_what_a_matcher_is_for(corpus, trained):
    details = info(corpus.run("m") / "last.pt").details
    assert details["to align"] == "mmtool align --decoder semi-markov --video m --text m"
    words = read_matcher_checkpoint(corpus.run("m") / "last.pt").vocabulary
    assert details["vocabulary"] == f"{len(words)} words"
    assert info(corpus.run("m") / "config.json").details["kind"] == "matcher"
    assert verify(corpus.root).failures == []


def test_what_needs_a_network_refuses_a_matcher(corpus, trained):
    with pytest.raises(InputError, match=r"is a checkpoint of a matcher.*video=m"):
        read_checkpoint(corpus.run("m") / "last.pt")
    with pytest.raises(CallError, match="is a checkpoint of a matcher"):
        align(corpus.root, run="m", split="test")
    with pytest.raises(CallError, match="this run is of a matcher"):
        train(corpus.root, run="m", video="detector", text="m-text", inputs="full", epochs=1, threads=1)


def test_one_feature_a_clip_needs_no_regions(tmp_path):
    corpus = make_corpus(tmp_path)
    write_regions(corpus, kept=False)
    assert train(corpus.root, clip_tokens="clip", **QUICK).done == ["multiway"]
    with pytest.raises(CallError, match=r"stores no regions of 'v0'; run .*--keep-regions.*clip_tokens=clip"):
        train(corpus.root, run="other", **QUICK)


def test_features_of_frames_are_tokens_with_times_and_without_boxes(corpus, tmp_path):
    report = train(corpus.root, run="frames", clip_tokens="frames", mask_from="gradcam", **QUICK)
    assert (report.done, report.failures) == (["frames"], [])
    matcher = open_run(corpus, "frames", CPU)
    assert matcher.material is ClipMaterial.FRAME_FEATURES
    assert matcher.network.clip_embedding.box is None
    with open_stored_tokens(corpus, "detector", matcher.material) as tokens:
        (given,) = tokens.read("v5", [3])
    with open_features(corpus.features("detector")) as features:
        np.testing.assert_array_equal(given.features, features.read_array("v5", "frame_features")[3])
    assert (given.boxes, given.frames.tolist()) == (None, [0, 1])
    read, texts = matcher.clips([given]), matcher.texts([TEXTS[0]])
    assert read.inputs[0].times.tolist() == [0.25, 0.75]
    with open_features(corpus.features("frames-video")) as file:
        np.testing.assert_allclose(file.read("v5").features[3], read.embeddings[0], rtol=1e-4, atol=1e-5)
    maps = matcher.word_maps(read, 0, texts, 0)
    assert maps.boxes.tolist() == [[0, 0, 1, 1]] * 2
    assert maps.frames.tolist() == [0, 1]
    other = make_corpus(tmp_path)
    write_regions(other, kept=False)
    with pytest.raises(CallError, match=r"stores no frames of 'v0'; run .*--keep-frames.*clip_tokens=clip"):
        train(other.root, clip_tokens="frames", **QUICK)


def test_a_corpus_without_annotations_is_refused(tmp_path):
    corpus = make_corpus(tmp_path)
    write_regions(corpus)
    for id in corpus.clip_ids():
        write_annotations(corpus.annotations(id), [])
    with pytest.raises(CallError, match="contains no annotations"):
        train(corpus.root, **QUICK)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"text": "bert"}, r"text has no effect with `preset=multiway`"),
        ({"normalisation": "2ln"}, r"normalisation has no effect with `preset=multiway`"),
        ({"mask_words": "content"}, r"mask_words has no effect with `mask_from=none`"),
        ({"focal_gama": 2}, r"focal_gama is not a setting; did you mean focal_gamma"),
        ({"clip_tokens": "patches"}, r"clip_tokens must be one of regions, frames, clip"),
        ({"any_space": True}, r"any_space has no effect with `preset=multiway`"),
    ],
)
def test_settings_without_an_effect_are_refused(tmp_path, options, problem):
    with pytest.raises(SettingError, match=problem):
        train(make_corpus(tmp_path).root, preset="multiway", **options)


@pytest.mark.parametrize("preset", ["rp-adam-sbn", "semi-markov"])
def test_settings_of_the_matcher_are_refused_elsewhere(tmp_path, preset):
    with pytest.raises(SettingError, match=f"focal_gamma has no effect with `preset={preset}`"):
        train(make_corpus(tmp_path).root, preset=preset, focal_gamma=2.0)


def test_word_pieces_of_a_model_start_from_its_table_and_must_stay_the_same(tmp_path):
    transformers = pytest.importorskip("transformers")
    corpus, folder = make_corpus(tmp_path / "corpus"), tmp_path / "bert"
    write_regions(corpus)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "short", "line", "nothing", "to", "see", "."]
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    transformers.BertModel(config).save_pretrained(folder)
    train(corpus.root, run="pieces", words=str(folder), **QUICK)
    matcher = open_run(corpus, "pieces", CPU)
    np.testing.assert_allclose(matcher.texts(["a short zebra"]).unknown, [1 / 3], rtol=1e-5)
    shutil.rmtree(folder / "tokenizer.json", ignore_errors=True)
    changed = (folder / "tokenizer.json").read_text(encoding="utf-8").replace('"short"', '"shirt"')
    (folder / "tokenizer.json").write_text(changed, encoding="utf-8")
    (folder / "vocab.txt").write_text("\n".join(words).replace("short", "shirt") + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="was trained with other word pieces than"):
        open_run(corpus, "pieces", CPU)


def test_the_plot_of_a_matcher_says_what_it_leaves_out(corpus, trained, tmp_path):
    report = plot(corpus.root, runs=("m",), what="training", output=tmp_path)
    assert report.done == ["m"]
    assert "of a matcher, of which only the loss is drawn" in report.notes[0]
