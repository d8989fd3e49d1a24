"""A film, the outputs that are wanted of it, and what determines each of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file, fingerprint, sampled_fingerprint
from mmtool.formats.film_digests import FilmDigest, film_digest
from mmtool.formats.provenance import Recipe, State, state_of
from mmtool.settings.segment import SegmentSettings
from mmtool.video.detectors.contract import Detector
from mmtool.video.detectors.registry import other_than_default

DEFAULT_DETECTOR = "content"  # which recipes do not name


@dataclass(frozen=True)
class FilmJob:
    """A film, what is wanted of it, and the recipe of each output."""

    id: str
    path: Path
    corpus: Corpus
    settings: SegmentSettings
    detector: Detector
    cut_list: Path | None = None

    @cached_property
    def _film(self) -> FilmDigest:
        return film_digest(self.path, self.corpus.film_note(self.path))

    def _recipe(self, settings: Mapping[str, object], **others: str) -> Recipe:
        """The recipe of an output of the film, and the one that earlier versions recorded for it."""
        inputs = {self.path.name: self._film.current} | others
        earlier: tuple[str, ...] = ()
        if self._film.earlier is not None:
            before = dict(settings)
            if self.settings.weights is not None:
                before["weights"] = sampled_fingerprint(self.settings.weights)
            earlier = (Recipe("segment", before, inputs | {self.path.name: self._film.earlier}).digest,)
        return Recipe("segment", dict(settings), inputs, earlier)

    def scores_recipe(self) -> Recipe:
        """What determines scores: neither the threshold nor the options that only decide about cuts."""
        return self._recipe({"scores": self.settings.detector} | self._choices(scores=True))

    def clips_recipe(self) -> Recipe:
        """What determines clips; settings at their defaults are left out, so that new ones change nothing."""
        if self.cut_list is not None:
            return self._recipe({"cuts": "imported"}, cuts=digest_file(self.cut_list))
        settings: dict[str, object] = {
            "threshold": self.detector.threshold,
            "min_clip_frames": self.settings.min_clip_frames,
        }
        if self.settings.detector != DEFAULT_DETECTOR:
            settings["detector"] = self.settings.detector
        return self._recipe(settings | self._choices())

    def outputs(self) -> dict[Path, Recipe]:
        """All outputs that are wanted, in the order in which they are made."""
        clips, settings = self.clips_recipe(), self.settings
        wanted = {}
        if settings.stats:
            wanted[self.corpus.scores(self.id)] = self.scores_recipe()
        wanted[self.corpus.clips(self.id)] = clips
        if settings.suggest:
            wanted[self.corpus.suggestions(self.id)] = clips
        if settings.thumbnails:
            wanted[self.corpus.contact_sheet(self.id)] = clips
        return wanted

    def is_finished(self) -> bool:
        """Whether nothing is left to do; False, too, where the film cannot be read."""
        try:
            return not self.settings.force and all(
                state_of(output, recipe) is State.CURRENT for output, recipe in self.outputs().items()
            )
        except OSError:
            return False  # the error is reported when the film is segmented

    def _choices(self, *, scores: bool = False) -> dict[str, object]:
        chosen = other_than_default(self.detector, scores=scores)
        if self.settings.weights is not None:
            chosen["weights"] = fingerprint(self.settings.weights)
        if self.settings.start:
            chosen["start"] = self.settings.start
        if self.settings.end is not None:
            chosen["end"] = self.settings.end
        return chosen
