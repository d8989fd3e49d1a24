"""One film → its clips, and what goes with them: scores, a plot of thresholds, thumbnails."""

import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from mmtool.errors import CallError, MmtoolError
from mmtool.formats.clips import read_clips, write_clips
from mmtool.formats.frame_scores import read_frame_scores, write_frame_scores
from mmtool.formats.pictures import write_picture
from mmtool.formats.provenance import Recipe, State, recorded, state_of
from mmtool.stages.segment.clips import clips_from_cut_list, clips_from_scores
from mmtool.stages.segment.film_job import FilmJob
from mmtool.stages.segment.outputs import must_write
from mmtool.stages.segment.report import SegmentedVideo
from mmtool.video.scores import FrameScores
from mmtool.video.shots import Extent, OnFrames, recall_scores, score_frames

SUGGESTED = (0.5, 0.7, 1.0, 1.4, 2.0)  # thresholds to plot, as multiples of the detector's
DRAWING = threading.Lock()  # matplotlib's style belongs to the whole process


def segment_film(job: FilmJob, on_frames: OnFrames | None = None) -> SegmentedVideo:
    """Make the outputs of a film that are missing or out of date.

    Raises CallError for what makes the whole call impossible; any other error is in the result.
    """
    work = _Work(job, on_frames)
    try:
        for output, recipe in job.outputs().items():
            work.make(output, recipe)
    except CallError:
        raise
    except (MmtoolError, OSError) as error:
        return work.result(failure=str(error))
    return work.result()


class _Work:
    """Decodes a film at most once, and only if an output needs it."""

    def __init__(self, job: FilmJob, on_frames: OnFrames | None) -> None:
        self.job = job
        self._on_frames = on_frames
        self._written: list[Path] = []
        self._notes: list[str] = []
        self._clips: int | None = None
        self._thumbnails: int | None = None
        self._used_stored_scores = False
        corpus, id = job.corpus, job.id
        self._makers: dict[Path, Callable[[Path], None]] = {
            corpus.scores(id): self._write_scores,
            corpus.clips(id): self._write_clips,
            corpus.suggestions(id): self._draw_suggestions,
            corpus.contact_sheet(id): self._write_thumbnails,
        }

    def make(self, output: Path, recipe: Recipe) -> None:
        """Write an output, unless it is there already, made from the same film with the same settings."""
        if must_write(output, recipe, force=self.job.settings.force):
            with recorded(output, recipe) as part:
                self._makers[output](part)
            self._written.append(output)

    def result(self, failure: str = "") -> SegmentedVideo:
        """What was made so far."""
        return SegmentedVideo(
            id=self.job.id,
            path=self.job.path,
            written=tuple(self._written),
            notes=tuple(self._notes),
            failure=failure,
            clips=self._clips,
            thumbnails=self._thumbnails,
            used_stored_scores=self._used_stored_scores,
        )

    @cached_property
    def scores(self) -> FrameScores:
        """The stored scores if they are up to date, otherwise those of decoding."""
        job, settings = self.job, self.job.settings
        stored = job.corpus.scores(job.id)
        fresh = stored in self._written
        if (fresh or not settings.force) and state_of(stored, job.scores_recipe()) is State.CURRENT:
            first, times, scores = read_frame_scores(stored)
            self._used_stored_scores = True
            return recall_scores(job.path, first=first, times=times, scores=scores)
        return score_frames(
            job.path,
            job.detector,
            extent=Extent(settings.start, settings.end),
            on_frames=self._on_frames,
        )

    def _write_scores(self, output: Path) -> None:
        scores = self.scores
        write_frame_scores(
            output, scores.first, (scores.times + scores.offset).tolist(), scores.scores.tolist()
        )

    def _write_clips(self, output: Path) -> None:
        job = self.job
        if job.cut_list is None:
            cut = clips_from_scores(job.path, self.scores, job.detector, job.settings)
        else:
            cut = clips_from_cut_list(job.path, job.cut_list)
        write_clips(output, cut.clips)
        self._clips = len(cut.clips)
        self._notes += cut.notes

    def _draw_suggestions(self, output: Path) -> None:
        from mmtool.plots.thresholds import write_thresholds

        job, detector, scores = self.job, self.job.detector, self.scores
        minimum = job.settings.min_clip_frames
        times = scores.times + scores.offset
        cuts = {}
        for factor in SUGGESTED:
            other = detector.with_threshold(float(f"{factor * detector.threshold:.3g}"))
            cuts[other.threshold] = times[other.cuts(scores, minimum)].tolist()
        with DRAWING:
            write_thresholds(
                output,
                title=f"{job.id} — {job.settings.detector}, clips of at least {minimum} frames",
                score_name=detector.score_name,
                times=times,
                curve=detector.curve(scores),
                cuts=cuts,
                used=detector.threshold,
            )

    def _write_thumbnails(self, output: Path) -> None:
        from mmtool.video.thumbnails import contact_sheet, encode, read_thumbnails, tile

        job = self.job
        clips, tiles = read_clips(job.corpus.clips(job.id)), []
        for number, picture in enumerate(read_thumbnails(job.path, clips)):
            write_picture(job.corpus.thumbnail(job.id, number), encode(picture))
            tiles.append(tile(picture))
        number = len(clips)
        while (left_over := job.corpus.thumbnail(job.id, number)).exists():  # there were more clips before
            left_over.unlink()
            number += 1
        write_picture(output, encode(contact_sheet(tiles, clips)))
        self._thumbnails = len(tiles)
