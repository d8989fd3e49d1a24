"""How much faster the vectorised network is than the literal transition system; prints ratios.

    OMP_WAIT_POLICY=PASSIVE python tests/benchmarks/training_speed.py [--threads 2] [--batches 1]

Both run in this process on the same samples of the size of YMS: 191 of at most 100 actions, 94 clips and
42 snippets, batch 32, RP+LARS+SBN, an epoch being forward, backward, update and the measures of the
training samples' actions. The literal one is timed on ``--batches`` batches and scaled to six, as its
cost is the same for each.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
from mmtool.alignment.network.actions import ONE_TO_MANY, ActionSet
from mmtool.alignment.network.batch import Sequences
from mmtool.alignment.network.greedy import decode_greedily
from mmtool.alignment.network.model import AlignmentNetwork, NetworkShape
from mmtool.alignment.network.trace import trace
from mmtool.choices import Precision
from mmtool.settings.train import TrainSettings
from mmtool.training.loop import TrainingState
from mmtool.training.network_task import fit_network
from mmtool.training.rates import make_optimizer
from mmtool.training.samples import Sample
from support.literal_network import greedy, teacher_forced_logits

SAMPLES, ACTIONS, BATCH = 191, 100, 32
SHARES = (0.31, 0.25, 0.44)  # of Pop-Video, Pop-Text and Match-Retain-Text in YMS
ACTION_SET = ActionSet(ONE_TO_MANY)


def random_sample(rng: np.random.Generator, number: int) -> Sample:
    """A sample whose actions are random in the shares of YMS."""
    actions = rng.choice(3, size=84 if number % 3 else ACTIONS, p=SHARES).astype(np.int64)
    clips, snippets = int((actions != 1).sum()) + 1, int((actions == 1).sum()) + 1
    return Sample(
        str(number),
        rng.standard_normal((clips, 300)).astype(np.float32),
        rng.standard_normal((snippets, 300)).astype(np.float32),
        trace(actions, clips, snippets, ACTION_SET),
    )


def fast_epoch(samples: list[Sample], precision: Precision) -> float:
    """Seconds of the second epoch: the first pays for warming up."""
    torch.manual_seed(0)
    network = AlignmentNetwork(NetworkShape(300, 300, 3))
    epochs = fit_network(
        network, samples, TrainSettings(epochs=3, precision=precision), state=TrainingState()
    )
    return min(record.seconds for record in epochs if record.epoch > 1)


def literal_epoch(samples: list[Sample], batches: int) -> float:
    """Seconds of an epoch of the literal transition system, from ``batches`` of its six."""
    torch.manual_seed(0)
    network = AlignmentNetwork(NetworkShape(300, 300, 3))
    optimizer = make_optimizer(network, TrainSettings())
    started = time.perf_counter()
    for number in range(batches):
        batch = samples[number * BATCH : (number + 1) * BATCH]
        clips = [list(torch.from_numpy(sample.clips)) for sample in batch]
        snippets = [list(torch.from_numpy(sample.snippets)) for sample in batch]
        gold = [sample.trace.actions for sample in batch]
        logits = torch.cat(teacher_forced_logits(network, clips, snippets, gold, ONE_TO_MANY, training=True))
        loss = torch.nn.functional.cross_entropy(
            logits, torch.from_numpy(np.concatenate(gold)), label_smoothing=0.03
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
    return (time.perf_counter() - started) * (SAMPLES / BATCH) / batches


def decoding(videos: int, clips: int, *, literal: bool) -> tuple[float, float]:
    """Seconds of decoding ``videos`` of ``clips`` clips: fast, and literal where asked for.

    The fast one is the best of three, as its epochs are: the first pays for warming up.
    """
    rng, snippets = np.random.default_rng(0), max(1, clips * 95 // 250)
    torch.manual_seed(0)
    network = AlignmentNetwork(NetworkShape(300, 300, 3)).eval()
    video = [rng.standard_normal((clips, 300)).astype(np.float32) for _ in range(videos)]
    text = [rng.standard_normal((snippets, 300)).astype(np.float32) for _ in range(videos)]
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        decoded = decode_greedily(network, Sequences.pad(video), Sequences.pad(text), ACTION_SET)
        seconds.append(time.perf_counter() - started)
    fast = min(seconds)
    if not literal:
        return fast, float("nan")
    started = time.perf_counter()
    expected = greedy(
        network,
        [list(torch.from_numpy(array)) for array in video],
        [list(torch.from_numpy(array)) for array in text],
        ONE_TO_MANY,
    )
    same = sum(list(got.actions) == actions for got, (actions, _) in zip(decoded, expected, strict=True))
    print(f"decoding: {same} of {videos} videos have the same actions")
    return fast, time.perf_counter() - started


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batches", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rng = np.random.default_rng(0)
    samples = [random_sample(rng, number) for number in range(SAMPLES)]
    seconds = {precision: fast_epoch(samples, precision) for precision in Precision}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    literal = literal_epoch(samples, arguments.batches)
    print(f"epoch, literal: {literal:.1f} s")
    for precision, fast in seconds.items():
        print(f"epoch, {precision}: {fast:.2f} s, {literal / fast:.1f} times as fast")
    print(f"peak memory of the fast epochs: {peak:.2f} GiB")
    fast, literal = decoding(27, 250, literal=True)
    print(
        f"decoding 27 videos of 250 clips: {fast:.2f} s,"
        f" {literal / fast:.1f} times as fast as the literal {literal:.1f} s"
    )
    for clips in (250, 1000, 4000):
        fast, _ = decoding(1, clips, literal=False)
        print(f"decoding one video of {clips} clips: {fast:.2f} s, {1e3 * fast / clips:.2f} ms a clip")


if __name__ == "__main__":
    main()
