"""Gradient-Blending on constructed films with one informative modality and one that identifies clips.

For each seed, films are drawn and networks trained for as many epochs: on either modality alone,
naively on both, and blended offline; then weights are estimated from 25, 50 and 75 % of the films.
The accuracy is that of films that no network has seen. The network is a small one
(tests/support/small_fusion.py), which mmtool's loop trains and blends.

    PYTHONPATH=tests python tests/benchmarks/blending.py [--seeds 5] [--from 0] [--films 30] [--epochs 40]
"""

import argparse
from dataclasses import replace

import torch

from mmtool.choices import Optimizer
from mmtool.settings.train import TrainSettings
from support.small_fusion import BRANCHES, accuracy, constructed_films, train_small

UNSEEN = 200  # films to measure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--films", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=40)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for seed in range(chosen.first, chosen.first + chosen.seeds):
        films, unseen = constructed_films(chosen.films, seed), constructed_films(UNSEEN, 1000 + seed)
        plain = TrainSettings(
            optimizer=Optimizer.ADAM, learning_rate=5e-3, epochs=chosen.epochs, halve_after=1000, seed=seed
        )
        blended = replace(plain, modalities="looks,ids", blend="offline")
        found = {}
        for branch in BRANCHES:
            found[branch] = accuracy(train_small(films, plain, branch)[0], unseen, branch)
        network, weights = train_small(films, blended)
        found["blended"] = accuracy(network, unseen)
        told = "; ".join(f"{name} {100 * right:.1f} % ({loss:.3f})" for name, (loss, right) in found.items())
        print(f"seed {seed}: accuracy (loss): {told}", flush=True)
        for name, weight in weights.items():
            print(f"  {name}: G {weight.gain:+.3f}, O {weight.overfitting:+.3f}, w {weight.weight:.3f}")
        for fraction in (0.25, 0.5, 0.75):
            some = replace(blended, epochs=1, blend_epochs=chosen.epochs, blend_fraction=fraction)
            _, weights = train_small(films, some)
            told = ", ".join(f"{name} {weight.weight:.3f}" for name, weight in weights.items())
            print(f"  {fraction:.0%} of the films: {told}", flush=True)


if __name__ == "__main__":
    main()
