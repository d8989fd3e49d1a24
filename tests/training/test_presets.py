"""The paper's experiments by name, any subset of the actions, and weights of another run to start from."""

import itertools
import shutil

import pytest
import torch

from mmtool.alignment.network.actions import MATCHES, POPS_CLIP, POPS_SNIPPET, ActionSet, gold_actions
from mmtool.choices import Action, Inputs, Modality, Normalisation, Optimizer
from mmtool.formats.checkpoints import checkpoint_digest, read_checkpoint
from mmtool.formats.corpus import Corpus
from mmtool.formats.runs import read_run
from mmtool.training.presets import PRESETS
from support.commands import EXTRACT, call, complaint
from support.corpora import make_corpus

RP, FULL, LARS, ADAM = Inputs.RP, Inputs.FULL, Optimizer.LARS, Optimizer.ADAM
NONE, SBN, LN2, LN4 = Normalisation.NONE, Normalisation.SBN, Normalisation.LN2, Normalisation.LN4
# inputs, optimiser, normalisation, learning rate, label smoothing, weight decay, dropout, warm-up epochs
RECIPES = {
    "no-pretraining": (FULL, ADAM, NONE, 1e-3, 0.03, 0, 0, 0),
    "no-pretraining-early-stopping": (FULL, ADAM, NONE, 1e-3, 0.03, 0, 0, 0),
    "full-lars-sbn": (FULL, LARS, SBN, 5e-3, 0.03, 0, 0, 0),
    "full-lars-2ln": (FULL, LARS, LN2, 4e-3, 0.03, 0, 0, 0),
    "full-lars-4ln": (FULL, LARS, LN4, 5e-3, 0.03, 0, 0, 0),
    "rp-adam-sbn": (RP, ADAM, SBN, 5e-4, 0.03, 0, 0, 0),
    "rp-adam-2ln": (RP, ADAM, LN2, 1e-2, 0.03, 0, 0, 0),
    "rp-adam-4ln": (RP, ADAM, LN4, 7e-3, 0.03, 0, 0, 0),
    "rp-lars-sbn": (RP, LARS, SBN, 7e-3, 0.03, 0, 0, 0),
    "rp-lars-2ln": (RP, LARS, LN2, 5e-3, 0.03, 0, 0, 0),
    "rp-lars-4ln": (RP, LARS, LN4, 8e-3, 0.03, 0, 0, 0),
    "rp-adam-warmup-sbn": (RP, ADAM, SBN, 5e-4, 0, 0, 0, 5),
    "lxmert": (FULL, ADAM, NONE, 3e-4, 0, 1e-7, 0.3, 0),
    "pretrain": (FULL, ADAM, NONE, 1e-3, 0, 1e-6, 0.1, 0),
    "finetune": (FULL, ADAM, NONE, 5e-4, 0, 0, 0.1, 0),
}


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    corpus = make_corpus(tmp_path_factory.mktemp("corpus"))
    call("extract", corpus.root, *EXTRACT)
    return corpus


@pytest.fixture
def corpus(extracted, tmp_path):
    shutil.copytree(extracted.root, tmp_path / "corpus")
    return Corpus(tmp_path / "corpus")


def test_the_presets_are_those_of_the_supplement():
    found = {}
    for name, preset in PRESETS.items():
        s = preset.settings
        found[name] = (
            s.inputs,
            s.optimizer,
            s.normalisation,
            s.learning_rate,
            s.label_smoothing,
            s.weight_decay,
            s.dropout,
            s.warmup_epochs,
        )
        assert (s.batch_size, s.epochs, s.clip_norm, s.halve_after) == (32, 350, 2.0, 10)
        assert (s.early_stopping > 0) == (name in {"pretrain", "no-pretraining-early-stopping"})
        assert preset.finetunes == (name == "finetune")
    assert found == RECIPES
    assert PRESETS["rp-adam-warmup-sbn"].settings.warmup_from == 5e-5


def follow(letters, clips, snippets):
    """Where a sequence of actions leads and what it matches; None where it goes on after the end."""
    i = j = 0
    matches = set()
    for action in letters:
        if i == clips or j == snippets:
            return None
        if action in MATCHES:
            matches.add((i, j))
        i += action in POPS_CLIP
        j += action in POPS_SNIPPET
    return matches if i == clips or j == snippets else None


@pytest.mark.parametrize(("clips", "snippets"), [(1, 2), (2, 1), (2, 2), (3, 2)])
def test_every_subset_finds_the_actions_of_all_that_it_can_say(clips, snippets):
    subsets = [s for size in range(1, 6) for s in itertools.combinations(Action, size) if MATCHES & set(s)]
    assert len(subsets) == 28  # of 31; the other three have no match
    for subset in subsets:
        for length in range(1, clips + snippets):
            for letters in itertools.product(subset, repeat=length):
                matches = follow(letters, clips, snippets)
                if matches is not None:
                    gold = gold_actions(matches, clips, snippets, ActionSet(subset))
                    assert follow([subset[k] for k in gold], clips, snippets) == matches


@pytest.mark.parametrize("actions", [["match", "pop-video", "pop-text"], ["match-retain-text", "pop-video"]])
def test_a_subset_that_the_truth_does_not_fit_is_said(corpus, actions):
    """Snippet 0 has two clips, so one-to-one lacks a match; snippet 2 has none, so it must be popped."""
    call("project", corpus.root)
    options = [part for action in actions for part in ("--action", action)]
    line = complaint(call("train", corpus.root, "--epochs", 1, *options, code=2), "v0.tsv")
    assert ("match-retain-text" if "match" in actions else "pop-text") in line


@pytest.mark.parametrize("actions", [["pop-video", "pop-text"], ["match", "match"]])
def test_actions_without_a_match_or_twice_are_refused(corpus, actions):
    options = [part for action in actions for part in ("--action", action)]
    complaint(call("train", corpus.root, *options, code=2), "--action")


@pytest.mark.parametrize("more", [["match"], ["match-retain-video"], ["match", "match-retain-video"]])
def test_larger_sets_train_and_align(corpus, more):
    call("project", corpus.root)
    actions = ["pop-text", "match-retain-text", "pop-video", *more]
    options = [part for action in actions for part in ("--action", action)]
    call("train", corpus.root, "--run", "r", "--epochs", 1, "--threads", 1, *options)
    call("align", corpus.root, "--run", "r", "--split", "test")
    assert read_checkpoint(corpus.run("r") / "last.pt").shape["actions"] == len(actions)


def weights(corpus, run, choice="last"):
    return read_checkpoint(corpus.run(run) / f"{choice}.pt").network


def test_finetuning_starts_from_the_weights_and_nothing_else(corpus):
    options = ["--epochs", 1, "--threads", 1]
    call("train", corpus.root, "--run", "pre", "--preset", "pretrain", *options)
    tiny = ["--learning-rate", 1e-12, "--dropout", 0]
    call("train", corpus.root, "--run", "fine", "--preset", "finetune", "--init-from", "pre", *tiny, *options)
    for name, tensor in weights(corpus, "pre", "best").items():
        torch.testing.assert_close(weights(corpus, "fine")[name], tensor, rtol=0, atol=1e-9)
    steps = read_checkpoint(corpus.run("fine") / "last.pt").training["optimizer"]["state"].values()
    assert {int(state["step"]) for state in steps} == {1}  # one batch: the optimiser is fresh
    config = read_run(corpus.run("fine") / "config.json")
    assert config.settings["init_from"] == "pre"
    assert config.start == checkpoint_digest(corpus.run("pre") / "best.pt")


def test_a_run_of_another_corpus_starts_one_here_with_statistics_of_its_own(corpus, tmp_path):
    other = make_corpus(tmp_path / "other", train=1, val=1, test=1)
    call("extract", other.root, *EXTRACT)
    options = ["--epochs", 1, "--threads", 1]
    call("train", other.root, "--run", "pre", "--preset", "pretrain", *options)
    start = ["--preset", "finetune", "--run", "fine", "--init-from", other.run("pre")]
    call("train", corpus.root, *start, *options)
    pre, fine = (read_checkpoint(c.run(r) / "last.pt") for c, r in ((other, "pre"), (corpus, "fine")))
    theirs, ours = (x.inputs[Modality.VIDEO].transform["mean"] for x in (pre, fine))
    assert not torch.equal(theirs, ours)
    assert "1 unchanged" in call("train", corpus.root, *start, *options).stdout
    call("align", corpus.root, "--run", "fine", "--split", "test")


def test_a_changed_start_is_another_run(corpus):
    options = ["--threads", 1, "--preset", "no-pretraining"]
    call("train", corpus.root, "--run", "pre", "--epochs", 1, *options)
    fine = ["--run", "fine", "--epochs", 1, "--init-from", "pre", *options]
    call("train", corpus.root, *fine)
    call("train", corpus.root, "--run", "pre", "--epochs", 2, *options)
    assert "weights of pre" in complaint(call("train", corpus.root, *fine, code=2), "fine/config.json")


def test_a_start_that_does_not_fit_is_refused_and_the_earlier_run_kept(corpus):
    call("project", corpus.root)
    options = ["--epochs", 1, "--threads", 1]
    for run, preset in (("full", "no-pretraining"), ("rp", "rp-lars-sbn"), ("ln", "rp-lars-2ln")):
        call("train", corpus.root, "--run", run, "--preset", preset, *options)
    call("extract", corpus.root, "--text-encoder", "length", "--text-name", "again")
    call("project", corpus.root, "--video", "timing", "--text", "length+again")
    before = (corpus.run("rp") / "last.pt").read_bytes()
    names = ["--video", "timing", "--text"]
    for start, more, problem in [
        ("full", [*names, "length"], "projected by nothing"),
        ("ln", [*names, "length"], "normalisation 2ln"),
        ("full", [*names, "length+again", "--preset", "finetune"], "text features of length"),
        ("rp", [*names, "length"], "the run itself"),
        ("nobody", [*names, "length"], "no such run"),
    ]:
        arguments = ["--run", "rp", "--init-from", start, "--force", *more, *options]
        assert problem in complaint(call("train", corpus.root, *arguments, code=2), start)
    assert (corpus.run("rp") / "last.pt").read_bytes() == before
    complaint(call("train", corpus.root, "--preset", "finetune", code=2), "--init-from")
