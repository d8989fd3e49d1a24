"""Contrast with several positives, focal weights, hard negatives, and the closed form of soft masks."""

import math

import numpy as np
import pytest
import torch

from mmtool.matching.losses import contrastive_loss, matching_loss
from mmtool.matching.negatives import NONE, draw_negatives
from mmtool.matching.soft_masks import compensated
from mmtool.retrieval.grad_cam import cam


def literal_contrast(logits, positives, gamma):
    """Both directions, row by row."""

    def directed(logits, positives):
        losses = []
        for row, right in zip(logits.tolist(), positives.tolist(), strict=True):
            if not any(right):
                continue
            total = sum(math.exp(value) for value in row)
            share = [math.exp(value) / total for value in row]
            wanted = [1 / sum(right) if each else 0 for each in right]
            losses.append(
                -sum(y * (1 - p) ** gamma * math.log(p) for y, p in zip(wanted, share, strict=True) if y)
            )
        return sum(losses) / len(losses)

    return (directed(logits, positives) + directed(logits.T, positives.T)) / 2


POSITIVES = torch.tensor([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]]).bool()  # a clip and a text without


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 2.5])
def test_contrast_is_the_literal_sum_over_rows(gamma):
    torch.manual_seed(0)
    logits = 3 * torch.randn(4, 3, dtype=torch.float64)
    found = contrastive_loss(logits, POSITIVES, gamma=gamma)
    assert found.item() == pytest.approx(literal_contrast(logits, POSITIVES, gamma), rel=1e-9)


def test_gamma_zero_is_plain_contrast():
    torch.manual_seed(1)
    logits = torch.randn(5, 5)
    plain = (
        torch.nn.functional.cross_entropy(logits, torch.arange(5))
        + torch.nn.functional.cross_entropy(logits.T, torch.arange(5))
    ) / 2
    torch.testing.assert_close(contrastive_loss(logits, torch.eye(5).bool(), gamma=0.0), plain)


def test_focal_contrast_has_a_finite_gradient_where_all_is_certain():
    logits = (100 * torch.eye(3)).requires_grad_()
    contrastive_loss(logits, torch.eye(3).bool(), gamma=2.0).backward()
    assert logits.grad.isfinite().all()


def test_matching_reads_the_second_logit_as_a_match():
    logits = torch.tensor([[0.0, 2.0], [0.0, 2.0]])
    found = matching_loss(logits, torch.tensor([True, False])).item()
    assert found == pytest.approx(math.log1p(math.exp(-2)) + math.log1p(math.exp(2)))


# Hard negatives

FILMS = np.array([[1, 1, 0, 0]] * 2, bool)  # the first two columns are of the rows' film


def counted(logits, positives, same_film, share, draws=4000):
    dice = np.random.default_rng(0)
    found = np.zeros(len(logits[0]) + 1, int)
    for _ in range(draws):
        [column] = draw_negatives(
            np.array(logits), np.array(positives, bool), same_film, np.array([0]), share=share, dice=dice
        )
        found[column] += 1
    return found / draws


def test_negatives_follow_the_softmax_within_the_chosen_film():
    found = counted([[9.0, 1.0, math.log(3), 0.0]], [[1, 0, 0, 0]], FILMS[:1], share=0.5)
    assert found[0] == 0  # the positive, though it fits best
    assert found[1] == pytest.approx(0.5, abs=0.03)
    assert found[2] == pytest.approx(0.5 * 3 / 4, abs=0.03)
    assert found[3] == pytest.approx(0.5 / 4, abs=0.03)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_other_side_serves_where_the_chosen_one_has_no_negative(share):
    only_near = counted([[0.0, 0.0]], [[1, 0]], np.array([[True, True]]), share=share, draws=20)
    assert only_near[1] == 1
    only_far = counted([[0.0, 0.0]], [[1, 0]], np.array([[True, False]]), share=share, draws=20)
    assert only_far[1] == 1


def test_rows_whose_weights_vanish_are_drawn_evenly_and_rows_without_negatives_are_dropped():
    even = counted([[0.0, -math.inf, -math.inf]], [[1, 0, 0]], np.ones((1, 3), bool), share=1.0)
    assert even[1] == pytest.approx(0.5, abs=0.03)
    assert even[2] == pytest.approx(0.5, abs=0.03)
    dice = np.random.default_rng(0)
    one = np.ones((1, 1), bool)
    assert draw_negatives(np.zeros((1, 1)), one, one, np.array([0]), share=0.5, dice=dice) == [NONE]


# Soft masks


@pytest.mark.parametrize("power", [0.2, 1.0, 6.0])  # many that answer, or few
@pytest.mark.parametrize("count", [1, 2, 7, 36, 577])
def test_masks_sum_to_half_of_the_tokens_and_keep_range_and_order(power, count):
    maps = torch.rand(5, count, generator=torch.Generator().manual_seed(count)).double() ** power
    maps[1] *= 1e-12  # only the shares count
    real = torch.ones(5, count, dtype=torch.bool)
    masks = compensated(maps, real)
    assert (masks.sum(dim=1) - count / 2).abs().max() < 1e-6
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert torch.equal(masks.argsort(dim=1), maps.argsort(dim=1))


def test_masks_by_hand():
    """Shares 1 and 0 of two: the half already. 1, 0, 0, 0: 1 − (1 − m) · 2 / 3. 1, 1, 1, 0: m · 2 / 3."""
    maps = torch.tensor([[4.0, 0, 9, 9], [2, 0, 0, 0], [3, 3, 3, 0]])
    real = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]]).bool()
    wanted = [[1, 0, 0, 0], [1, 1 / 3, 1 / 3, 1 / 3], [2 / 3, 2 / 3, 2 / 3, 0]]
    torch.testing.assert_close(compensated(maps, real), torch.tensor(wanted, dtype=torch.float64))


def test_there_is_no_mask_where_the_map_is_zero_or_not_a_number():
    maps = torch.tensor([[0.0, 0, 5], [math.nan, 1, 0], [math.inf, 1, 0]])
    real = torch.tensor([[1, 1, 0], [1, 1, 1], [1, 1, 1]]).bool()
    assert not compensated(maps, real).any()


def test_grad_cam_is_the_mean_over_heads_of_attention_times_its_positive_gradient():
    attention = torch.tensor([[[[0.5, 0.25]], [[1.0, 0.5]]]])  # (1, 2 heads, 1 word, 2 tokens)
    gradient = torch.tensor([[[[2.0, -4.0]], [[1.0, 2.0]]]])
    assert cam(attention, gradient).tolist() == [[[1.0, 0.5]]]
