"""The loss of both splits in one evaluation mode: against the literal loss, and without touching training."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from mmtool.alignment.network.actions import ONE_TO_MANY, ActionSet
from mmtool.alignment.network.model import AlignmentNetwork, NetworkShape
from mmtool.choices import Normalisation, Optimizer, Precision
from mmtool.matcher_choices import MaskFrom
from mmtool.matching.augmentation import Augmentation
from mmtool.matching.films import MatchedFilm
from mmtool.matching.inputs import ClipInput
from mmtool.matching.model import Matcher
from mmtool.matching.shape import MatcherShape
from mmtool.settings.matcher import MatcherSettings
from mmtool.settings.train import TrainSettings
from mmtool.training.epochs import Losses
from mmtool.training.loop import TrainingState, fit
from mmtool.training.matching_task import MatcherTask
from mmtool.training.network_task import NetworkTask
from mmtool.training.probing import few_of, mean_losses, of_branches, probe
from mmtool.training.processes import ALONE
from mmtool.training.samples import cut_samples, make_batch

V, T, R = range(3)


def make_samples(*ids, max_actions=9, seed=0):
    dice = np.random.default_rng(seed)
    return [
        sample
        for id in ids
        for sample in cut_samples(
            id,
            dice.standard_normal((5, 6), np.float32),
            dice.standard_normal((4, 6), np.float32),
            np.array([V, R, R, T, R, T][: 4 + int(id[1:]) % 3]),
            action_set=ActionSet(ONE_TO_MANY),
            max_actions=max_actions,
        )
    ]


def make_network(**shape):
    torch.manual_seed(0)
    return AlignmentNetwork(NetworkShape(6, 6, 3, **shape))


@pytest.fixture
def samples():
    return make_samples("t0", "t1", "t2", "t3")


@pytest.fixture
def held_out():
    return make_samples("v1", "v2", seed=1)


def test_few_films_stand_at_equal_distances():
    assert few_of("abcdefghij", 2) == ["c", "h"]
    assert few_of("abcdefghij", 5) == ["b", "d", "f", "h", "j"]
    assert few_of("abc", 5) == ["a", "b", "c"]
    assert few_of("abc", 3) == ["a", "b", "c"]


@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_the_loss_is_the_mean_over_all_actions_in_evaluation_mode(samples, held_out, batch_size):
    """However the batches are cut, and with dropout and SBN, which differ in training mode."""
    settings = TrainSettings(batch_size=batch_size, label_smoothing=0.1)
    network = make_network(dropout=0.5)
    found = probe(NetworkTask(network, samples, settings, held_out=held_out), Precision.FP32)
    network.eval()
    for name, some in (("train", [samples[1], samples[3]]), ("validation", held_out)):
        batch = make_batch(some)
        logits = network(batch.clips, batch.snippets, batch.traces).flatten(0, 1)
        gold = batch.traces.actions.flatten()
        literal = cross_entropy(logits[gold >= 0], gold[gold >= 0], label_smoothing=0.1)
        assert found[f"{name}/joint"] == pytest.approx(literal.item(), rel=1e-5)
    assert of_branches(found) == {"joint": Losses(found["train/joint"], found["validation/joint"])}


def test_all_windows_of_a_film_count(held_out):
    cut = make_samples("t0", "t1", "t2", max_actions=2)
    probes = NetworkTask(make_network(), cut, TrainSettings(), held_out=held_out[:1]).probes()
    [batch] = probes["train"].batches(0, ALONE)
    assert set(batch.ids) == {"t1"}
    assert len(batch.ids) == 3  # of five actions


def test_a_network_without_a_validation_split_has_no_losses(samples):
    settings = TrainSettings(epochs=1)
    [record] = fit(NetworkTask(make_network(), samples, settings), settings, state=TrainingState())
    assert record.losses == record.initial_losses == {}


@pytest.mark.parametrize(
    ("normalisation", "optimizer"),
    [(Normalisation.SBN, Optimizer.LARS), (Normalisation.LN2, Optimizer.ADAM)],
)
def test_measuring_changes_no_bit_of_the_training(samples, held_out, normalisation, optimizer):
    """Neither the weights, nor SBN's running statistics, nor what dropout draws."""
    settings = TrainSettings(optimizer=optimizer, epochs=2, batch_size=3, dropout=0.3)
    ended = []
    for some in ((), held_out):
        network = make_network(dropout=0.3, normalisation=normalisation)
        task = NetworkTask(network, samples, settings, held_out=some)
        records = list(fit(task, settings, state=TrainingState()))
        ended.append((network.state_dict(), [record.loss for record in records], torch.get_rng_state()))
    (without, losses, chance), (measured, same_losses, same_chance) = ended
    assert losses == same_losses
    assert torch.equal(chance, same_chance)
    for name, value in without.items():
        assert torch.equal(value, measured[name]), name


def test_the_mode_and_the_gradients_stay(samples):
    network = make_network()
    for mode in (True, False):
        network.train(mode)
        mean_losses(NetworkTask(network, samples, TrainSettings()), Precision.FP32)
        assert network.training is mode
    assert all(parameter.grad is None for parameter in network.parameters())


def test_each_validated_epoch_has_losses_and_only_the_first_those_before_it(samples, held_out):
    settings = TrainSettings(epochs=5, validate_every=2)
    network = make_network()
    before = probe(NetworkTask(network, samples, settings, held_out=held_out), Precision.FP32)
    task = NetworkTask(network, samples, settings, held_out=held_out)
    records = list(fit(task, settings, state=TrainingState()))
    assert [bool(record.losses) for record in records] == [False, True, False, True, True]
    assert [bool(record.initial_losses) for record in records] == [True, False, False, False, False]
    assert records[0].initial_losses == of_branches(before)
    after = probe(task, Precision.FP32)
    assert records[-1].losses == of_branches(after)


# The matcher


def make_films(count, seed=0):
    """Each clip has one region of one of four things, and its snippet names it."""
    dice = np.random.default_rng(seed)
    films = []
    for number in range(count):
        things = dice.permutation(4)
        cell = np.zeros((1, 2), np.int64)
        clips = [
            ClipInput(
                np.eye(4, dtype=np.float32)[[k]], np.zeros((1, 6), np.float32), cell, np.zeros(1, np.float32)
            )
            for k in things
        ]
        words = [[1, int(k) + 4, 2] for k in things]
        films.append(MatchedFilm(f"f{number}", clips, words, things + 4 * number, np.eye(4, dtype=bool)))
    return films


def make_matcher():
    torch.manual_seed(0)
    return Matcher(
        MatcherShape(
            layers=2,
            width=8,
            heads=2,
            drop_path=0.3,
            dropout=0.3,
            clip_dimension=4,
            grid=(1, 1),
            vocabulary=8,
        )
    )


NOISY = Augmentation(noise=1.0, token_dropout=0.2, word_masking=0.5, mask=3)


def test_a_matchers_loss_is_contrast_plus_matching_of_what_nothing_changes():
    """Of as many training films as there are validation films: the same as a task of only these."""
    settings = MatcherSettings(batch_size=8, mask_from=MaskFrom.GRADCAM)
    network, films, validation = make_matcher(), make_films(6), make_films(2, seed=5)
    task = MatcherTask(network, films, settings, augmentation=NOISY, validation=validation)
    found = probe(task, Precision.FP32)
    assert set(found) == {"train/joint", "validation/joint"}
    plain = replace(settings, mask_from=MaskFrom.NONE)
    for name, some in (("train", [films[1], films[4]]), ("validation", validation)):
        alone = MatcherTask(network, some, plain, augmentation=Augmentation())
        assert found[f"{name}/joint"] == mean_losses(alone, Precision.FP32)["joint"]
    assert probe(task, Precision.FP32) == found


def test_measuring_changes_no_bit_of_a_matchers_training():
    settings = MatcherSettings(epochs=2, warmup_epochs=1, batch_size=8)
    ended = []
    for validate_every in (1, 5):
        network = make_matcher()
        task = MatcherTask(
            network, make_films(4), settings, augmentation=NOISY, validation=make_films(2, seed=5)
        )
        changed = replace(settings, validate_every=validate_every)
        records = list(fit(task, changed, state=TrainingState()))
        ended.append((network.state_dict(), [record.loss for record in records]))
    assert ended[0][1] == ended[1][1]
    for name, value in ended[0][0].items():
        assert torch.equal(value, ended[1][0][name]), name
