"""What in the frames of a clip answers to which word of a snippet."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from mmtool.choices import PictureFormat
from mmtool.plots.curves import write_figure

HEAT = mpl.colormaps["inferno"]
WIDTH, HEIGHT = 2.4, 1.6  # inches of a picture
MOST_WORDS = 24  # rows; of longer snippets, those words to which most answers


def write_word_maps(
    path: Path,
    words: Sequence[str],
    maps: NDArray[np.float32],
    frames: NDArray[np.int64],
    boxes: NDArray[np.float32],
    pictures: Sequence[NDArray[np.uint8]],
    *,
    title: str,
) -> None:
    """Draw a row for each word: the frames, with the parts that answer to it.

    Args:
        path: The PNG file.
        words: W words.
        maps: (W, V), at least 0: how much each of V parts answers to each word.
        frames: (V,): the frame of each part.
        boxes: (V, 4): where in the frame it is, as shares of width and height.
        pictures: The frames (H, W, 3); empty without a film.
        title: What is explained.
    """
    draw = partial(_draw, words, maps, frames, boxes, pictures, title=title)
    write_figure(path, draw, PictureFormat.PNG)


def _draw(
    words: Sequence[str],
    maps: NDArray[np.float32],
    frames: NDArray[np.int64],
    boxes: NDArray[np.float32],
    pictures: Sequence[NDArray[np.uint8]],
    *,
    title: str,
) -> Figure:
    rows = sorted(np.argsort(-maps.sum(axis=1), kind="stable")[:MOST_WORDS].tolist())
    columns = max(1, len(pictures), int(frames.max(initial=0)) + 1)
    figure = Figure(figsize=(1.4 + WIDTH * columns, 0.6 + HEIGHT * len(rows)), layout="constrained")
    figure.suptitle(title, fontsize=9, wrap=True)
    strongest = float(maps.max(initial=0.0)) or 1.0
    axes = figure.subplots(len(rows), columns, squeeze=False)
    for line, word in enumerate(rows):
        for column in range(columns):
            panel = axes[line, column]
            panel.set(xticks=[], yticks=[], xlim=(0, 1), ylim=(1, 0))
            if column < len(pictures):
                panel.imshow(pictures[column], extent=(0, 1, 1, 0), aspect="auto", alpha=0.55)
            for part in np.flatnonzero(frames == column):
                share = float(maps[word, part]) / strongest
                left, top, right, bottom = map(float, boxes[part])
                panel.add_patch(
                    Rectangle(
                        (left, top),
                        right - left,
                        bottom - top,
                        facecolor=(*HEAT(0.3 + 0.6 * share)[:3], 0.5 * share),
                        edgecolor=HEAT(0.3 + 0.6 * share),
                        linewidth=0.3 + 2 * share,
                    )
                )
        axes[line, 0].set_ylabel(words[word], rotation=0, ha="right", va="center", fontsize=9)
    return figure
