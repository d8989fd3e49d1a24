"""Gradient-Blending of the matcher: one backward pass, copies of one branch, and two processes."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from mmtool.fusion_choices import Fusion
from mmtool.matcher_choices import ClipTokens, MaskFrom
from mmtool.matching.augmentation import Augmentation
from mmtool.matching.films import MatchedFilm
from mmtool.matching.fused import make_matcher
from mmtool.matching.inputs import ClipInput
from mmtool.matching.shape import MatcherShape, SourceShape
from mmtool.matching.source_inputs import SourcesInput
from mmtool.settings.matcher import MatcherSettings
from mmtool.training.blending.estimating import Blender, Memory
from mmtool.training.loop import TrainingState, fit, train_epoch
from mmtool.training.matching_task import MatcherTask
from mmtool.training.processes import ALONE
from mmtool.training.rates import make_optimizer, make_rates
from mmtool.training.task import Place, Unobserved, weighted
from support.matching_together import blended, match_together

NAMES, WIDTHS, WORDS = ("looks", "sound"), (6, 3), 6
BRANCHES = (*NAMES, "joint")
SHAPE = MatcherShape(
    layers=2,
    width=8,
    heads=2,
    drop_path=0.0,
    dropout=0.0,
    product=True,
    adds_contrast=True,
    clip_dimension=9,
    vocabulary=WORDS + 4,
    sources=tuple(SourceShape(clip_tokens=ClipTokens.CLIP, dimension=width, frames=1) for width in WIDTHS),
    branches=True,
)
AUGMENTED = Augmentation(noise=0.05, word_masking=0.1, mask=3)
SETTINGS = MatcherSettings(
    modalities="looks,sound", blend="1,1,2", epochs=2, warmup_epochs=0, batch_size=6, learning_rate=1e-3
)
ONLINE = replace(SETTINGS, blend="online", blend_epochs=1, blend_folds=2)


def make_film(number):
    """Three clips, each with one token of either source, and a snippet of two words for each."""
    dice = np.random.default_rng(number)

    def token(features):
        empty = np.zeros((1, 6), np.float32), np.zeros((1, 2), np.int64), np.full(1, 0.5, np.float32)
        return ClipInput(features[None].astype(np.float32), *empty)

    things = dice.integers(WORDS, size=(3, 2))
    looks = np.eye(WORDS)[things].sum(axis=1)
    clips = [SourcesInput((token(own), token(dice.standard_normal(3)))) for own in looks]
    words = [[1, *(pair + 4).tolist(), 2] for pair in things]
    return MatchedFilm(f"film-{number}", clips, words, np.arange(3) + 3 * number, np.eye(3, dtype=bool))


FILMS = [make_film(number) for number in range(4)]


def make_network(fusion=Fusion.LATE):
    torch.manual_seed(0)
    network = make_matcher(replace(SHAPE, fusion=fusion))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    return network


def make_task(network, settings=SETTINGS, **options):
    options = {"augmentation": AUGMENTED, "modalities": NAMES} | options
    return MatcherTask(network, FILMS, settings, **options)


def gradients(task):
    """Of the weighted loss of the first batch."""
    batch = next(iter(task.batches(1, ALONE)))
    parts = task.parts(batch, Place(1, 1, ALONE))
    task.network.zero_grad(set_to_none=True)
    weighted(parts, {name: part.sums for name, part in parts.items()}).backward()
    return {name: p.grad for name, p in task.network.named_parameters() if p.grad is not None}, parts


@pytest.mark.parametrize("fusion", Fusion)
def test_one_backward_pass_is_the_sum_of_separate_ones(fusion):
    """Each branch draws its own negatives, by its own embeddings, as it would alone."""
    network = make_network(fusion).train()
    task = make_task(network)
    task.weights = {"looks": 0.5, "sound": 0.2, "joint": 0.3}
    together, parts = gradients(task)
    assert list(parts) == [
        *(f"{term} of {name}" for name in NAMES for term in ("contrast", "matching")),
        "contrast",
        "matching",
    ]
    separate = {name: torch.zeros_like(p) for name, p in network.named_parameters()}
    for branch in BRANCHES:
        alone = make_task(network, only=branch)
        found, own = gradients(alone)
        assert {part.branch for part in own.values()} == {branch}
        for name, gradient in found.items():
            separate[name] += task.weights[branch] * gradient
    assert set(together) == set(separate)
    for name, gradient in together.items():
        torch.testing.assert_close(gradient, separate[name], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("fusion", Fusion)
def test_without_a_blend_there_is_the_joint_branch_alone(fusion):
    network = make_matcher(replace(SHAPE, fusion=fusion, branches=False)).train()
    _, parts = gradients(make_task(network, replace(SETTINGS, blend="none", mask_from=MaskFrom.ATTENTION)))
    assert list(parts) == ["contrast", "matching", "masked"]
    assert {part.branch for part in parts.values()} == {"joint"}
    assert network.state_dict().keys().isdisjoint({"seen", "branches.0.match.weight"})


def test_only_the_joint_branch_is_masked():
    network = make_network().train()
    _, parts = gradients(make_task(network, replace(SETTINGS, mask_from=MaskFrom.ATTENTION)))
    assert [name for name in parts if name.startswith("masked")] == ["masked"]
    assert parts["masked"].sums[-1] > 0


def test_nothing_is_augmented_or_masked_in_evaluation_mode():
    """The losses of an estimate, and of probes, are those of the films as they are."""
    network = make_network().eval()
    task = make_task(network, replace(SETTINGS, mask_from=MaskFrom.GRADCAM))
    plain = make_task(network, augmentation=Augmentation())
    with torch.no_grad():
        batches = zip(task.batches(0, ALONE), plain.batches(0, ALONE), strict=True)
        for number, (one, other) in enumerate(batches, start=1):
            ours, theirs = (
                task.parts(one, Place(0, number, ALONE)),
                plain.parts(other, Place(0, number, ALONE)),
            )
            assert ours.keys() == theirs.keys()
            assert all(torch.equal(ours[name].sums, theirs[name].sums) for name in ours)


def test_a_copy_of_the_network_trains_one_branch_on_some_films():
    task = make_task(make_network())
    learner = task.alone("sound", ["film-1", "film-3"])
    assert learner.film_ids == ["film-1", "film-3"]
    assert learner.network is not task.network
    others = learner.of_films(["film-0"])
    assert (others.network, others.film_ids) == (learner.network, ["film-0"])
    assert learner.comparable(["a", "b", "c", "d"], ["e", "f"]) == ["b", "d"]
    found, parts = gradients(learner)
    assert {part.branch for part in parts.values()} == {"sound"}
    assert not any(name.startswith(("source_embeddings.0", "branches.0", "pooler")) for name in found)
    assert any(name.startswith("source_embeddings.1") for name in found)


def test_parameters_change_by_the_weights_of_the_branches_that_reach_them():
    """A first step of AdamW is the rate times the sign of the gradient; decay is left out."""
    network = make_network()
    settings = replace(SETTINGS, weight_decay=0.0, batch_size=64, epochs=1)
    task = make_task(network, settings)
    task.weights = {"looks": 0.6, "sound": 0.1, "joint": 0.3}
    optimizer, before = make_optimizer(network, settings), copy.deepcopy(network.state_dict())
    train_epoch(task, settings, optimizer, make_rates(optimizer, settings), 1, Unobserved(), ALONE)
    rate = optimizer.param_groups[0]["lr"]
    shares = {
        "blocks.0.experts.text.first.weight": 1.0,
        "source_embeddings.0.content.weight": 0.9,
        "source_embeddings.1.content.weight": 0.4,
        "blocks.0.experts.clip1.first.weight": 0.4,
        "clip_head.weight": 0.3,
        "branches.0.clip_head.weight": 0.6,
        "branches.1.match.weight": 0.1,
    }
    for name, share in shares.items():
        moved = (network.state_dict()[name] - before[name]).abs().max().item()
        assert moved == pytest.approx(rate * share, rel=2e-2), name


@pytest.mark.parametrize("measured", [1, 7])
def test_an_interrupted_estimate_continues_with_the_next_copy(measured):
    """Three branches in two folds are six copies before each of two epochs; killed in either estimate."""

    class KilledError(Exception):
        pass

    def train(network, state, changes=(), remember=lambda *_: None):
        task = make_task(network, ONLINE)
        memory = Memory(changes, remember)
        weighing = Blender(task, ONLINE, ONLINE.blend_plan, memory=memory)
        for record in fit(task, ONLINE, state=state, weighing=weighing):
            stored.append((record.blend, copy.deepcopy(network.state_dict()), copy.deepcopy(state)))

    def remember(changes, _):
        known[:] = changes
        if len(changes) == measured:
            raise KilledError

    stored, known = [], []
    train(make_network(), TrainingState())
    whole = list(stored)
    stored.clear()
    with pytest.raises(KilledError):
        train(make_network(), TrainingState(), remember=remember)
    again, state = make_network(), TrainingState()
    if stored:
        again.load_state_dict(stored[-1][1])
        state = stored[-1][2]
    trained = []
    train(again, state, list(known), lambda changes, _: trained.append(len(changes)))
    assert min(trained) == measured + 1
    for (blend, weights, _), (wanted, others, _) in zip(stored, whole, strict=True):
        assert blend == wanted
        assert all(torch.equal(weights[name], others[name]) for name in others)
    assert sum(branch.weight for branch in blend.values()) == pytest.approx(1)


@pytest.mark.slow
@pytest.mark.parametrize("fusion", [Fusion.MID, Fusion.NL])
def test_two_processes_with_a_blend_equal_one(tmp_path, fusion):
    """The estimates and the training: contrast and negatives of each branch are over both processes."""
    alone = make_network(fusion)
    task = make_task(alone, ONLINE)
    records = list(fit(task, ONLINE, state=TrainingState(), weighing=blended(task, ONLINE)))
    first, second = match_together(2, make_network(fusion), FILMS, ONLINE, AUGMENTED, tmp_path)
    assert first["blend"] == second["blend"]
    for found, record in zip(first["blend"], records, strict=True):
        assert found == pytest.approx({name: own.weight for name, own in record.blend.items()}, rel=1e-3)
    assert first["losses"] == second["losses"] == pytest.approx([r.loss for r in records], rel=1e-5)
    for name, expected in alone.state_dict().items():
        assert torch.equal(first["weights"][name], second["weights"][name]), name
        torch.testing.assert_close(first["weights"][name], expected, atol=1e-5, rtol=1e-4)
