"""One film → its clips, and what goes with them: kept scores, a picture of thresholds, thumbnails."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import inf
from pathlib import Path

from mmtool.choices import ShotDetector
from mmtool.errors import CallError, InputError, MmtoolError
from mmtool.formats.clips import read_clips, write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.cut_lists import read_cut_list
from mmtool.formats.digests import digest_file, fingerprint
from mmtool.formats.frame_scores import read_frame_scores, write_frame_scores
from mmtool.formats.pictures import write_picture
from mmtool.formats.provenance import Recipe, State, record, state_of
from mmtool.records import Clip, Failure, StageReport
from mmtool.settings.segment import SegmentSettings
from mmtool.stages.segment.outputs import count
from mmtool.video.detectors.contract import Detector
from mmtool.video.detectors.registry import other_than_default
from mmtool.video.film_header import read_header
from mmtool.video.frames import timeline_of
from mmtool.video.probe import probe
from mmtool.video.reach import data_end
from mmtool.video.scores import FrameScores
from mmtool.video.shots import Extent, OnFrames, clips_of, recall_scores, score_frames

SUGGESTED = (0.5, 0.7, 1.0, 1.4, 2.0)  # times the threshold
MISSING = 0.05  # of a film: less is nothing to speak of
DRAWING = threading.Lock()  # matplotlib's style is of the whole process


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
    def inputs(self) -> dict[str, str]:
        return {self.path.name: fingerprint(self.path)}

    def scores_recipe(self) -> Recipe:
        """What determines scores: not the threshold, nor what else only decides."""
        return Recipe(
            "segment", {"scores": str(self.detector.name)} | self._choices(scores=True), self.inputs
        )

    def clips_recipe(self) -> Recipe:
        """Settings that have their defaults are left out, as before there were such settings."""
        if self.cut_list is not None:
            return Recipe("segment", {"cuts": "imported"}, self.inputs | {"cuts": digest_file(self.cut_list)})
        settings: dict[str, object] = {
            "threshold": self.detector.threshold,
            "min_clip_frames": self.settings.min_clip_frames,
        }
        if self.detector.name is not ShotDetector.CONTENT:
            settings["detector"] = str(self.detector.name)
        return Recipe("segment", settings | self._choices(), self.inputs)

    def outputs(self) -> dict[Path, Recipe]:
        """All that is wanted, in the order in which it is made."""
        clips, settings = self.clips_recipe(), self.settings
        wanted = {}
        if settings.stats:
            wanted[self.corpus.scores(self.id)] = self.scores_recipe()
        wanted[self.corpus.clips(self.id)] = clips
        if settings.suggest:
            wanted[self.corpus.suggestions(self.id)] = Recipe("segment", clips.settings, clips.inputs)
        if settings.thumbnails:
            wanted[self.corpus.contact_sheet(self.id)] = Recipe("segment", clips.settings, clips.inputs)
        return wanted

    def is_finished(self) -> bool:
        """Whether nothing is left to do."""
        return not self.settings.force and all(
            state_of(output, recipe) is State.CURRENT for output, recipe in self.outputs().items()
        )

    def _choices(self, *, scores: bool = False) -> dict[str, object]:
        chosen = other_than_default(self.detector, scores=scores)
        if self.settings.weights is not None:
            chosen["weights"] = fingerprint(self.settings.weights)
        if self.settings.start:
            chosen["start"] = self.settings.start
        if self.settings.end is not None:
            chosen["end"] = self.settings.end
        return chosen


def segment_film(film: FilmJob, on_frames: OnFrames | None = None) -> StageReport:
    """Make what is missing of a film's outputs; a film that fails is a line in the report."""
    work = _Work(film, on_frames)
    try:
        for output, recipe in film.outputs().items():
            work.make(output, recipe)
    except CallError:
        raise
    except (MmtoolError, OSError) as error:
        work.report.failures.append(Failure(film.id, str(error)))
    else:
        (work.report.done if work.report.written else work.report.unchanged).append(film.id)
    return work.report


def _reaches(end: float, wanted: float) -> bool:
    return wanted - end <= max(1.0, MISSING * wanted)


class _Work:
    """Decodes a film at most once, and only if an output needs it."""

    def __init__(self, film: FilmJob, on_frames: OnFrames | None) -> None:
        self.film = film
        self.report = StageReport("segment")
        self._on_frames = on_frames
        corpus, id = film.corpus, film.id
        self._makers: dict[Path, Callable[[Path], None]] = {
            corpus.scores(id): self._write_scores,
            corpus.clips(id): self._write_clips,
            corpus.suggestions(id): self._draw_suggestions,
            corpus.contact_sheet(id): self._write_thumbnails,
        }

    def make(self, output: Path, recipe: Recipe) -> None:
        """Write an output unless it is there already, made from the same film with the same settings."""
        state, force = state_of(output, recipe), self.film.settings.force
        if state is State.FOREIGN and not force:
            raise InputError(
                output, "was not made by segment, or was changed since", "keep it, or replace it with --force"
            )
        if state is State.CURRENT and not force:
            return
        self._makers[output](output)
        record(output, recipe)
        self.report.written.append(str(output))

    @cached_property
    def scores(self) -> FrameScores:
        """Kept scores where there are any, else those of decoding."""
        film, settings = self.film, self.film.settings
        kept = film.corpus.scores(film.id)
        fresh = str(kept) in self.report.written
        if (fresh or not settings.force) and state_of(kept, film.scores_recipe()) is State.CURRENT:
            first, times, scores = read_frame_scores(kept)
            count(self.report, "films decided from kept scores", 1)
            return recall_scores(film.path, first=first, times=times, scores=scores)
        return score_frames(
            film.path,
            film.detector,
            extent=Extent(settings.start, settings.end),
            on_frames=self._on_frames,
        )

    def _write_scores(self, output: Path) -> None:
        scores = self.scores
        write_frame_scores(
            output, scores.first, (scores.times + scores.offset).tolist(), scores.scores.tolist()
        )

    def _write_clips(self, output: Path) -> None:
        cut_list = self.film.cut_list
        clips = self._detected() if cut_list is None else self._imported(cut_list)
        write_clips(output, clips)
        count(self.report, "clips", len(clips))

    def _detected(self) -> list[Clip]:
        film = self.film
        clips = clips_of(self.scores, film.detector, min_clip_frames=film.settings.min_clip_frames)
        self._check_end(clips[-1].end)
        if len(clips) == 1:
            self.report.notes.append(
                f"{film.path}: no cuts found, one clip of {clips[0].duration:.1f} s; "
                f"if there are cuts, {film.detector.for_more_cuts()}"
            )
        return clips

    def _check_end(self, end: float) -> None:
        """Tell a file that was cut off, which fails, from a film whose sound goes on after its pictures."""
        path, settings, claimed = self.film.path, self.film.settings, self.scores.claimed_end
        if claimed is None or _reaches(end, min(claimed, settings.end or inf)):
            return
        ends = f"its pictures end at {end:.1f} s, its header says {claimed:.1f} s"
        if settings.incomplete or _reaches(data_end(path), claimed):
            self.report.notes.append(f"{path}: {ends}; the clips end with the pictures")
        else:
            raise InputError(
                path, f"is cut off: {ends}", "copy it again, or cut what is there with --incomplete"
            )

    def _imported(self, cut_list: Path) -> list[Clip]:
        """Frames that contradict the times are left out: some programs number them by an average rate."""
        path = self.film.path
        rate, header = probe(path).frame_rate, read_header(path)
        clips = read_cut_list(cut_list, frame_rate=rate, end=header.end, offset=header.offset)
        if timeline_of(path, clips) is None:
            return [Clip(clip.start, clip.end) for clip in clips]
        return clips

    def _draw_suggestions(self, output: Path) -> None:
        from mmtool.plots.thresholds import write_thresholds

        film, detector, scores = self.film, self.film.detector, self.scores
        times = scores.times + scores.offset
        cuts = {}
        for factor in SUGGESTED:
            other = detector.with_threshold(float(f"{factor * detector.threshold:.3g}"))
            cuts[other.threshold] = times[other.cuts(scores, film.settings.min_clip_frames)].tolist()
        with DRAWING:
            write_thresholds(
                output,
                title=f"{film.id} — {detector.name}, at least {film.settings.min_clip_frames} frames a clip",
                score_name=detector.score_name,
                times=times,
                curve=detector.curve(scores),
                cuts=cuts,
                used=detector.threshold,
            )

    def _write_thumbnails(self, output: Path) -> None:
        from mmtool.video.thumbnails import contact_sheet, encode, read_thumbnails, tile

        film = self.film
        clips, tiles = read_clips(film.corpus.clips(film.id)), []
        for number, picture in enumerate(read_thumbnails(film.path, clips)):
            write_picture(film.corpus.thumbnail(film.id, number), encode(picture))
            tiles.append(tile(picture))
        number = len(clips)
        while (left_over := film.corpus.thumbnail(film.id, number)).exists():  # of more clips, earlier
            left_over.unlink()
            number += 1
        write_picture(output, encode(contact_sheet(tiles, clips)))
        count(self.report, "thumbnails", len(tiles))
