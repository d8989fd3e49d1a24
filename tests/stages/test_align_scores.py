"""Alignment with stored scores of clips and snippets: beside timing, and alone."""

import json
from dataclasses import replace

import h5py
import numpy as np
import pytest

from mmtool.formats.alignments import read_alignment
from mmtool.formats.clips import write_clips
from mmtool.formats.score_weights import read_score_weights
from mmtool.formats.scores import read_scores, write_scores
from mmtool.records import Clip, Evidence
from support.commands import call
from support.scored_corpora import HEADS, narrated_corpus, write_toy_scores


@pytest.fixture
def corpus(tmp_path):
    return narrated_corpus(tmp_path / "corpus")


def alignments(corpus, run="semi-markov"):
    return [read_alignment(corpus.alignment(run, f"v{number}"))[0] for number in range(len(HEADS))]


def right(corpus, run="semi-markov"):
    """How many of the 48 snippets have their clip."""
    truth = [{(head + j, j) for j in range(4)} for head in HEADS]
    return sum(
        len(own & set(found.matches)) for own, found in zip(truth, alignments(corpus, run), strict=True)
    )


def refusal(corpus, *options):
    return " ".join(call("align", corpus.root, *options, code=2).stderr.split())


def test_scores_lead_timing_with_a_weight_that_annotated_videos_choose(corpus):
    call("align", corpus.root)
    by_timing = right(corpus)
    write_toy_scores(corpus)
    result = call("align", corpus.root, "--scores", "toy")
    assert "the best on 10 annotated videos of the train split" in " ".join(result.stderr.split())
    assert right(corpus) > 1.5 * by_timing
    assert {one for found in alignments(corpus) for one in found.evidence if one} == {Evidence.FEATURES}
    (weight,) = read_score_weights(corpus.score_weights("toy")).values()
    assert weight.weight > 0
    assert weight.tried[weight.weight] == max(weight.tried.values())
    again = call("align", corpus.root, "--scores", "toy")
    assert "12 unchanged" in again.stdout
    assert len(read_score_weights(corpus.score_weights("toy"))) == 1


def test_scores_that_say_nothing_leave_timing_as_it_is(corpus):
    call("align", corpus.root)
    before = [(found.matches, found.clip_confidence) for found in alignments(corpus)]
    write_toy_scores(corpus, informed=False)
    result = call("align", corpus.root, "--scores", "toy", "--force")
    assert "the scores toy were not used" in " ".join(result.stderr.split())
    assert [(found.matches, found.clip_confidence) for found in alignments(corpus)] == before
    (weight,) = read_score_weights(corpus.score_weights("toy")).values()
    assert weight.weight == 0


def test_a_weight_is_chosen_again_for_other_scores(corpus):
    write_toy_scores(corpus, informed=False)
    call("align", corpus.root, "--scores", "toy")
    write_toy_scores(corpus)
    call("align", corpus.root, "--scores", "toy")
    assert {found.weight > 0 for found in read_score_weights(corpus.score_weights("toy")).values()} == {
        False,
        True,
    }
    assert right(corpus) > 30


def test_without_annotated_videos_the_usual_weight_is_said(corpus):
    for number in range(12):
        corpus.annotations(f"v{number}").unlink()
    write_toy_scores(corpus)
    result = call("align", corpus.root, "--scores", "toy")
    assert "the usual weight, 0.5" in " ".join(result.stderr.split())
    assert right(corpus) > 30


@pytest.mark.parametrize("decoder", ["monotone", "dtw", "otam"])
def test_scores_are_the_similarity_of_decoders(corpus, decoder):
    write_toy_scores(corpus)
    options = ["--scores", "toy", "--decoder", decoder]
    call("align", corpus.root, *options, *(["--unmatched-score", 0.5] if decoder == "monotone" else []))
    assert right(corpus, decoder) == 48


def test_bad_scores_are_refused_by_name(corpus):
    assert "no scores; run `mmtool score` first" in refusal(corpus, "--scores", "toy")
    write_toy_scores(corpus)
    assert "or choose one of toy" in refusal(corpus, "--scores", "other")
    corpus.match_scores("toy", "v11").unlink()
    path = corpus.match_scores("toy", "v10")
    with h5py.File(path, "r+") as file:
        file["raw"][2, 3] = np.nan
    write_clips(corpus.clips("v9"), [Clip(3.1 * i, 3.1 * (i + 1)) for i in range(10)])
    failures = json.loads(call("align", corpus.root, "--scores", "toy", "--json", code=1).stdout)["failures"]
    reasons = {failure["id"]: failure["reason"] for failure in failures}
    assert "scores that are not finite numbers (raw)" in reasons["v10"]
    assert "no such scores; make them with `mmtool score`" in reasons["v11"]
    assert "belongs to other clips or snippets" in reasons["v9"]
    assert set(reasons) == {"v9", "v10", "v11"}


def test_scores_of_other_snippets_and_damaged_ones_are_refused(corpus):
    write_toy_scores(corpus)
    path = corpus.match_scores("toy", "v0")
    write_scores(path, replace(read_scores(path), snippets=["a", "b", "c", "d"]))
    with h5py.File(corpus.match_scores("toy", "v1"), "r+") as file:
        file["raw"][0, 0] += 1
    reasons = call("align", corpus.root, "--scores", "toy", "--json", code=1).stdout
    assert "belongs to other clips or snippets" in reasons
    assert "is damaged (wrong checksum)" in reasons


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--scores", "toy", "--video", "clip", "--text", "clip"], "cannot be given together with --video"),
        (["--scores", "../toy"], "must be the name of a folder in scores/"),
        (["--decoder", "dtw"], "or name --scores"),
    ],
)
def test_impossible_choices(corpus, options, message):
    write_toy_scores(corpus)
    assert message in refusal(corpus, *options)
