"""Train on a corpus with truth and measure on held-out videos, from Python.

    python examples/train_and_measure.py some-folder

The corpus is drawn here, so that the script runs anywhere; put your own films, texts, annotations and
splits into a folder of the same layout and leave ``draw_corpus`` out.
"""

import argparse
from pathlib import Path

from mmtool.choices import Split, TextEncoderName, VideoEncoderName
from mmtool.settings.align import AlignSettings
from mmtool.settings.demo import DemoSettings
from mmtool.settings.evaluate import EvaluateSettings
from mmtool.settings.extract import ExtractSettings
from mmtool.settings.project import ProjectSettings
from mmtool.settings.segment import SegmentSettings
from mmtool.settings.train import TrainSettings
from mmtool.stages.align import align
from mmtool.stages.demo import draw_corpus
from mmtool.stages.evaluate import evaluate
from mmtool.stages.extract import extract
from mmtool.stages.project import project
from mmtool.stages.segment import segment
from mmtool.stages.train import train

RUN = "timing"


def main() -> None:
    """Run every stage on timing and length features, which need no weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--movies", type=int, default=20, help="of the training split")
    parser.add_argument("--epochs", type=int, default=30)
    arguments = parser.parse_args()
    root, movies = arguments.folder, arguments.movies

    draw_corpus(DemoSettings(folder=root, train=movies, val=max(1, movies // 5), test=max(1, movies // 5)))
    segment(root, SegmentSettings())
    extract(root, ExtractSettings(video_encoder=VideoEncoderName.TIMING, text_encoder=TextEncoderName.LENGTH))
    project(root, ProjectSettings())
    train(root, TrainSettings(epochs=arguments.epochs), run=RUN)
    align(root, AlignSettings(run=RUN, split=Split.TEST))
    result = evaluate(root, EvaluateSettings(run=RUN, split=Split.TEST))

    for name, summary in result.measures.items():
        print(f"{name:26} {summary.video_accuracy.value:6.1%} {summary.text_iou.value:6.1%}")


if __name__ == "__main__":
    main()
