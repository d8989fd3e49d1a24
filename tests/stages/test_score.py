"""``score``: files of scores by a trained matcher and by a published model, kept, calibrated and refused."""

import json

import numpy as np
import pytest

from mmtool.choices import Split
from mmtool.errors import CallError
from mmtool.formats.clips import read_clips, write_clips
from mmtool.formats.scores import read_scores
from mmtool.formats.snippets import read_snippets
from mmtool.formats.splits import write_split
from mmtool.records import Clip
from mmtool.stages.score import score
from mmtool.stages.score.film import timing_posterior
from mmtool.stages.train import train
from support.commands import call
from support.corpora import TEXTS, make_corpus
from support.region_features import write_regions
from support.retrieval_corpora import make_searchable
from support.small_rerankers import save_blip, save_vilt

QUICK = {"preset": "multiway", "epochs": 2, "batch_size": 8, "threads": 1, "device": "cpu"}
IDS = [f"v{number}" for number in range(7)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    corpus = make_corpus(tmp_path_factory.mktemp("corpus"), val=2)
    write_regions(corpus)
    train(corpus.root, run="m", **QUICK)
    return corpus


@pytest.fixture(scope="module")
def scored(corpus):
    return score(corpus.root, run="m", k=2, device="cpu")


def test_a_matcher_scores_every_film_and_its_validation_films_calibrate(corpus, scored):
    assert (scored.done, scored.failures, scored.name) == (IDS, [], "m")
    assert scored.possible == 7 * 6 * 4
    assert 7 * 6 * 2 <= scored.pairs < scored.possible
    assert scored.calibrated_on == 2
    assert scored.loss_after <= scored.loss_before or (scored.temperature, scored.bias) == (1, 0)
    scores = read_scores(corpus.match_scores("m", "v0"))
    assert (scores.temperature, scores.bias) == (scored.temperature, scored.bias)
    assert scores.judged_on is Split.VAL
    assert scores.snippets == list(TEXTS)
    assert (scores.reranked.sum(axis=1) >= 2).all()
    assert (scores.reranked.sum(axis=0) >= 2).all()
    posterior = timing_posterior("", read_clips(corpus.clips("v0")), read_snippets(corpus.snippets("v0")))
    assert scores.reranked[posterior >= 0.01].all()


def test_judged_pairs_have_the_log_odds_that_the_matcher_gives_them_alone(corpus, scored):
    import torch

    from mmtool.retrieval.contract import ClipMaterial
    from mmtool.stages.shared.matcher_runs import open_run
    from mmtool.stages.shared.stored_tokens import open_stored_tokens

    scores = read_scores(corpus.match_scores("m", "v1"))
    matcher = open_run(corpus, "m", torch.device("cpu"))
    clip, snippet = np.argwhere(scores.reranked)[3]
    with open_stored_tokens(corpus, "detector", ClipMaterial.REGIONS) as tokens:
        clips, texts = matcher.clips(tokens.read("v1", [clip])), matcher.texts([TEXTS[snippet]])
    odds = matcher.match(clips, texts, np.array([[0, 0]]))
    np.testing.assert_allclose(scores.raw[clip, snippet], odds[0], atol=1e-4)
    np.testing.assert_allclose(
        scores.similarity[clip, snippet], clips.embeddings[0] @ texts.embeddings[0], atol=1e-5
    )


def test_what_is_done_is_kept_until_something_changes(corpus, scored):
    before = {id: corpus.match_scores("m", id).stat().st_mtime_ns for id in IDS}
    again = score(corpus.root, run="m", k=2, device="cpu")
    assert (again.done, again.unchanged) == ([], IDS)
    assert {id: corpus.match_scores("m", id).stat().st_mtime_ns for id in IDS} == before
    corpus.match_scores("m", "v3").write_bytes(b"damaged")
    corpus.match_scores("m", "v4").unlink()
    assert score(corpus.root, run="m", k=2, device="cpu").done == ["v3", "v4"]
    assert score(corpus.root, run="m", k=3, device="cpu", split="test").done == ["v5", "v6"]


def test_scores_of_another_model_are_not_mixed(corpus, scored):
    train(corpus.root, run="other", seed=1, **QUICK)
    with pytest.raises(CallError, match="was scored by other models"):
        score(corpus.root, run="other", name="m", device="cpu")
    assert score(corpus.root, run="other", name="both", device="cpu").done == IDS
    assert len(score(corpus.root, run="m", name="both", force=True, device="cpu").done) == 7


def test_align_reads_the_scores_and_the_command_says_what_was_judged(corpus, scored):
    result = call("score", corpus.root, "--run", "m", "--name", "shown", "--device", "cpu")
    assert "of 168 pairs" in result.stdout
    facts = json.loads(call("score", corpus.root, "--run", "m", "--name", "shown", "--json").stdout)
    assert facts["calibrated_on"] == 2
    assert "7 done" in call("align", corpus.root, "--scores", "shown").stdout
    assert "scores of clips and snippets" in call("info", corpus.match_scores("m", "v0")).stdout


def test_films_that_cannot_be_scored_are_named(tmp_path):
    corpus = make_corpus(tmp_path / "c")
    write_regions(corpus)
    train(corpus.root, run="m", **QUICK)
    write_clips(corpus.clips("v0"), [Clip(0, 1), Clip(1, 3)])
    write_split(corpus.split(Split.VAL), ["v1"])
    report = score(corpus.root, run="m", device="cpu")
    (failure,) = report.failures
    assert failure.id == "v0"
    assert "belong to other clips" in failure.reason
    assert any("not calibrated" in note for note in report.notes)
    with pytest.raises(CallError, match=r"no such run|train it"):
        score(corpus.root, run="absent", device="cpu")


def test_published_models_score_films(tmp_path):
    corpus = make_searchable(tmp_path / "c")
    blip = save_blip(tmp_path / "blip")
    report = score(corpus.root, reranker=str(blip), k=1, device="cpu")
    assert (report.done, report.name) == (["one", "three", "two"], "blip")
    assert report.possible == 3 * 4 * 3
    scores = read_scores(corpus.match_scores("blip", "one"))
    assert np.isfinite(scores.log_odds).all()
    assert scores.similarity.std() > 0
    assert score(corpus.root, reranker=str(blip), k=1, device="cpu").unchanged == ["one", "three", "two"]
    with pytest.raises(CallError, match="only judges pairs"):
        score(corpus.root, reranker=str(save_vilt(tmp_path / "vilt")), device="cpu")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--run or --reranker is needed"),
        (["--run", "m", "--reranker", "blip"], "cannot be given together"),
        (["--run", "m", "--frames", 2], "--frames has no effect with --run"),
        (["--reranker", "blip", "--video", "clip"], "name both"),
        (["--run", "m", "--k", 0], "must be at least 1"),
        (["--run", "m", "--name", "a/b"], "name of a folder in scores/"),
    ],
)
def test_impossible_settings(corpus, options, message):
    assert message in " ".join(call("score", corpus.root, *options, code=2).stderr.split())
