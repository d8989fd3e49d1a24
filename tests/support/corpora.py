"""Small corpora whose truth is known: what the tests of stages and commands work on."""

import shutil
from pathlib import Path

from mmtool.choices import Split
from mmtool.formats.annotations import write_annotations
from mmtool.formats.clips import write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.snippets import write_snippets
from mmtool.formats.splits import write_split
from mmtool.records import Annotation, Clip, Snippet

LENGTHS = (2.0, 1.0, 3.0, 1.0, 2.0, 2.0)  # seconds of six clips
TEXTS = ("a short line", "a line that is somewhat longer, with a pause", "nothing to see", "the end.")


def add_video(corpus: Corpus, id: str, shift: int = 0) -> None:
    """Six clips and four snippets: the first snippet owns clips 1 and 2, the second 3, the fourth 4.

    Clips 0 and 5 and the third snippet match nothing.
    """
    lengths = LENGTHS[shift % 6 :] + LENGTHS[: shift % 6]
    starts = [sum(lengths[:k]) for k in range(7)]
    write_clips(corpus.clips(id), [Clip(starts[k], starts[k + 1], k * 10, k * 10 + 10) for k in range(6)])
    write_snippets(corpus.snippets(id), [Snippet(text) for text in TEXTS])
    write_annotations(
        corpus.annotations(id),
        [
            Annotation(starts[1], starts[3], TEXTS[0]),
            Annotation(starts[3], starts[4], TEXTS[1]),
            Annotation(starts[4], starts[5], TEXTS[3]),
        ],
    )


def copy_of(corpus: Corpus, root: Path) -> Corpus:
    """A copy that a test may spoil, at ``root``, which does not exist yet."""
    shutil.copytree(corpus.root, root, symlinks=True)
    return Corpus(root)


def make_corpus(root: Path, *, train: int = 3, val: int = 1, test: int = 2) -> Corpus:
    """Annotated videos without films, in three splits: ids v0, v1, …"""
    corpus = Corpus(root)
    ids = [f"v{number}" for number in range(train + val + test)]
    for number, id in enumerate(ids):
        add_video(corpus, id, shift=number)
    write_split(corpus.split(Split.TRAIN), ids[:train])
    write_split(corpus.split(Split.VAL), ids[train : train + val])
    write_split(corpus.split(Split.TEST), ids[train + val :])
    return corpus
