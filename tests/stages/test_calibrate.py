"""Networks whose confidence is calibrated: the posterior over actions, the fit, files and commands."""

import json
import shutil

import numpy as np
import pytest

from mmtool.alignment.network.actions import (
    MANY_TO_MANY,
    MATCHES,
    ONE_TO_MANY,
    ONE_TO_ONE,
    POPS_CLIP,
    POPS_SNIPPET,
    ActionSet,
)
from mmtool.alignment.network.batch import Sequences
from mmtool.alignment.network.calibration import (
    LabelledVideo,
    LogitCalibration,
    calibrated_confidence,
    fit_calibration,
)
from mmtool.alignment.network.greedy import decode_greedily
from mmtool.alignment.network.posterior import label_posterior, pair_logits
from mmtool.alignment.odds import shift_to_mean, shifted
from mmtool.choices import Normalisation, Split
from mmtool.errors import CallError, SettingError
from mmtool.formats.alignments import read_alignment
from mmtool.formats.calibrations import read_calibrations
from mmtool.formats.checkpoints import checkpoint_digest
from mmtool.formats.splits import write_split
from mmtool.records import Verdict
from mmtool.stages.align import align
from mmtool.stages.calibrate import calibrate
from support.commands import TRAIN, call, chain, complaint
from support.corpora import make_corpus
from support.network_cases import make_case

# --- the posterior ---------------------------------------------------------------------------------


def enumerated(logits, action_set, temperature):
    """The same by following every sequence of actions."""
    clips, snippets, _ = logits.shape
    pairs, placed = np.zeros((snippets, clips)), np.zeros(snippets)
    tables = [action_set.table(kind) for kind in (POPS_CLIP, POPS_SNIPPET, MATCHES)]

    def follow(clip, snippet, probability, matched):
        if clip == clips or snippet == snippets:
            for i, j in matched:
                pairs[j, i] += probability
            for j in {j for _, j in matched}:
                placed[j] += probability
            return
        chance = np.exp(logits[clip, snippet] / temperature)
        for action, share in enumerate(chance / chance.sum()):
            pops_clip, pops_snippet, matches = (int(table[action]) for table in tables)
            new = [(clip, snippet)] if matches else []
            follow(clip + pops_clip, snippet + pops_snippet, probability * share, matched + new)

    follow(0, 0, 1.0, [])
    return pairs, placed


@pytest.mark.parametrize("actions", [ONE_TO_MANY, ONE_TO_ONE, MANY_TO_MANY])
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (2, 3), (4, 1)])
def test_the_posterior_sums_over_all_sequences_of_actions(actions, size):
    action_set = ActionSet(actions)
    logits = np.random.default_rng(0).normal(size=(*size, len(actions))).astype(np.float32)
    for temperature in (1.0, 2.5):
        found = label_posterior(logits, action_set, temperature)
        pairs, placed = enumerated(logits.astype(float), action_set, temperature)
        np.testing.assert_allclose(found.pairs, pairs, atol=1e-12)
        np.testing.assert_allclose(found.placed, placed, atol=1e-12)


@pytest.mark.parametrize("actions", [ONE_TO_MANY, MANY_TO_MANY])
def test_logits_on_the_greedy_path_are_those_of_greedy_decoding(actions):
    """A near-zero temperature follows that path, whose labels are then certain."""
    network, clips, snippets, _, action_set = make_case(Normalisation.SBN, actions)
    read = Sequences.pad(clips), Sequences.pad(snippets)
    decoded = decode_greedily(network, *read, action_set)
    tables = pair_logits(network, *read, action_set)
    for logits, own, features in zip(tables, decoded, clips, strict=True):
        assert logits.shape == (len(features), logits.shape[1], len(actions))
        assert logits[0, 0].argmax() == own.actions[0]
    if actions is ONE_TO_MANY:
        for logits, own in zip(tables, decoded, strict=True):
            sure = label_posterior(logits, action_set, 1e-3).pairs
            assert {(i, j) for j, i in zip(*np.nonzero(sure > 0.5), strict=True)} == set(own.matches)


# --- the fit ---------------------------------------------------------------------------------------


def overconfident(videos: int, seed: int, sharpness: float = 3.0) -> list[LabelledVideo]:
    """The truth is drawn from logits; the network claims logits that are ``sharpness`` times as large."""
    rng, action_set, made = np.random.default_rng(seed), ActionSet(ONE_TO_MANY), []
    for _ in range(videos):
        clips, snippets = 20, 6
        honest = rng.normal(size=(clips, snippets, 3)) * 1.5
        honest[:, :, 1] -= 1.0
        truth, decoded = (np.full(clips, -1) for _ in range(2))
        for labels, draw in ((truth, True), (decoded, False)):
            i = j = 0
            while i < clips and j < snippets:
                chance = np.exp(honest[i, j])
                action = rng.choice(3, p=chance / chance.sum()) if draw else int(chance.argmax())
                if action == 2:
                    labels[i] = j
                i, j = i + (action != 1), j + (action == 1)
        right = (truth == decoded).astype(float)
        shared = [
            ((truth == j) & (decoded == j)).sum() / ((truth == j) | (decoded == j)).sum()
            for j in set(truth) - {-1}
        ]
        made.append(
            LabelledVideo(
                logits=(honest * sharpness).astype(np.float32),
                labels=decoded,
                durations=np.ones(clips),
                right=right,
                accuracy=float(right.mean()),
                iou=float(np.mean(shared)) if shared else np.nan,
            )
        )
    assert len(action_set) == 3
    return made


def test_the_fit_finds_how_overconfident_a_network_is():
    action_set = ActionSet(ONE_TO_MANY)
    fitted = fit_calibration(overconfident(120, seed=0), action_set)
    assert fitted.temperature == pytest.approx(3.0, rel=0.25)
    assert abs(fitted.confidence_shift) < 0.25
    new = overconfident(120, seed=1)
    found = [calibrated_confidence(v.logits, v.labels, v.durations, action_set, fitted) for v in new]
    raw = [
        calibrated_confidence(v.logits, v.labels, v.durations, action_set, LogitCalibration()) for v in new
    ]
    measured = np.mean([video.accuracy for video in new])
    assert np.mean([each.clips.mean() for each in found]) == pytest.approx(measured, abs=0.05)
    assert np.mean([each.clips.mean() for each in raw]) > measured + 0.1
    iou = np.nanmean([video.iou for video in new])
    assert np.mean([each.expected_iou for each in found]) == pytest.approx(iou, abs=0.05)


def test_shifts_reach_the_measured_means_on_the_videos_of_the_fit():
    action_set, videos = ActionSet(ONE_TO_MANY), overconfident(8, seed=3, sharpness=10.0)
    fitted = fit_calibration(videos, action_set)
    found = [calibrated_confidence(v.logits, v.labels, v.durations, action_set, fitted) for v in videos]
    expected = np.mean([each.clips.mean() for each in found])
    assert expected == pytest.approx(np.mean([video.accuracy for video in videos]), abs=1e-3)


def test_odds_are_shifted():
    np.testing.assert_allclose(shifted(np.array([0.5, 0.8]), np.log(2)), [2 / 3, 8 / 9])
    assert shifted(np.array([0.0, 0.25, 1.0]), 0.0).tolist() == [0.0, 0.25, 1.0]
    assert shifted(np.array([0.0, 1.0]), 3.0).tolist() == [0.0, 1.0]


def test_a_shift_gives_the_mean_that_is_wanted():
    """Odds of 1 and 4 become 1 / 2 and 2: the mean of 1 / 3 and 2 / 3 is a half."""
    shift = shift_to_mean(0.5, np.array([0.5, 0.8]), np.ones(2))
    assert shift == pytest.approx(-np.log(2), abs=1e-4)
    assert shift_to_mean(0.5, np.zeros(0), np.zeros(0)) == 0.0


def test_nothing_to_fit_to_is_an_error():
    with pytest.raises(ValueError, match="no video"):
        fit_calibration([], ActionSet(ONE_TO_MANY))


# --- files and commands ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    corpus = make_corpus(tmp_path_factory.mktemp("trained") / "corpus", train=3, val=5, test=2)
    chain(corpus.root)
    return corpus


@pytest.fixture
def corpus(trained, tmp_path):
    shutil.copytree(trained.root, tmp_path / "corpus")
    return type(trained)(tmp_path / "corpus")


def test_training_ends_with_a_calibration_of_each_checkpoint(corpus):
    run = corpus.run("r")
    stored = read_calibrations(run)
    assert set(stored) == {checkpoint_digest(run / name) for name in ("best.pt", "last.pt")}
    assert {(each.split, each.videos) for each in stored.values()} == {("val", 5)}
    report = align(corpus.root, run="r")
    assert 0 <= report.expected_iou <= 1
    on_val = align(corpus.root, run="r", split="val")
    [last] = [stored[checkpoint_digest(run / "last.pt")]]
    assert on_val.expected_accuracy == pytest.approx(last.video_accuracy, abs=1e-3)
    shown = call("info", run).stdout
    assert "calibration of last.pt" in shown
    assert "from 5 videos of the val split" in shown
    assert "expected without" in call("info", run / "calibration.json").stdout


def test_a_run_trained_before_is_calibrated_when_it_is_trained_again(corpus):
    path = corpus.run("r") / "calibration.json"
    whole = path.read_text()
    path.unlink()
    assert "1 done" in call("train", corpus.root, *TRAIN).stdout
    assert path.read_text() == whole
    assert "1 unchanged" in call("train", corpus.root, *TRAIN).stdout
    path.write_text("{")
    complaint(
        call("align", corpus.root, "--run", "r", code=2), "calibration.json: is not a valid calibration"
    )
    assert "1 done" in call("calibrate", corpus.root, "--run", "r").stdout
    assert path.read_text() == whole


def test_a_calibration_makes_alignments_again_and_is_of_its_checkpoint_only(corpus):
    call("align", corpus.root, "--run", "r")
    stored = read_alignment(corpus.alignment("r", "v0"))[0]
    (corpus.run("r") / "calibration.json").unlink()
    again = call("align", corpus.root, "--run", "r").stdout
    assert "10 done" in again
    unknown = read_alignment(corpus.alignment("r", "v0"))[0]
    assert (unknown.matches, unknown.quality.expected_iou) == (stored.matches, None)
    report = calibrate(corpus.root, run="r", split="test")
    assert (report.videos, len(report.calibrations)) == (2, len(read_calibrations(corpus.run("r"))))
    assert calibrate(corpus.root, run="r", split="test").unchanged == ["r"]
    few = align(corpus.root, run="r")
    assert few.expected_iou is not None
    assert {video.verdict for video in few.videos} == {Verdict.UNKNOWN}
    assert "calibrated on 2 videos only" in few.notes[0]
    weighted = align(corpus.root, run="r", timing_weight=1.0)
    assert weighted.expected_accuracy is None
    assert "`timing_weight=0` only" in weighted.notes[0]


def test_beam_search_is_calibrated_too(corpus):
    report = align(corpus.root, run="r", decoder="beam")
    assert None not in (report.expected_accuracy, report.expected_iou)


def test_a_run_without_a_validation_split_is_not_calibrated(corpus):
    corpus.split(Split.VAL).unlink()
    call("train", corpus.root, *TRAIN, "--run", "blind")
    assert read_calibrations(corpus.run("blind")) == {}
    shown = call("align", corpus.root, "--run", "blind", "--split", "test")
    assert "expected accuracy unknown · unknown 2" in shown.stdout
    assert "calibration of last.pt  none" in call("info", corpus.run("blind")).stdout
    complaint(call("calibrate", corpus.root, "--run", "blind", code=2), "val.txt")
    note = call("calibrate", corpus.root, "--run", "blind", "--split", "train").stderr
    assert "if blind was trained on these videos, its calibration is too optimistic; use --split val" in note


def test_what_cannot_be_calibrated(corpus):
    call("train", corpus.root, "--preset", "semi-markov", "--run", "timing")
    with pytest.raises(SettingError, match="timing has no network"):
        calibrate(corpus.root, run="timing")
    with pytest.raises(SettingError, match="is needed: there are runs r, timing"):
        calibrate(corpus.root)
    with pytest.raises(CallError, match="no such run"):
        calibrate(corpus.root, run="nothing")
    corpus.annotations("v3").unlink()
    report = calibrate(corpus.root, run="r")
    assert ([failure.id for failure in report.failures], report.videos) == (["v3"], 4)
    write_split(corpus.split(Split.VAL), ["v3"])
    complaint(call("calibrate", corpus.root, "--run", "r", code=2), "v3.tsv")


@pytest.mark.parametrize(
    ("name", "value"), [("temperature", 0), ("temperature", "a"), ("videos", 0), ("iou_shift", None)]
)
def test_damaged_calibrations_are_refused(corpus, name, value):
    path = corpus.run("r") / "calibration.json"
    content = json.loads(path.read_text())
    for entry in content["checkpoints"].values():
        entry[name] = value
    path.write_text(json.dumps(content))
    complaint(
        call("align", corpus.root, "--run", "r", code=2), "calibration.json: is not a valid calibration"
    )
