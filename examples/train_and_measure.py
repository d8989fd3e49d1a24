"""Train on a corpus with truth and measure on held-out videos, from Python.

    python examples/train_and_measure.py some-folder

The corpus is drawn here, so that the script runs anywhere; put your own films, texts, annotations and
splits into a folder of the same layout and leave out ``draw_corpus``.
"""

import argparse
from pathlib import Path

import mmtool
from mmtool.stages.demo import draw_corpus

RUN = "timing"


def main() -> None:
    """Run every stage on timing and length features, which need no weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--movies", type=int, default=20, help="movies in the training split")
    parser.add_argument("--epochs", type=int, default=30)
    arguments = parser.parse_args()
    root, movies = arguments.folder, arguments.movies
    held_out = max(1, movies // 5)

    draw_corpus(root, train=movies, val=held_out, test=held_out)
    mmtool.segment(root)
    mmtool.extract(root, video_encoder="timing", text_encoder="length")
    mmtool.project(root)
    mmtool.train(root, run=RUN, epochs=arguments.epochs)
    mmtool.align(root, run=RUN, split="test")
    report = mmtool.evaluate(root, run=RUN, split="test")

    for name, summary in report.measures.items():
        print(f"{name:26} {summary.video_accuracy.value:6.1%} {summary.text_iou.value:6.1%}")


if __name__ == "__main__":
    main()
