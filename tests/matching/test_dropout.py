"""Dropout by 16 bits a number: its share, its mean, its gradient and its chance."""

import pytest
import torch

from mmtool.matching.dropout import dropout


@pytest.mark.parametrize("share", [0.1, 0.5, 0.75])
def test_a_share_is_zeroed_and_the_mean_stays(share):
    torch.manual_seed(0)
    found = dropout(torch.ones(300, 401), share)
    kept = found != 0
    assert 1 - kept.float().mean() == pytest.approx(share, abs=0.005)
    torch.testing.assert_close(
        found[kept], torch.full((int(kept.sum()),), 1 / (1 - share)), rtol=1e-4, atol=0
    )
    for axis in (0, 1):
        assert (1 - kept.float().mean(dim=axis)).std() == pytest.approx(
            (share * (1 - share) / kept.shape[axis]) ** 0.5, rel=0.15
        )


def test_zeroed_numbers_have_no_gradient():
    torch.manual_seed(0)
    x = torch.randn(7, 3, requires_grad=True)
    found = dropout(x, 0.5)
    found.sum().backward()
    torch.testing.assert_close(x.grad, torch.where(found == 0, 0.0, 2.0))


def test_chance_is_that_of_torch():
    x = torch.randn(5, 5)
    found = [dropout(x, 0.5) for _ in range(2) if torch.manual_seed(1)]
    assert torch.equal(*found)
    assert not torch.equal(found[1], dropout(x, 0.5))


def test_no_share_and_lower_precision():
    x = torch.randn(4, dtype=torch.bfloat16)
    assert dropout(x, 0.0) is x
    assert dropout(x, 0.5).dtype == torch.bfloat16
    assert dropout(torch.zeros(0, 3), 0.5).shape == (0, 3)
