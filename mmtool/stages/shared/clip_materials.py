"""What matchers read of clips: frames of the films, or what features files store."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from mmtool.errors import InputError
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.retrieval.contract import ClipFrames, ClipInput
from mmtool.video import VIDEO_SUFFIXES
from mmtool.video.frames import read_clip_frames


class ClipMaterials(Protocol):
    """Reads clips of a corpus for a matcher."""

    def read(self, id: str, clips: Sequence[int]) -> list[ClipInput]:
        """What the matcher reads of these clips of a video, given from 0; raises InputError."""
        ...


class FilmFrames:
    """Frames of the corpus's films."""

    def __init__(self, corpus: Corpus, per_clip: int) -> None:
        self._corpus, self.per_clip = corpus, per_clip
        self._films, self._clashes = corpus.media("videos", VIDEO_SUFFIXES)

    def film(self, id: str) -> Path | None:
        """The film of a video; None if there is none, or several."""
        return self._films.get(id)

    def read(self, id: str, clips: Sequence[int]) -> list[ClipInput]:
        film = self.film(id)
        if film is None:
            problem = "has no film of the same name in videos/, whose frames the reranker reads"
            remedy = f"put it back as videos/{id}.mp4, or leave out `reranker`"
            raise InputError(self._corpus.clips(id), problem, remedy)
        listed = read_clips(self._corpus.clips(id))
        frames: list[list[np.ndarray]] = [[] for _ in clips]
        for found in read_clip_frames(film, [listed[clip] for clip in clips], self.per_clip):
            frames[found.clip].append(found.frame.pixels)
        return [ClipFrames(np.stack(own)) for own in frames]
