"""A corpus of drawn films whose clips are annotated, and small models that search it."""

from pathlib import Path

import numpy as np

from mmtool.formats.clips import write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.snippets import write_snippets
from mmtool.records import Clip, Snippet
from support.small_models import write_film

TEXTS = ("a man opens the door .", "he leaves .", "the door")
FILMS = {"one": 0, "two": 1, "three": 2}


def scenes(count: int, *, seed: int) -> list[np.ndarray]:
    """Pictures (48, 64, 3) of rectangles, different for each seed."""
    random = np.random.default_rng(seed)
    pictures = []
    for _ in range(count):
        picture = np.full((48, 64, 3), random.integers(0, 256, 3), np.uint8)
        top, left = random.integers(0, 24), random.integers(0, 32)
        picture[top : top + 24, left : left + 32] = random.integers(0, 256, 3)
        pictures.append(picture)
    return pictures


def make_searchable(root: Path) -> Corpus:
    """Three films of four clips of a second; the first three clips of each are annotated."""
    corpus = Corpus(root)
    for id, seed in FILMS.items():
        write_film(root / "videos" / f"{id}.mp4", scenes(4, seed=seed))
        write_clips(corpus.clips(id), [Clip(t, t + 1.0, 10 * t, 10 * t + 10) for t in range(4)])
        texts = [f"{text} {id}" for text in TEXTS]
        write_snippets(corpus.snippets(id), [Snippet(text) for text in texts])
        corpus.annotations(id).parent.mkdir(exist_ok=True)
        lines = [f"{t}\t{t + 1}\t{text}\n" for t, text in enumerate(texts)]
        corpus.annotations(id).write_text("".join(lines), encoding="utf-8")
    (root / "splits").mkdir()
    (root / "splits" / "test.txt").write_text("one\ntwo\nthree\n", encoding="utf-8")
    return corpus
