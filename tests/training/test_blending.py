"""Gradient-Blending: weights against a minimiser, estimates against loops written out, one backward pass."""

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch import nn

from mmtool.alignment.network.actions import ONE_TO_MANY, ActionSet
from mmtool.alignment.network.batch import NO_ACTION
from mmtool.alignment.network.branches import make_network
from mmtool.alignment.network.model import NetworkShape
from mmtool.blends import BranchChange
from mmtool.choices import Optimizer
from mmtool.errors import CallError, SettingError
from mmtool.fusion_choices import Fusion
from mmtool.settings.blending import blend_plan
from mmtool.settings.train import TrainSettings
from mmtool.training.blending.estimating import Blender, Memory
from mmtool.training.blending.folds import cost, film_folds
from mmtool.training.blending.weights import (
    averaged,
    estimate,
    optimal_weights,
    to_leave_out,
    weights_of_fold,
    with_joint,
)
from mmtool.training.lars import LarsAdam
from mmtool.training.loop import TrainingState, train_epoch
from mmtool.training.network_task import NetworkTask, fit_network
from mmtool.training.processes import ALONE
from mmtool.training.rates import make_optimizer, make_rates
from mmtool.training.samples import cut_samples, make_batch
from mmtool.training.task import Place, Unobserved, weighted
from support.small_fusion import SmallNetwork, SmallTask, accuracy, constructed_films, train_small
from support.toy_branches import ALL, BRANCHES, ToyNetwork, ToyTask

NAMES = ("looks", "sound")
WIDTHS = (4, 3)

# Weights


def gaussian_problem(seed, *, correlated):
    """⟨∇L*, v⟩ of four branches, and Σ from many draws of ⟨∇Lᵀ − ∇L*, v⟩."""
    rng = np.random.default_rng(seed)
    target, branches = rng.standard_normal(6), rng.standard_normal((4, 6))
    branches *= np.sign(branches @ target)[:, None]
    root = rng.standard_normal((6, 6)) if correlated else np.eye(6)
    if not correlated:  # each branch moves weights of its own
        branches = np.array([np.eye(6)[k] * abs(branches[k, k]) * np.sign(target[k]) for k in range(4)])
    noise = rng.standard_normal((5000, 6)) @ (root * rng.uniform(0.2, 2, 6)).T
    overfitting = noise @ branches.T  # (draws, K)
    return branches @ target, overfitting


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("correlated", [False, True])
def test_weights_minimise_the_squared_ratio(seed, correlated):
    """Against a numerical minimiser of E[(Σ w o)² / (Σ w g)²], whose scale is free."""
    gains, draws = gaussian_problem(seed, correlated=correlated)
    moments = draws.T @ draws / len(draws)
    if not correlated:
        moments = np.diag(np.diag(moments))

    def ratio(weights):
        return weights @ moments @ weights / (weights @ gains) ** 2

    found = minimize(
        ratio,
        np.full(4, 0.25),
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 20000},
    )
    wanted = found.x / found.x.sum()
    got = optimal_weights(gains, moments if correlated else np.diag(moments))
    assert got.sum() == pytest.approx(1)
    np.testing.assert_allclose(got, wanted, atol=2e-3)
    printed = gains**2 / np.diag(moments)  # as the proof's closing line has it
    assert ratio(got) < ratio(printed) - 1e-9


def change(branch, gain, overfitting, *, fold=0, held_out=1.0):
    return BranchChange(1, 5, fold, 1, branch, gain, overfitting, held_out)


def test_weights_are_the_gain_by_the_square_of_overfitting():
    """0.2 / 0.1² = 20, 0.4 / 0.2² = 10, 0.1 / 0.1² = 10."""
    changes = [change("a", 0.2, 0.1), change("b", 0.4, 0.2), change("joint", 0.1, 0.1)]
    assert weights_of_fold(changes) == pytest.approx({"a": 0.5, "b": 0.25, "joint": 0.25})


def test_a_branch_that_gained_nothing_has_no_weight():
    for gain in (0.0, -0.5):
        changes = [change("a", 0.2, 0.1), change("b", gain, 0.01), change("joint", 0.2, 0.1)]
        assert weights_of_fold(changes) == pytest.approx({"a": 0.5, "b": 0.0, "joint": 0.5})


def test_overfitting_counts_at_least_a_thousandth_of_the_loss():
    """Negative and no overfitting: both 0.002, so the weights are as the gains."""
    changes = [change("a", 0.3, -0.4, held_out=2.0), change("b", 0.1, 0.0, held_out=2.0)]
    assert weights_of_fold(changes) == pytest.approx({"a": 0.75, "b": 0.25})


def test_weights_are_equal_where_nothing_was_gained():
    changes = [change("a", -0.2, 0.1), change("b", 0.0, 0.01), change("joint", -1.0, 0.1)]
    assert weights_of_fold(changes) == pytest.approx(dict.fromkeys(("a", "b", "joint"), 1 / 3))


def test_folds_are_averaged_by_their_logarithms():
    """√(0.8 · 0.2) = √(0.2 · 0.8); 0.0 counts as 1e-4 beside 0.5, and stays 0 in all folds."""
    assert averaged([{"a": 0.8, "b": 0.2}, {"a": 0.2, "b": 0.8}]) == pytest.approx({"a": 0.5, "b": 0.5})
    a, b = math.sqrt(0.5 * 1.0), math.sqrt(0.5 * 1e-4)
    found = averaged([{"a": 0.5, "b": 0.5, "c": 0.0}, {"a": 1.0, "b": 0.0, "c": 0.0}])
    assert found == pytest.approx({"a": a / (a + b), "b": b / (a + b), "c": 0.0})
    assert sum(found.values()) == pytest.approx(1)


def test_the_joint_branch_keeps_a_twentieth():
    """It decides in the end, and would not learn at all without any weight."""
    assert with_joint({"a": 0.6, "b": 0.4, "joint": 0.0}) == pytest.approx(
        {"a": 0.57, "b": 0.38, "joint": 0.05}
    )
    assert with_joint({"a": 0.5, "b": 0.4, "joint": 0.1}) == {"a": 0.5, "b": 0.4, "joint": 0.1}
    assert with_joint({"a": 0.0, "b": 0.0, "joint": 1.0}) == {"a": 0.0, "b": 0.0, "joint": 1.0}


@pytest.mark.parametrize(
    ("sound", "joint", "left_out"),
    [
        ((-0.1, -0.2), (0.1, 0.2), ("sound",)),
        ((-0.1, 0.1), (0.1, 0.2), ()),  # it gained something in a fold
        ((-0.1, -0.2), (0.3, 0.4), ()),  # the joint branch gained more than looks alone: both inform together
    ],
)
def test_the_joint_branch_does_not_see_what_gains_nothing_and_harms_it(sound, joint, left_out):
    changes = []
    for fold in (0, 1):
        changes.append(change("looks", 0.3, 0.1, fold=fold))
        changes.append(change("sound", sound[fold], 0.1, fold=fold))
        changes.append(change("joint", joint[fold], 0.1, fold=fold))
    assert to_leave_out(changes) == left_out


def test_everything_is_seen_where_no_modality_gains_anything():
    assert to_leave_out([change(name, -0.1, 0.1) for name in ("looks", "sound", "joint")]) == ()


def test_the_joint_branch_counts_as_measured_without_what_is_left_out():
    """0.2 / 0.1² = 20 for looks; joint: 0.1 / 0.1² = 10 without sound, not 0."""
    changes = [change("looks", 0.2, 0.1), change("sound", -0.2, 0.3), change("joint", -0.5, 0.1)]
    found = estimate([*changes, replace(change("joint", 0.1, 0.1), left_out=("sound",))])
    weights = {name: branch.weight for name, branch in found.branches.items()}
    assert weights == pytest.approx({"looks": 2 / 3, "sound": 0.0, "joint": 1 / 3})
    assert found.left_out == ("sound",)


def test_an_estimate_reports_the_raw_means_beside_the_weights():
    changes = [change("a", 0.2, 0.1), change("b", -0.2, 0.3)]
    changes += [change("a", 0.4, 0.3, fold=1), change("b", 0.1, 0.5, fold=1)]
    found = estimate(changes).branches
    assert (found["a"].gain, found["a"].overfitting) == pytest.approx((0.3, 0.2))
    assert (found["b"].gain, found["b"].overfitting) == pytest.approx((-0.05, 0.4))
    assert sum(branch.weight for branch in found.values()) == pytest.approx(1)


# Films


def test_each_film_is_held_out_once_and_never_learned_from_then():
    films = [f"v{number}" for number in range(10)]
    folds = film_folds(films, folds=3, fraction=1.0, seed=0)
    assert sorted(film for fold in folds for film in fold.held_out) == sorted(films)
    assert all(sorted(fold.learned + fold.held_out) == sorted(films) for fold in folds)
    assert film_folds(films, folds=3, fraction=1.0, seed=1) != folds


def test_a_single_fold_holds_out_a_fifth_and_a_fraction_uses_fewer_films():
    films = [f"v{number}" for number in range(40)]
    [fold] = film_folds(films, folds=1, fraction=0.5, seed=0)
    assert (len(fold.learned), len(fold.held_out)) == (16, 4)
    assert len(film_folds([str(number) for number in range(200)], folds=0, fraction=1, seed=0)) == 1
    assert len(film_folds([str(number) for number in range(199)], folds=0, fraction=1, seed=0)) == 3


@pytest.mark.parametrize(("folds", "count", "needed"), [(3, 5, 6), (0, 5, 6), (4, 7, 8), (1, 9, 10)])
def test_too_few_films_are_told_what_is_needed(folds, count, needed):
    with pytest.raises(SettingError, match=f"at least {needed} annotated training films.* there are {count}"):
        film_folds([str(number) for number in range(count)], folds=folds, fraction=1.0, seed=0)


def test_the_cost_is_that_of_the_algorithms():
    """Without holding anything out, (M + 1) estimates of all epochs and the run itself: M + 2."""
    three = cost(branches=3, films=30, folds=3, fraction=1.0, estimated=10, epochs=10)
    assert three == pytest.approx(1 + 3 * 3 * 2 / 3)
    assert cost(branches=3, films=300, folds=0, fraction=0.5, estimated=10, epochs=10) == pytest.approx(
        1 + 3 * 0.8 * 0.5
    )


# The network


def film(number):
    rng = np.random.default_rng(number)
    gold = np.array([(2, 2, 1, 2), (0, 2, 1, 2), (2, 0, 1, 2), (2, 1, 0, 2)][number % 4])
    features = [rng.standard_normal((size, width)).astype(np.float32) for size, width in ((3, 7), (2, 5))]
    return cut_samples(f"v{number}", *features, gold, action_set=ActionSet(ONE_TO_MANY), max_actions=9)


SAMPLES = [sample for number in range(4) for sample in film(number)]
ONLINE = TrainSettings(modalities="looks,sound", blend="online", blend_epochs=2, epochs=4, learning_rate=0.1)


def network_of(fusion=Fusion.LATE):
    torch.manual_seed(0)
    return make_network(NetworkShape(7, 5, 3, sources=WIDTHS, fusion=fusion, fusion_layers=1, heads=True))


@pytest.mark.parametrize("fusion", [Fusion.LATE, Fusion.MID])
def test_one_backward_pass_is_the_sum_of_separate_ones(fusion):
    network = network_of(fusion).train()
    task = NetworkTask(network, SAMPLES, ONLINE, modalities=NAMES)
    task.weights = {"looks": 0.5, "sound": 0.2, "joint": 0.3}
    batch, place = make_batch(SAMPLES), Place(1, 1, ALONE)
    parts = task.parts(batch, place)
    weighted(parts, {name: part.sums for name, part in parts.items()}).backward()
    together = {name: p.grad.clone() for name, p in network.named_parameters()}

    separate = {name: torch.zeros_like(p) for name, p in network.named_parameters()}
    for number, branch in enumerate(BRANCHES):
        network.zero_grad()
        [logits] = network.by_branch(batch.clips, batch.snippets, batch.traces, [number])
        loss = nn.functional.cross_entropy(
            logits.flatten(0, 1), batch.traces.actions.flatten(), ignore_index=NO_ACTION, label_smoothing=0.03
        )
        loss.backward()
        for name, p in network.named_parameters():
            if p.grad is not None:
                separate[name] += task.weights[branch] * p.grad
    for name, gradient in together.items():
        torch.testing.assert_close(gradient, separate[name], atol=1e-5, rtol=1e-4)


def test_parameters_change_by_the_weights_of_the_branches_that_reach_them():
    """Adam's first step is the rate times the sign of the gradient, however small the gradient is."""
    network = network_of()
    task = NetworkTask(network, SAMPLES, ONLINE, modalities=NAMES)
    task.weights = {"looks": 0.6, "sound": 0.1, "joint": 0.3}
    settings = replace(ONLINE, optimizer=Optimizer.ADAM, learning_rate=1e-3)
    optimizer, before = make_optimizer(network, settings), copy.deepcopy(network.state_dict())
    train_epoch(task, settings, optimizer, make_rates(optimizer, settings), 1, Unobserved(), ALONE)
    shares = {
        "text_encoder.0.0.weight": 1.0,
        "video_encoder.0.0.0.weight": 0.9,
        "video_encoder.1.0.0.weight": 0.4,
        "video_stack.stacks.1.layers.first.lstm.weight_ih_l0": 0.4,
        "video_stack.layers.0.0.weight": 0.3,
        "classifier.1.weight": 0.3,
        "branches.0.classifier.1.weight": 0.6,
        "branches.1.classifier.1.weight": 0.1,
    }
    for name, share in shares.items():
        moved = (network.state_dict()[name] - before[name]).abs().max().item()
        assert moved == pytest.approx(1e-3 * share, rel=1e-2), name


# Estimates, of a task that trains in milliseconds


def blended_epochs(network, settings, *, reached=0, changes=(), remember=lambda *_: None):
    """Train all epochs after ``reached``; the weights of each."""
    task = ToyTask(network, ALL)
    blender = Blender(task, settings, settings.blend_plan, memory=Memory(changes, remember))
    optimizer = make_optimizer(network, settings)
    found = []
    for epoch in range(reached + 1, settings.epochs + 1):
        blender.before(epoch, optimizer.param_groups[0]["lr"])
        found.append(dict(blender.current))
        rates = make_rates(optimizer, settings)
        train_epoch(task, settings, optimizer, rates, epoch, Unobserved(), ALONE)
    return found


def test_an_estimate_is_that_of_a_loop_written_out():
    """Each branch alone, from the first weights, on the films that are not held out, for two epochs."""
    changes = []
    blended_epochs(ToyNetwork(), ONLINE, remember=lambda found, _: changes.append(found[-1]))
    folds = film_folds(list(ALL), folds=3, fraction=1.0, seed=0)
    copies = [(fold, branch) for fold in folds for branch in BRANCHES]
    for (fold, branch), found in zip(copies, changes, strict=False):
        network = ToyNetwork()

        def loss(films, network=network, branch=branch):
            rows, classes = (torch.cat([ALL[film][part] for film in films]) for part in (0, 1))
            return nn.functional.cross_entropy(network.of(branch, rows), classes)

        before = loss(fold.learned).item(), loss(fold.held_out).item()
        optimizer = LarsAdam(network.parameters(), lr=0.1, weight_decay=0.0)
        for epoch in (1, 2):
            order = np.random.default_rng([0, epoch]).permutation(8)
            for start in (0, 4):
                optimizer.zero_grad()
                loss([fold.learned[index] for index in order[start : start + 4]]).backward()
                nn.utils.clip_grad_norm_(network.parameters(), 2.0)
                optimizer.step()
        after = loss(fold.learned).item(), loss(fold.held_out).item()
        gain = before[1] - after[1]
        assert (found.branch, found.epoch, found.epochs) == (branch, 1, 2)
        assert found.held_out == pytest.approx(before[1], abs=1e-5)
        assert found.gain == pytest.approx(gain, abs=1e-5)
        assert found.overfitting == pytest.approx(before[0] - after[0] - gain, abs=1e-5)
        assert abs(found.gain) > 1e-3


def test_weights_hold_for_a_super_epoch():
    estimates = []
    found = blended_epochs(ToyNetwork(), ONLINE, remember=lambda _, known: estimates.append(list(known)))
    first, second = estimates[-1]
    assert (first.epoch, second.epoch) == (1, 3)
    assert found == [first.branches] * 2 + [second.branches] * 2
    assert first.branches != second.branches


def test_offline_weights_are_estimated_once_for_the_whole_run():
    estimates = []
    settings = replace(ONLINE, blend="offline", blend_epochs=0)
    found = blended_epochs(ToyNetwork(), settings, remember=lambda _, known: estimates.append(list(known)))
    [only] = estimates[-1]
    assert (only.epoch, only.epochs) == (1, 4)
    assert found == [only.branches] * 4


def test_given_weights_need_no_estimate():
    settings = TrainSettings(modalities="looks,sound", blend="1,2,1", epochs=1)
    [found] = blended_epochs(ToyNetwork(), settings, remember=None)
    weights = {name: branch.weight for name, branch in found.items()}
    assert weights == {"looks": 0.25, "sound": 0.5, "joint": 0.25}


@pytest.mark.parametrize("measured", range(1, 18, 4))
def test_an_interrupted_estimate_continues_with_the_next_copy(measured):
    """Nine copies an estimate, two estimates; killed after so many copies, in the first or the second one."""
    whole = ToyNetwork()
    wanted = blended_epochs(whole, ONLINE)

    class KilledError(Exception):
        pass

    known = []

    def remember(changes, _):
        known[:] = changes
        if len(changes) == measured:
            raise KilledError

    network = ToyNetwork()
    with pytest.raises(KilledError):
        blended_epochs(network, ONLINE, remember=remember)
    trained = []
    again = ToyNetwork()
    found = blended_epochs(
        again, ONLINE, changes=list(known), remember=lambda changes, _: trained.append(len(changes))
    )
    assert max(trained) == 18
    assert min(trained) > measured - 1
    assert found == wanted
    for name, tensor in whole.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name


def test_a_modality_that_is_left_out_stays_so_in_a_continued_run():
    """The joint branch is measured twice; a call that knows all eight copies trains none of them."""
    films = constructed_films(8, seed=0)
    settings = TrainSettings(
        modalities="looks,ids",
        blend="offline",
        blend_folds=2,
        epochs=20,
        optimizer=Optimizer.ADAM,
        learning_rate=5e-3,
    )

    def before_the_first_epoch(changes, remember):
        network = SmallNetwork(0)
        task = SmallTask(network, films, films)
        blender = Blender(task, settings, settings.blend_plan, memory=Memory(changes, remember))
        blender.before(1, 5e-3)
        return blender.current, network.seen.tolist()

    known, estimates = [], []
    first = before_the_first_epoch(
        (), lambda *found: (known.append(list(found[0])), estimates.append(found[1]))
    )
    assert [(c.branch, c.left_out) for c in known[-1]][-2:] == [("joint", ("ids",))] * 2
    assert [len(found) for found in estimates] == [0] * 7 + [1]
    assert first[1] == [1, 0]
    assert before_the_first_epoch(known[-1], lambda *_: pytest.fail("trained again")) == first


def test_only_the_first_estimate_leaves_modalities_out():
    """Later, `looks` has little to gain: whatever its ΔG, the joint branch goes on seeing it."""
    films = constructed_films(8, seed=0)
    settings = TrainSettings(
        modalities="looks,ids",
        blend="online",
        blend_epochs=20,
        blend_folds=2,
        epochs=40,
        optimizer=Optimizer.ADAM,
        learning_rate=5e-3,
    )

    def before(network, epoch, changes, remember):
        task = SmallTask(network, films, films)
        blender = Blender(task, settings, settings.blend_plan, memory=Memory(changes, remember))
        blender.before(epoch, 5e-3)
        return network.seen.tolist()

    network, known, estimates = SmallNetwork(0), [], []

    def remember(changes, found):
        known[:], estimates[:] = changes, found

    for epoch in (1, 21):
        assert before(network, epoch, list(known), remember) == [1, 0]
    assert [found.left_out for found in estimates] == [("ids",), ("ids",)]
    later = [change for change in known if change.epoch == 21]
    assert [(c.branch, c.left_out) for c in later] == [("looks", ()), ("ids", ()), ("joint", ("ids",))] * 2
    assert before(SmallNetwork(0), 22, list(known), remember) == [1, 0]
    harmless = [replace(c, gain=abs(c.gain), left_out=()) for c in known if c.epoch == 1 and not c.left_out]
    assert before(SmallNetwork(0), 21, harmless, lambda *_: None) == [1, 1]


def test_a_resumed_run_needs_the_weights_that_were_estimated_before():
    with pytest.raises(CallError, match="before epoch 1; start the run again"):
        blended_epochs(ToyNetwork(), ONLINE, reached=1)


def test_an_unfinished_estimate_of_another_length_is_made_again():
    first = []
    blended_epochs(ToyNetwork(), ONLINE, remember=lambda changes, _: first.append(list(changes)))
    longer = replace(ONLINE, blend="offline", blend_epochs=0)
    wanted, found = [], []
    blended_epochs(ToyNetwork(), longer, remember=lambda changes, _: wanted.append(list(changes)))
    blended_epochs(
        ToyNetwork(), longer, changes=first[3], remember=lambda changes, _: found.append(list(changes))
    )
    assert sorted(found[-1], key=str) == sorted(wanted[-1], key=str)


def test_a_copy_of_the_network_trains_one_branch_on_some_films():
    task = NetworkTask(network_of(), SAMPLES, ONLINE, modalities=NAMES)
    learner = task.alone("sound", ["v1", "v3"])
    assert learner.film_ids == ["v1", "v3"]
    assert learner.network is not task.network
    others = learner.of_films(["v0"])
    assert others.network is learner.network
    assert others.film_ids == ["v0"]
    [batch] = learner.batches(1, ALONE)
    [(_, part)] = learner.parts(batch, Place(1, 1, ALONE)).items()
    assert part.branch == "sound"
    part.loss.backward()
    moved = {name.split(".")[0] for name, p in learner.network.named_parameters() if p.grad is not None}
    assert moved == {"video_encoder", "video_stack", "text_encoder", "text_stack", "branches"}
    assert all(p.grad is None for p in learner.network.video_encoder[0].parameters())
    assert all(p.grad is None for p in task.network.parameters())


def test_the_records_of_a_run_hold_the_weights():
    settings = replace(ONLINE, blend="1,2,1", blend_epochs=0, epochs=1)

    def weighing(task):
        return Blender(task, settings, settings.blend_plan, memory=Memory((), lambda *_: None))

    state = TrainingState()
    [record] = fit_network(
        network_of(), SAMPLES, settings, state=state, modalities=NAMES, weighing_of=weighing
    )
    assert {name: branch.weight for name, branch in record.blend.items()} == {
        "looks": 0.25,
        "sound": 0.5,
        "joint": 0.25,
    }


@pytest.mark.slow
def test_what_learns_by_heart_has_no_weight_and_blending_prevents_it():
    """One modality informs in noise, the other is a random code of each clip; accuracy on unseen films."""
    films, unseen = constructed_films(30, seed=0), constructed_films(200, seed=1000)
    plain = TrainSettings(optimizer=Optimizer.ADAM, learning_rate=5e-3, epochs=30, halve_after=1000)
    looks, naive = (
        accuracy(train_small(films, plain, branch)[0], unseen, branch)[1] for branch in ("looks", "joint")
    )
    blended = replace(plain, modalities="looks,ids", blend="offline")
    network, weights = train_small(films, blended)
    assert naive < looks - 0.04
    assert accuracy(network, unseen)[1] > looks - 0.005
    assert weights["ids"].weight < 0.05
    assert network.seen.tolist() == [1, 0]


# Settings


@pytest.mark.parametrize(
    ("blend", "problem"),
    [
        ("0,0,0", "positive sum"),
        ("-1,1,1", "0 or more"),
        ("1,nan,1", "0 or more"),
        ("1,1", "3 weights, for looks, sound, joint, not 2"),
        ("1,x,1", "numbers"),
        ("sometimes", "none, offline, online"),
    ],
)
def test_impossible_blends(blend, problem):
    with pytest.raises(SettingError, match=problem):
        blend_plan(blend, NAMES)


def test_one_modality_cannot_be_blended():
    with pytest.raises(SettingError, match="at least two modalities"):
        TrainSettings(blend="offline", video="looks")
    with pytest.raises(SettingError, match="no effect"):
        TrainSettings(modalities="looks,sound", blend_folds=2)
