"""Corpora of films whose frames are numbered."""

import numpy as np

from mmtool.formats.clips import write_clips
from mmtool.records import Clip
from support.numbered_films import make_film


def cut(lengths, rate=25):
    ends = np.cumsum(lengths).tolist()
    starts = [0, *ends[:-1]]
    return [Clip(a / rate, b / rate, a, b) for a, b in zip(starts, ends, strict=True)]


def add_film(corpus, id, lengths, *, suffix=".mp4", **more):
    (corpus.root / "videos").mkdir(parents=True, exist_ok=True)
    make_film(corpus.root / "videos" / f"{id}{suffix}", frames=range(sum(lengths)), **more)
    write_clips(corpus.clips(id), cut(lengths))
