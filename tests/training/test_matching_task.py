"""Training the matcher through the loop: it learns, resumes to the bit, and two processes equal one."""

import copy
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from mmtool.errors import CallError
from mmtool.matcher_choices import MaskFrom, MaskWords
from mmtool.matching.augmentation import Augmentation
from mmtool.matching.films import MatchedFilm
from mmtool.matching.inputs import ClipInput
from mmtool.matching.model import Matcher
from mmtool.matching.shape import MatcherShape
from mmtool.settings.matcher import MatcherSettings
from mmtool.training.epochs import MatcherEpoch
from mmtool.training.loop import TrainingState, fit
from mmtool.training.matching_task import MatcherTask
from mmtool.training.resuming import check_state
from support.matching_together import match_together

WORDS = 12
SHAPE = MatcherShape(
    layers=2,
    width=16,
    heads=2,
    drop_path=0.0,
    dropout=0.0,
    clip_dimension=WORDS,
    grid=(1, 2),
    vocabulary=WORDS + 4,
)
AUGMENTED = Augmentation(noise=0.05, token_dropout=0.2, word_masking=0.1, mask=3)


def make_films(count=4, seed=0):
    """Each snippet names three of the twelve things of its clip, one of which has a region of its own."""
    dice = np.random.default_rng(seed)
    films = []
    for number in range(count):
        clips, words = [], []
        for _ in range(5):
            things = dice.choice(WORDS, 3, replace=False)
            features = np.eye(WORDS, dtype=np.float32)[np.append(things, things[0])]
            frames = np.array([0, 0, 1, 1])
            clips.append(
                ClipInput(
                    features,
                    dice.random((4, 6)).astype(np.float32),
                    np.stack([0 * frames, frames], axis=1),
                    (frames + 0.5).astype(np.float32) / 2,
                )
            )
            words.append([1, *(things + 4).tolist(), 2])
        matches = np.eye(5, dtype=bool)
        matches[4, 4] = False  # a clip and a snippet without the other
        films.append(MatchedFilm(f"film-{number}", clips, words, np.arange(5) + 5 * number, matches))
    return films


def make_matcher(**changes):
    torch.manual_seed(0)
    return Matcher(replace(SHAPE, **changes))


def make_task(network, settings, **options):
    options = {"augmentation": AUGMENTED, "validation": make_films(2, seed=9)} | options
    return MatcherTask(network, make_films(), settings, **options)


def train(network, settings, state=None, **options):
    state = state or TrainingState()
    return list(fit(make_task(network, settings, **options), settings, state=state)), state


def test_a_matcher_learns_and_generalises():
    settings = MatcherSettings(epochs=60, warmup_epochs=5, batch_size=12, learning_rate=3e-3)
    films = make_films(24)
    network = make_matcher(width=32, product=True)
    task = MatcherTask(
        network, films, settings, augmentation=Augmentation(), validation=make_films(2, seed=9)
    )
    records = list(fit(task, settings, state=TrainingState()))
    assert all(isinstance(record, MatcherEpoch) for record in records)
    assert records[-1].contrastive_loss < records[0].contrastive_loss / 2
    assert records[-1].matching_loss < 0.5  # saying 1 in 3 has 0.637
    assert records[-1].score > 0.5  # of held-out films; chance is 1 in 10
    assert records[-1].film_clip_recall >= records[-1].clip_recall
    assert max(record.learning_rate for record in records) == pytest.approx(3e-3, rel=0.1)
    assert records[-1].learning_rate < 1e-4


@pytest.mark.parametrize("mask_from", MaskFrom)
def test_a_resumed_training_ends_with_the_same_bits(mask_from):
    settings = MatcherSettings(epochs=4, warmup_epochs=1, batch_size=8, mask_from=mask_from)
    whole = make_matcher(dropout=0.2, drop_path=0.2)
    records, _ = train(whole, settings)
    broken, state = make_matcher(dropout=0.2, drop_path=0.2), TrainingState()
    for record in fit(make_task(broken, settings), settings, state=state):
        if record.epoch == 2:
            break
    stored, stored_state = copy.deepcopy(broken.state_dict()), copy.deepcopy(asdict(state))
    resumed, again = make_matcher(dropout=0.2, drop_path=0.2), TrainingState(**stored_state)
    resumed.load_state_dict(stored)
    check_state(resumed, settings, again)
    later, _ = train(resumed, settings, again)
    assert [(r.epoch, r.loss, r.masked_loss) for r in later] == [
        (r.epoch, r.loss, r.masked_loss) for r in records[2:]
    ]
    for name, expected in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], expected), name


@pytest.mark.parametrize("mask_from", [MaskFrom.GRADCAM, MaskFrom.ATTENTION, MaskFrom.RANDOM])
def test_masked_pairs_are_a_part_of_the_loss(mask_from):
    settings = MatcherSettings(epochs=1, batch_size=8, mask_from=mask_from)
    [record], _ = train(make_matcher(), settings)
    assert record.loss == pytest.approx(
        record.contrastive_loss + record.matching_loss + record.masked_loss, rel=1e-6
    )
    assert 0 < record.masked_share <= 1


def test_masks_of_content_words_never_take_another_word():
    """Where no word is a content word there is no mask at all."""
    settings = MatcherSettings(
        epochs=1, batch_size=8, mask_from=MaskFrom.ATTENTION, mask_words=MaskWords.CONTENT
    )
    [record], _ = train(make_matcher(), settings, content=np.zeros(WORDS + 4, bool))
    assert record.masked_share is None or record.masked_share == 0


def test_matching_can_be_learned_from_some_pairs_only():
    settings = MatcherSettings(epochs=1, batch_size=8, match_pairs=1)
    task = make_task(make_matcher(), settings)
    [record] = fit(task, settings, state=TrainingState())
    batches = task.steps(1)
    assert record.matching_accuracy * 3 * batches == pytest.approx(
        round(record.matching_accuracy * 3 * batches)
    )


def test_features_that_are_not_finite_are_named():
    settings = MatcherSettings(epochs=1, batch_size=40)
    films = make_films()
    films[1].clips[0].features[:] = np.nan
    task = MatcherTask(make_matcher(), films, settings, augmentation=Augmentation())
    with pytest.raises(CallError, match=r"the loss became nan in epoch 1, batch 1 \(samples of .*film-1"):
        list(fit(task, settings, state=TrainingState()))


@pytest.mark.slow
@pytest.mark.parametrize("mask_from", MaskFrom)
def test_two_processes_equal_one(tmp_path, mask_from):
    """Contrast over the embeddings of both, negatives from both, each pair matched and masked once."""
    settings = MatcherSettings(
        epochs=3, warmup_epochs=0, batch_size=9, mask_from=mask_from, learning_rate=1e-3
    )
    alone = make_matcher()
    records, _ = train(alone, settings, validation=())
    first, second = match_together(2, make_matcher(), make_films(), settings, AUGMENTED, tmp_path)
    for name, tensor in first["weights"].items():
        assert torch.equal(tensor, second["weights"][name]), name
    assert first["losses"] == second["losses"] == pytest.approx([r.loss for r in records], rel=1e-5)
    for name, expected in alone.state_dict().items():
        torch.testing.assert_close(first["weights"][name], expected, atol=1e-5, rtol=1e-4)
