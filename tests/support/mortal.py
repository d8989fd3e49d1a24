"""Work on films that kills its own process; a module of its own, for workers import it."""

import os
import signal

import numpy as np

from mmtool.formats.features import FeatureGroup
from mmtool.stages.extract.frame_batches import FilmClips

DEATHS = {"mortal": 1, "doomed": 99}


def work(film: FilmClips) -> FeatureGroup:
    """Count an attempt in the file ``film.path``, and die if the film's name says so."""
    with film.path.open("a") as attempts:
        attempts.write("x")
    if len(film.path.read_text()) <= DEATHS.get(film.id, 0):
        os.kill(os.getpid(), signal.SIGKILL)
    return FeatureGroup(np.full((1, 2), len(film.id), np.float32))


class Work:
    """The same as what the processes of a cluster do."""

    def get_ready(self) -> str:
        return "cpu"

    def __call__(self, film: FilmClips) -> FeatureGroup:
        return work(film)
