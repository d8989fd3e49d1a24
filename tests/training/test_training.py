"""LARS against a loop written out, samples cut by hand, rates, resuming, divergence, presets."""

import copy
from dataclasses import asdict, replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from mmtool.alignment.network.actions import MANY_TO_MANY, ONE_TO_MANY, POPS_CLIP, POPS_SNIPPET, ActionSet
from mmtool.alignment.network.model import AlignmentNetwork, NetworkShape
from mmtool.choices import Action, Inputs, Modality, Normalisation, Optimizer
from mmtool.errors import CallError
from mmtool.formats.checkpoints import Checkpoint, CheckpointInput, read_checkpoint, write_checkpoint
from mmtool.records import EncoderIdentity
from mmtool.settings.train import TrainSettings
from mmtool.training.lars import LarsAdam
from mmtool.training.loop import TrainingState, fit
from mmtool.training.network_task import NetworkTask, fit_network
from mmtool.training.presets import DEFAULT_PRESET, PRESETS
from mmtool.training.rates import make_optimizer, warmup_rate
from mmtool.training.resuming import check_state
from mmtool.training.samples import cut_samples, epoch_batches

ADAM, LARS = Optimizer.ADAM, Optimizer.LARS
V, T, R = range(3)  # the classes pop-video, pop-text, match-retain-text
THREE = ActionSet(ONE_TO_MANY)

# LARS


def literal_lars(weights, gradients, *, lr, decay):
    """One tensor after the other, as the paper says; ``gradients`` holds a list a step, None for none."""
    weights = [w.double().clone() for w in weights]
    for k, w in enumerate(weights):
        mean = square = torch.zeros_like(w)
        step = 0
        for gradient in (of_step[k] for of_step in gradients):
            if gradient is None:
                continue
            step += 1
            g = gradient.double()
            mean, square = 0.9 * mean + 0.1 * g, 0.999 * square + 0.001 * g * g
            u = mean / (1 - 0.9**step) / ((square / (1 - 0.999**step)).sqrt() + 1e-8) + decay * w
            norm_w, norm_u = w.norm(), u.norm()
            w -= lr * u * (norm_w / norm_u if norm_w > 0 and norm_u > 0 else 1)
    return weights


def run_lars(weights, gradients, *, lr, decay):
    parameters = [torch.nn.Parameter(w.clone()) for w in weights]
    optimizer = LarsAdam(parameters, lr=lr, weight_decay=decay)
    for of_step in gradients:
        for parameter, gradient in zip(parameters, of_step, strict=True):
            parameter.grad = None if gradient is None else gradient.clone()
        optimizer.step()
    return [parameter.detach() for parameter in parameters]


def tensors(*shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


SHAPES = [(4, 3), (5,), (2, 2, 2), (1,)]


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_lars_is_the_literal_loop(decay):
    """A matrix, a bias, a tensor that starts at zero and one whose gradient is zero at first."""
    weights = tensors(*SHAPES)
    weights[2].zero_()
    gradients = [tensors(*SHAPES, seed=step) for step in range(1, 6)]
    gradients[0][3].zero_()
    got = run_lars(weights, gradients, lr=0.01, decay=decay)
    for mine, wanted in zip(got, literal_lars(weights, gradients, lr=0.01, decay=decay), strict=True):
        torch.testing.assert_close(mine.double(), wanted, atol=1e-6, rtol=1e-5)


def test_each_tensor_counts_its_own_steps():
    """The first batches without a match leave the Matched Stack without a gradient."""
    weights = tensors((3,), (3,))
    weights[1].zero_()
    gradients = [tensors((3,), (3,), seed=step) for step in range(1, 6)]
    for of_step in gradients[:3]:
        of_step[1] = None
    got = run_lars(weights, gradients, lr=0.01, decay=0.1)
    for mine, wanted in zip(got, literal_lars(weights, gradients, lr=0.01, decay=0.1), strict=True):
        torch.testing.assert_close(mine.double(), wanted, atol=1e-6, rtol=1e-5)


def test_lars_moves_each_tensor_by_its_share_in_adams_direction():
    """‖Δw‖ = lr ‖w‖, whatever the gradient's size."""
    weights = tensors(*SHAPES)
    gradients = [g * scale for g, scale in zip(tensors(*SHAPES, seed=1), (1e-3, 1, 1e3, 1e6), strict=True)]
    moved = run_lars(weights, [gradients], lr=0.02, decay=0.0)
    parameters = [torch.nn.Parameter(w.clone()) for w in weights]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    torch.optim.Adam(parameters, lr=0.02).step()
    for old, lars, adam in zip(weights, moved, parameters, strict=True):
        by_lars, by_adam = lars - old, adam.detach() - old
        assert by_lars.norm().item() == pytest.approx(0.02 * old.norm().item(), rel=1e-4)
        cosine = torch.nn.functional.cosine_similarity(by_lars.flatten(), by_adam.flatten(), dim=0)
        assert cosine.item() == pytest.approx(1, abs=1e-6)


def test_a_tensor_of_zeros_takes_adams_own_step():
    """The first Adam step is lr · sign(g)."""
    [moved] = run_lars([torch.zeros(3)], [[torch.tensor([2.0, -5.0, 0.0])]], lr=0.02, decay=0.0)
    assert moved.tolist() == pytest.approx([-0.02, 0.02, 0])


def test_a_learning_rate_of_zero_is_refused():
    with pytest.raises(ValueError, match="not 0"):
        LarsAdam([torch.nn.Parameter(torch.ones(1))], lr=0)


# Samples


def cut(gold, clips, snippets, max_actions, action_set=THREE):
    """Windows of a video whose features are the index of each clip and snippet."""
    return cut_samples(
        "a",
        np.arange(clips, dtype=np.float32)[:, None],
        np.arange(snippets, dtype=np.float32)[:, None],
        np.array(gold),
        action_set=action_set,
        max_actions=max_actions,
    )


def elements(sample):
    return sample.trace.actions.tolist(), sample.clips[:, 0].tolist(), sample.snippets[:, 0].tolist()


def test_a_short_video_is_one_sample():
    [sample] = cut([R, T, V], 2, 1, 3)
    assert sample.id == "a"
    assert elements(sample) == ([R, T, V], [0, 1], [0])


def test_a_snippet_still_being_matched_is_in_both_windows():
    """Clips 0 to 5 match snippet 0, clip 7 matches snippet 1."""
    first, second, third = cut([R, R, R, R, R, R, T, V, R], 8, 2, 3)
    assert elements(first) == ([R, R, R], [0, 1, 2], [0])
    assert elements(second) == ([R, R, R], [3, 4, 5], [0])
    assert elements(third) == ([T, V, R], [6, 7], [0, 1])


def test_a_clip_still_being_matched_is_in_both_windows():
    """Five actions: clip 0 matches snippets 0, 1 and 2."""
    retain_video, match = MANY_TO_MANY.index(Action.MATCH_RETAIN_VIDEO), MANY_TO_MANY.index(Action.MATCH)
    first, second = cut([retain_video, retain_video, match], 1, 3, 2, ActionSet(MANY_TO_MANY))
    assert elements(first) == ([retain_video, retain_video], [0], [0, 1])
    assert elements(second) == ([match], [0], [2])


def random_gold(seed):
    """Actions of 40 clips and 15 snippets, until one of them is exhausted."""
    rng, gold, i, j = np.random.default_rng(seed), [], 0, 0
    while i < 40 and j < 15:
        gold.append(int(rng.integers(3)))
        i += gold[-1] in (V, R)
        j += gold[-1] == T
    return gold


@pytest.mark.parametrize("seed", range(5))
def test_windows_cover_all_actions_in_order(seed):
    gold = random_gold(seed)
    samples = cut(gold, 40, 15, 7)
    assert [action for sample in samples for action in sample.trace.actions.tolist()] == gold
    assert all(len(sample.trace.actions) == 7 for sample in samples[:-1])


@pytest.mark.parametrize("seed", range(5))
def test_every_action_of_a_window_sees_the_tops_that_it_has_in_the_whole_video(seed):
    gold = np.array(random_gold(seed))
    clip_tops = np.cumsum(THREE.table(POPS_CLIP)[gold]) - THREE.table(POPS_CLIP)[gold]
    snippet_tops = np.cumsum(THREE.table(POPS_SNIPPET)[gold]) - THREE.table(POPS_SNIPPET)[gold]
    samples = cut(gold, 40, 15, 7)
    seen = [(s.clips[s.trace.clip_top, 0], s.snippets[s.trace.snippet_top, 0]) for s in samples]
    assert np.concatenate([clips for clips, _ in seen]).tolist() == clip_tops.tolist()
    assert np.concatenate([texts for _, texts in seen]).tolist() == snippet_tops.tolist()


def test_an_epoch_has_each_sample_once_in_an_order_of_its_own():
    samples = cut([V] * 10, 10, 1, 1)

    def order(seed, epoch):
        batches = list(epoch_batches(samples, batch_size=4, seed=seed, epoch=epoch))
        assert [len(batch.ids) for batch in batches] == [4, 4, 2]
        return [int(clip) for batch in batches for clip in batch.clips.features[:, 0, 0]]

    assert sorted(order(0, 1)) == list(range(10))
    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)


# The loop


def make_samples(count=3, golds=((R, R, T, R), (T, V, R), (V, R, T, R)), snippets=2):
    """Short sequences of random features."""
    rng, samples = np.random.default_rng(0), []
    for number, gold in enumerate(golds[:count]):
        features = [rng.standard_normal((size, 300)).astype(np.float32) for size in (3, snippets)]
        samples += cut_samples(f"v{number}", *features, np.array(gold), action_set=THREE, max_actions=9)
    return samples


def make_network(**shape):
    torch.manual_seed(0)
    return AlignmentNetwork(NetworkShape(300, 300, 3, **shape))


def train(network, samples, settings, **options):
    state = options.pop("state", None) or TrainingState()
    return list(fit_network(network, samples, settings, state=state, **options)), state


@pytest.mark.parametrize(("optimizer", "rate"), [(ADAM, 5e-4), (LARS, 7e-3)])
def test_training_learns_three_samples_by_heart(optimizer, rate):
    settings = TrainSettings(optimizer=optimizer, learning_rate=rate, epochs=15)
    records, state = train(make_network(), make_samples(), settings)
    assert [record.epoch for record in records] == list(range(1, 16))
    assert records[-1].loss < records[0].loss / 2
    assert records[-1].action_accuracy == 1
    assert state.epoch == 15


@pytest.mark.parametrize("normalisation", Normalisation)
def test_a_batch_may_hold_a_single_snippet_and_no_match(normalisation):
    settings = TrainSettings(normalisation=normalisation, epochs=1)
    samples = make_samples(golds=[(V, V, V)], snippets=1)
    [record], _ = train(make_network(normalisation=normalisation), samples, settings)
    assert np.isfinite(record.loss)


def identity_of(width):
    """The arrays of a transform that changes nothing."""
    return {
        name: torch.full((width,), value, dtype=torch.float64) for name, value in (("mean", 0), ("scale", 1))
    }


@pytest.mark.parametrize("optimizer", [ADAM, LARS])
def test_a_resumed_training_ends_with_the_same_weights(tmp_path, optimizer):
    """Through a checkpoint after epoch 2 of 4; with dropout, warm-up and several batches an epoch."""
    settings = TrainSettings(
        optimizer=optimizer, learning_rate=1e-3, warmup_epochs=3, epochs=4, batch_size=2, dropout=0.2
    )
    whole = make_network(dropout=0.2)
    records, _ = train(whole, make_samples(), settings)

    network, state = make_network(dropout=0.2), TrainingState()
    for record in fit_network(network, make_samples(), settings, state=state):
        if record.epoch == 2:
            break
    shape, source = asdict(network.shape), EncoderIdentity("timing", "m", "none", 3)
    inputs = {
        modality: CheckpointInput("features", (source,), "", identity_of(shape[f"{modality}_dimension"]))
        for modality in Modality
    }
    made = Checkpoint({}, shape, 2, {}, network.state_dict(), inputs, asdict(state))
    write_checkpoint(tmp_path / "last.pt", made)

    torch.manual_seed(99)
    resumed, checkpoint = AlignmentNetwork(network.shape), read_checkpoint(tmp_path / "last.pt")
    resumed.load_state_dict(checkpoint.network)
    later, _ = train(resumed, make_samples(), settings, state=TrainingState(**checkpoint.training))
    assert [(r.epoch, r.loss, r.learning_rate) for r in later] == [
        (r.epoch, r.loss, r.learning_rate) for r in records[2:]
    ]
    for (name, wanted), got in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(got, wanted), name


@pytest.mark.parametrize("optimizer", [ADAM, LARS])
def test_only_a_state_of_the_same_optimiser_and_network_can_be_continued(optimizer):
    settings, network, state = TrainSettings(optimizer=optimizer, epochs=1), make_network(), TrainingState()
    train(network, make_samples(), settings, state=state)
    check_state(network, settings, state)

    other = TrainSettings(optimizer=LARS if optimizer is ADAM else ADAM)
    with pytest.raises(ValueError, match="instead of"):
        check_state(network, other, state)
    first = state.optimizer["state"][0]
    average = next(name for name, value in first.items() if name != "step" and torch.is_tensor(value))
    for name, value in (
        ("step", -1),
        ("step", torch.zeros(2)),
        (average, first[average][:1]),
        (average, first[average] * torch.nan),
    ):
        damaged = {**state.optimizer, "state": {**state.optimizer["state"], 0: {**first, name: value}}}
        with pytest.raises((ValueError, TypeError)):
            check_state(network, settings, replace(state, optimizer=damaged))
    del first["step"]
    with pytest.raises(ValueError, match="instead of"):
        check_state(network, settings, state)


@pytest.mark.parametrize("entry", [("scheduler", "best"), ("scheduler", "num_bad_epochs")])
def test_a_scheduler_with_other_values_cannot_be_continued(entry):
    settings, network, state = TrainSettings(epochs=1), make_network(), TrainingState()
    train(network, make_samples(), settings, state=state)
    part, name = entry
    getattr(state, part)[name] = "x"
    with pytest.raises(ValueError, match=f"{name} is 'x'"):
        check_state(network, settings, state)


def test_one_seed_is_one_training_and_another_seed_another_order():
    def losses(seed):
        records, _ = train(make_network(), make_samples(), TrainSettings(epochs=2, batch_size=1, seed=seed))
        return [record.loss for record in records]

    assert losses(1) == losses(1)
    assert losses(1) != losses(2)


def test_the_warm_up_is_linear():
    settings = TrainSettings(learning_rate=5e-4, warmup_epochs=5, warmup_from=5e-5)
    rates = [warmup_rate(settings, epoch) for epoch in range(1, 6)]
    assert rates == pytest.approx([5e-5, 1.4e-4, 2.3e-4, 3.2e-4, 4.1e-4])
    assert warmup_rate(settings, 6) is None
    assert warmup_rate(replace(settings, warmup_epochs=0), 1) is None


def test_the_warm_up_ends_at_the_learning_rate():
    settings = TrainSettings(
        optimizer=ADAM, learning_rate=5e-4, warmup_epochs=2, warmup_from=1e-4, epochs=4, halve_after=9
    )
    records, _ = train(make_network(), make_samples(1), settings)
    assert [record.learning_rate for record in records] == pytest.approx([1e-4, 3e-4, 5e-4, 5e-4])


def standing_still(*, state=None, **settings):
    """The learning rate of each epoch, with gradients too small to change a weight."""
    settings = TrainSettings(optimizer=ADAM, learning_rate=8e-3, clip_norm=1e-30, **settings)
    network = make_network(normalisation=Normalisation.NONE)
    records, _ = train(network, make_samples(1), settings, state=state)
    assert len({record.loss for record in records}) == 1
    return [record.learning_rate for record in records]


def test_the_rate_halves_when_the_loss_stands_still():
    """Epochs 2–4 are the three without a better loss, then 5–7; interrupted or not."""
    assert standing_still(epochs=8, halve_after=3) == [8e-3] * 4 + [4e-3] * 3 + [2e-3]
    state = TrainingState()
    assert standing_still(epochs=3, halve_after=3, state=state) == [8e-3] * 3
    assert standing_still(epochs=8, halve_after=3, state=state) == [8e-3] + [4e-3] * 3 + [2e-3]


def test_epochs_of_the_warm_up_do_not_count_as_standing_still():
    """Epoch 4 is the first that counts, 5 and 6 are no better."""
    rates = standing_still(epochs=7, halve_after=2, warmup_epochs=3, warmup_from=2e-3)
    assert rates == pytest.approx([2e-3, 4e-3, 6e-3, 8e-3, 8e-3, 8e-3, 4e-3])


def test_a_falling_loss_keeps_the_rate():
    settings = TrainSettings(optimizer=ADAM, learning_rate=1e-4, epochs=6, halve_after=1)
    records, _ = train(make_network(), make_samples(1), settings)
    assert all(later.loss < earlier.loss for earlier, later in pairwise(records))
    assert {record.learning_rate for record in records} == {1e-4}


def scripted(*scores):
    """Validation that says these video accuracies, one a call, and a text IoU of 0."""
    remaining = iter(scores)
    return lambda _: (next(remaining), 0.0)


def test_training_stops_when_validation_stands_still():
    """Best in epoch 2; two epochs without a better score end it."""
    settings = TrainSettings(epochs=9, early_stopping=2)
    records, state = train(
        make_network(), make_samples(1), settings, validate=scripted(0.1, 0.3, 0.3, 0.2, 0.9)
    )
    assert [record.video_accuracy for record in records] == [0.1, 0.3, 0.3, 0.2]
    assert (state.best_epoch, state.best_score) == (2, 0.3)
    again, _ = train(make_network(), make_samples(1), settings, state=copy.copy(state))
    assert again == []


def test_validation_comes_every_few_epochs_and_at_the_end():
    settings = TrainSettings(epochs=5, validate_every=2)
    records, state = train(make_network(), make_samples(1), settings, validate=scripted(0.2, 0.5, 0.1))
    assert [record.video_accuracy for record in records] == [None, 0.2, None, 0.5, 0.1]
    assert [record.score for record in records] == [None, 0.2, None, 0.5, 0.1]
    assert state.best_epoch == 4


def test_nothing_stops_early_before_it_was_validated():
    settings = TrainSettings(epochs=4, early_stopping=2)
    records, _ = train(make_network(), make_samples(1), settings)
    assert len(records) == 4
    every_fourth = replace(settings, validate_every=4)
    records, state = train(make_network(), make_samples(1), every_fourth, validate=scripted(0.5))
    assert (len(records), state.best_epoch) == (4, 4)


def test_a_loss_that_is_not_finite_names_epoch_batch_and_ids():
    samples = make_samples()
    network = make_network()
    with torch.no_grad():
        network.classifier[1].weight.fill_(float("inf"))
    with pytest.raises(CallError, match=r"epoch 1, batch 1 \(samples of v\d\).*`learning_rate`"):
        train(network, samples, TrainSettings(batch_size=1))
    broken = [*samples[:2], replace(samples[2], clips=samples[2].clips * np.float32("nan"))]
    with pytest.raises(CallError, match=r"epoch 1, batch [123] \(samples of v2\)"):
        train(make_network(), broken, TrainSettings(batch_size=1))


def test_the_gradient_is_capped(monkeypatch):
    """Plain descent at rate 1 moves all weights together by the cap."""
    monkeypatch.setattr(
        "mmtool.training.loop.make_optimizer",
        lambda network, settings: torch.optim.SGD(network.parameters(), lr=settings.learning_rate),
    )
    network = make_network()
    before = torch.nn.utils.parameters_to_vector(network.parameters()).detach().clone()
    train(network, make_samples(1), TrainSettings(epochs=1, clip_norm=0.5, learning_rate=1.0))
    after = torch.nn.utils.parameters_to_vector(network.parameters()).detach()
    assert (after - before).norm().item() == pytest.approx(0.5, rel=1e-3)


# Presets


@pytest.mark.parametrize(
    ("name", "inputs", "optimizer", "normalisation", "rate"),
    [
        ("no-pretraining", "full", "adam", "none", 1e-3),
        ("full-lars-sbn", "full", "lars", "sbn", 5e-3),
        ("full-lars-2ln", "full", "lars", "2ln", 4e-3),
        ("full-lars-4ln", "full", "lars", "4ln", 5e-3),
        ("rp-adam-sbn", "rp", "adam", "sbn", 5e-4),
        ("rp-adam-2ln", "rp", "adam", "2ln", 1e-2),
        ("rp-adam-4ln", "rp", "adam", "4ln", 7e-3),
        ("rp-lars-sbn", "rp", "lars", "sbn", 7e-3),
        ("rp-lars-2ln", "rp", "lars", "2ln", 5e-3),
        ("rp-lars-4ln", "rp", "lars", "4ln", 8e-3),
    ],
)
def test_presets_hold_the_rows_of_table_7(name, inputs, optimizer, normalisation, rate):
    settings = PRESETS[name].settings
    assert (settings.inputs, settings.optimizer, settings.normalisation) == (inputs, optimizer, normalisation)
    assert settings.learning_rate == rate
    assert (settings.label_smoothing, settings.weight_decay, settings.dropout) == (0.03, 0, 0)
    assert (settings.batch_size, settings.epochs, settings.halve_after, settings.clip_norm) == (
        32,
        350,
        10,
        2,
    )


def test_presets_beside_table_7():
    warmup = PRESETS["rp-adam-warmup-sbn"].settings
    assert (warmup.warmup_epochs, warmup.warmup_from, warmup.learning_rate) == (5, 5e-5, 5e-4)
    assert warmup.label_smoothing == 0
    lxmert = PRESETS["lxmert"].settings
    assert (lxmert.learning_rate, lxmert.weight_decay, lxmert.dropout) == (3e-4, 1e-7, 0.3)
    assert PRESETS["no-pretraining-early-stopping"].settings.early_stopping > 0


def test_the_default_preset_is_the_default():
    assert PRESETS[DEFAULT_PRESET].settings == TrainSettings()


def test_the_optimizer_follows_the_settings():
    network = make_network(inputs=Inputs.FULL)
    lars = make_optimizer(network, TrainSettings(optimizer=LARS, learning_rate=0.25, weight_decay=0.5))
    adam = make_optimizer(network, TrainSettings(optimizer=ADAM, learning_rate=0.25, weight_decay=0.5))
    assert (type(lars), type(adam)) == (LarsAdam, torch.optim.Adam)
    for optimizer in (lars, adam):
        [group] = optimizer.param_groups
        assert (group["lr"], group["weight_decay"]) == (0.25, 0.5)
        assert len(group["params"]) == len(list(network.parameters()))


@pytest.mark.parametrize(("share", "batches"), [(1.0, 3), (0.5, 2), (0.01, 1)])
def test_a_share_of_an_epoch_trains_as_many_batches_and_others_in_each(share, batches):
    """Of three samples one by one; the share is rounded up."""
    seen = []

    class Recorded(NetworkTask):
        def parts(self, batch, place):
            seen.append((place.epoch, batch.clips.features[0, 0, 0].item()))
            return super().parts(batch, place)

    settings = TrainSettings(epochs=4, batch_size=1, epoch_share=share)
    samples = make_samples(3)
    list(fit(Recorded(make_network(), samples, settings), settings, state=TrainingState()))
    of_epochs = [{sample for epoch, sample in seen if epoch == number} for number in range(1, 5)]
    assert [len(of_epoch) for of_epoch in of_epochs] == [batches] * 4
    if share == 0.5:
        assert len(set.union(*of_epochs)) > batches
