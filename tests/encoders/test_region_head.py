"""The fast region head computes what it stands for: its pooling, and the whole."""

import pytest
import torch
from torchvision.models.detection._utils import BoxCoder
from torchvision.ops import roi_pool

from mmtool.encoders.kernels.region_bins import pool_bins
from mmtool.encoders.visual_genome import head as visual_genome_head
from mmtool.encoders.visual_genome.boxes import refine_boxes
from mmtool.encoders.visual_genome.config import DetectorSettings
from mmtool.encoders.visual_genome.head import RegionHead
from mmtool.encoders.visual_genome.network import NetworkForm, fold_batch_norms
from mmtool.encoders.visual_genome.weights import random_network

HEIGHT, WIDTH = 9, 13  # cells of a map, of 16 pixels each


def random_boxes(count: int, seed: int) -> torch.Tensor:
    """From specks to more than the frame, at whole, half and other cells."""
    rng = torch.Generator().manual_seed(seed)
    corners = torch.rand(count, 2, 2, generator=rng) * torch.tensor([WIDTH + 2, HEIGHT + 2]) - 1
    corners[::3] = (2 * corners[::3]).round() / 2
    return 16 * corners.sort(dim=1).values.flatten(1)


@pytest.mark.parametrize("side", [1, 2, 7, 14])
def test_bins_pool_what_torchvision_pools(side: int) -> None:
    maps = torch.randn(1, 5, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(side))
    boxes = torch.cat(
        [
            random_boxes(200, side),
            torch.tensor([[16.0 * WIDTH, 0, 16.0 * WIDTH, 40]]),  # beyond the last column: all bins are empty
            torch.tensor([[8.0, 24.0, 8.0, 24.0]]),  # halves of cells, rounded away from zero
        ]
    )
    bins = pool_bins(maps, boxes, side, 1 / 16)
    pooled = roi_pool(maps, [boxes], side, spatial_scale=1 / 16)
    assert torch.equal(bins.values[bins.places].permute(0, 3, 1, 2), pooled)
    assert not pooled[-2].any()
    assert len(bins.values) == len(bins.places.unique())


def test_boxes_are_refined_to_the_bit_as_torchvision_does() -> None:
    rng = torch.Generator().manual_seed(3)
    boxes, deltas = random_boxes(200, 3), 9 * torch.randn(200, 4, generator=rng)  # some scales are limited
    for weights in ((1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0), (3.0, 7.0, 11.0, 13.0)):
        expected = BoxCoder(weights).decode_single(deltas, boxes)
        assert torch.equal(refine_boxes(boxes, deltas, weights), expected)


def test_bins_of_several_regions_are_pooled_once() -> None:
    """Columns 0 and 1, rows 0 and 1 of a map; the second region is the first one's right half."""
    maps = torch.arange(4.0).view(1, 1, 2, 2)
    bins = pool_bins(maps, torch.tensor([[0.0, 0, 16, 16], [16, 0, 16, 16]]), 2, 1 / 16)
    assert bins.values[bins.places][..., 0].tolist() == [[[0, 1], [2, 3]], [[1, 1], [3, 3]]]
    assert bins.values.shape == (4, 1)


def test_the_head_computes_the_features_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    form = NetworkForm(stem=6, blocks=(1, 1, 1, 3), widths=(4, 5, 6, 8), rpn=8, classes=9, embedding=4)
    settings = DetectorSettings()
    plain, folded = (random_network(form, settings, seed=0) for _ in range(2))
    fold_batch_norms(folded)
    maps = torch.randn(1, 24, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1)).relu()
    boxes = random_boxes(11, seed=2)
    monkeypatch.setattr(visual_genome_head, "REGIONS_AT_ONCE", 4)  # 4, 4 and 3 regions
    monkeypatch.setattr(visual_genome_head, "ROWS_AT_ONCE", 100)
    with torch.inference_mode():
        expected = plain.region_features(maps, boxes, 14)
        head = RegionHead(folded, 14, torch.float32)
        torch.testing.assert_close(head(maps, boxes), expected, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(head(maps, boxes[:2]), expected[:2], rtol=1e-5, atol=1e-5)
