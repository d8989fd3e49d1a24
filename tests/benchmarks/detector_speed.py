"""How much faster the Visual Genome detector is than a plain run of the same network; prints ratios.

    OMP_WAIT_POLICY=PASSIVE python tests/benchmarks/detector_speed.py [--threads 2] [--rounds 2]

One frame of 720 × 1280 pixels, which becomes 562 × 1000, passes through the published form (ResNet-101, 300
proposals, 1,600 classes). The plain run has unfolded batch norms, contiguous tensors, fp32, and all regions
at once. All variants run in this process in turn; the shortest time of each counts, both wall time and
processor time, which other programs disturb less.

Weights are random, calibrated so that regions differ in class and box. A region of bf16 is matched if one of
fp32 has the same class and overlaps it by at least 0.9.
"""

import argparse
import time
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import box_iou

from mmtool.choices import EncoderPrecision
from mmtool.encoders.contract import EncoderOptions, Frame, Regions
from mmtool.encoders.visual_genome.encoder import VisualGenomeDetector
from mmtool.encoders.visual_genome.network import VisualGenomeNetwork
from mmtool.encoders.visual_genome.weights import load_visual_genome

HEIGHT, WIDTH = 720, 1280


class PlainNetwork(VisualGenomeNetwork):
    """Contiguous tensors."""

    def maps(self, pixels: Tensor) -> Tensor:
        return super().maps(pixels.contiguous())


def picture(seed: int) -> Frame:
    """Overlapping rectangles of random colours, with noise."""
    rng = np.random.default_rng(seed)
    frame = np.full((HEIGHT, WIDTH, 3), rng.integers(0, 256, 3))
    for _ in range(60):
        y, x = rng.integers(0, HEIGHT), rng.integers(0, WIDTH)
        rows, columns = rng.integers(20, HEIGHT // 2), rng.integers(20, WIDTH // 3)
        frame[y : y + rows, x : x + columns] = rng.integers(0, 256, 3)
    return (frame + rng.integers(-15, 15, frame.shape)).clip(0, 255).astype(np.uint8)


def detector(precision: EncoderPrecision) -> VisualGenomeDetector:
    """The published form with random weights at 600 pixels."""
    return VisualGenomeDetector(
        EncoderOptions(
            "faster-rcnn-vg", weights="random", image_size=600, keep_regions=True, precision=precision
        )
    )


def plain_detector() -> VisualGenomeDetector:
    """The same detector with the network as it was loaded."""
    plain = detector(EncoderPrecision.FP32)
    network = load_visual_genome("random", seed=0).network
    network.__class__ = PlainNetwork
    plain._network = network
    plain._region_features = partial(network.region_features, side=plain._settings.pooled_side)
    return plain


def matched(regions: Regions, others: Regions) -> int:
    """How many regions have a counterpart of the same class in the same place."""
    overlaps = box_iou(torch.from_numpy(regions.boxes), torch.from_numpy(others.boxes)).numpy()
    same = regions.labels[:, None] == others.labels
    return int(((overlaps >= 0.9) & same).any(axis=1).sum())


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    detectors = {
        "plain": plain_detector(),
        "fp32": detector(EncoderPrecision.FP32),
        "bf16": detector(EncoderPrecision.BF16),
    }
    frame = picture(0)
    clock, processor = dict.fromkeys(detectors, float("inf")), dict.fromkeys(detectors, float("inf"))
    found: dict[str, Regions] = {}
    for _ in range(arguments.rounds):
        for name, each in detectors.items():
            started = time.perf_counter(), time.process_time()
            (found[name],) = each.detect([frame])
            clock[name] = min(clock[name], time.perf_counter() - started[0])
            processor[name] = min(processor[name], time.process_time() - started[1])
    for name in detectors:
        ratios = (seconds["plain"] / seconds[name] for seconds in (clock, processor))
        print(
            f"{name}: {clock[name]:.2f} s of wall time per frame, {processor[name]:.2f} s of processor time;"
            f" {' and '.join(f'{ratio:.2f}' for ratio in ratios)} times as fast as plain"
        )
    plain, ours, half = found.values()
    print(f"plain: {len(plain.boxes)} regions of {len(set(plain.labels.tolist()))} classes")
    same = np.array_equal(plain.labels, ours.labels) and np.array_equal(plain.attributes, ours.attributes)
    print(
        f"fp32: {'the same' if same else 'different'} classes and attributes; largest difference of boxes"
        f" {np.abs(plain.boxes - ours.boxes).max():.1e} pixels"
        f" ({np.abs(plain.boxes - ours.boxes).max() / WIDTH:.1e} of the frame), of features"
        f" {np.abs(plain.features - ours.features).max():.1e} (their mean is {plain.features.mean():.2f})"
    )
    print(f"bf16: {matched(half, ours)} of {len(half.boxes)} regions matched")


if __name__ == "__main__":
    main()
