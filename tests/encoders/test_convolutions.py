"""Convolutions by other means are still the convolutions of torch."""

import copy
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from mmtool.encoders.kernels import packed_linear
from mmtool.encoders.kernels.convolutions import multiply, optimised
from mmtool.encoders.kernels.dilated_convolution import DilatedConvolution, split_by_parity, transforms
from mmtool.encoders.kernels.packed_linear import PackedLinear
from mmtool.encoders.kernels.workspace import Workspace


@pytest.mark.parametrize("side", [2, 4, 10, 14])
def test_a_dilated_convolution_is_that_of_torch(side: int) -> None:
    rng = torch.Generator().manual_seed(side)
    maps, weight, bias = (
        torch.randn(*shape, generator=rng).double() for shape in ((3, 5, side, side), (5, 5, 3, 3), (5,))
    )
    places = split_by_parity(torch.arange(3 * side * side).view(3, side, side))
    rows = maps.permute(0, 2, 3, 1).reshape(-1, 5)[places].flatten(1, 2)  # (n², 4 · 3, 5)
    DilatedConvolution(weight, bias, side, torch.float64, Workspace()).apply_(rows)
    expected = functional.conv2d(maps, weight, bias, padding=2, dilation=2).relu()
    expected = expected.permute(0, 2, 3, 1).reshape(-1, 5)[places].flatten(1, 2)
    torch.testing.assert_close(rows, expected, rtol=0, atol=1e-12)


def test_seven_by_seven_places_take_94_products() -> None:
    """4 frequencies of 8 × 8 are their own conjugates, 30 pairs are not: 4 + 3 · 30."""
    matrices = transforms(7)
    assert matrices.analysis.shape == (94, 49)
    assert matrices.kernel.shape == (94, 9)
    assert matrices.synthesis.shape == (49, 94)


def test_rows_are_multiplied_as_by_a_matrix() -> None:
    rows, weight = torch.tensor([[1.0, 2], [3, 4], [5, 6]]), torch.tensor([[1.0, 10], [0, 1], [1, 0], [1, 1]])
    found = multiply(rows, weight, torch.tensor([0.0, 0, 100, 0]))
    assert found.tolist() == [[21, 2, 101, 3], [43, 4, 103, 7], [65, 6, 105, 11]]


def test_optimised_convolutions_compute_the_same() -> None:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 1), nn.Conv2d(8, 4, 1, stride=2, padding=1)]
    model = nn.Sequential(*layers).double()
    pictures = torch.randn(2, 3, 9, 12).double()
    expected = model(pictures)
    torch.testing.assert_close(optimised(model)(pictures), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rows", [(1,), (100,), (5, 100), (2, 3, 4), (0,)])
def test_packed_linear_layers_compute_the_same(rows: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3, bias=False))
    inputs = torch.randn(*rows, 6)
    expected, names = model(inputs), list(model.state_dict())
    torch.testing.assert_close(optimised(model)(inputs), expected, rtol=0, atol=1e-6)
    assert [type(layer) for layer in model] == [PackedLinear, nn.ReLU, PackedLinear]
    assert list(model.state_dict()) == names


def refuse(*_: object) -> None:
    raise AttributeError("there is no such operator")


def add_one(rows: torch.Tensor, packed: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return functional.linear(rows, packed, bias) + 1


@pytest.mark.parametrize("operators", [refuse, lambda: (refuse, add_one), lambda: (torch.clone, add_one)])
def test_without_working_operators_linear_layers_stay_as_they_are(
    operators: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are missing, they fail, or they compute something else."""
    torch.manual_seed(0)
    model, inputs = nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 3)), torch.randn(4, 6)
    packed = optimised(copy.deepcopy(model))(inputs)
    monkeypatch.setattr(packed_linear, "operators", operators)
    packed_linear.operators_work.cache_clear()
    try:
        plain = optimised(model)
    finally:
        monkeypatch.undo()
        packed_linear.operators_work.cache_clear()
    assert [type(layer) for layer in plain] == [nn.Linear, nn.Linear]
    torch.testing.assert_close(plain(inputs), packed, rtol=0, atol=1e-6)
