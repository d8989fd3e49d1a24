"""One film → its clips in memory: from the scores of a detector, or from a cut list."""

from math import inf
from pathlib import Path
from typing import NamedTuple

from mmtool.errors import InputError, SettingError
from mmtool.formats.cut_lists import read_cut_list
from mmtool.records import Clip
from mmtool.settings.segment import SegmentSettings
from mmtool.video.containers import tracks_note
from mmtool.video.detectors.contract import Detector
from mmtool.video.detectors.registry import make_detector
from mmtool.video.film_header import read_header
from mmtool.video.frames import timeline_of
from mmtool.video.media import read_media
from mmtool.video.probe import probe
from mmtool.video.reach import data_end
from mmtool.video.scores import FrameScores
from mmtool.video.shots import Extent, OnFrames, clips_of, pictures_end, score_frames

TOLERATED_LOSS = 0.05  # share of a film that may be missing at its end


class CutFilm(NamedTuple):
    """The clips of a film, at least one, and what the user should know about them."""

    clips: list[Clip]
    notes: list[str]


def cut_film(path: Path, settings: SegmentSettings, on_frames: OnFrames | None = None) -> CutFilm:
    """Cut one film into clips; nothing is written.

    Raises:
        CallError: The settings do not fit the detector.
        InputError: The film cannot be decoded, or is truncated.
    """
    if settings.clips is not None:
        if not settings.clips.is_file():
            raise SettingError("clips", f"must be a cut list, not {settings.clips}")
        return clips_from_cut_list(path, settings.clips)
    detector = make_detector(
        settings.detector,
        threshold=settings.threshold,
        weights=settings.weights,
        options=settings.detector_options,
    )
    extent = Extent(settings.start, settings.end)
    scores = score_frames(path, detector, extent=extent, on_frames=on_frames)
    return clips_from_scores(path, scores, detector, settings)


def clips_from_scores(
    path: Path, scores: FrameScores, detector: Detector, settings: SegmentSettings
) -> CutFilm:
    """The clips between the cuts that a detector finds; raises InputError for a truncated film."""
    clips = clips_of(scores, detector, min_clip_frames=settings.min_clip_frames)
    notes = _notes_on_end(path, scores, clips[-1].end, settings)
    if len(clips) == 1:
        notes.append(
            f"{path}: no cuts found, so the film is one clip of {clips[0].duration:.1f} s; "
            f"if it has cuts, {detector.advice_for_more_cuts()}"
        )
    return CutFilm(clips, [*notes, *_notes_on_tracks(path)])


def clips_from_cut_list(path: Path, cut_list: Path) -> CutFilm:
    """The clips of a cut list.

    Frame numbers that contradict the times are left out: some programs count by an average frame rate.
    """
    rate, header = probe(path).frame_rate, read_header(path)
    end = header.end if header.indexed else pictures_end(path)  # streams only have an estimate
    clips, notes = read_cut_list(
        cut_list,
        frame_rate=rate,
        end=end,
        offset=header.offset,
        media_start=read_media(path).start,
    )
    if timeline_of(path, clips) is None:
        clips = [Clip(clip.start, clip.end) for clip in clips]
    return CutFilm(clips, [*notes, *_notes_on_tracks(path)])


def _notes_on_tracks(path: Path) -> list[str]:
    note = tracks_note(path)
    return [note] if note else []


def _notes_on_end(path: Path, scores: FrameScores, end: float, settings: SegmentSettings) -> list[str]:
    """Tell a truncated file, which fails, from a film whose sound goes on after its pictures."""
    claimed = scores.claimed_end
    if claimed is None or _reaches(end, min(claimed, settings.end or inf)):
        return []
    ends = f"its pictures end at {end:.1f} s, but its header says {claimed:.1f} s"
    if settings.incomplete or _reaches(data_end(path), claimed):
        return [f"{path}: {ends}; the clips end with the pictures"]
    raise InputError(
        path, f"is truncated: {ends}", "copy it again, or accept what there is with `incomplete`"
    )


def _reaches(end: float, wanted: float) -> bool:
    return wanted - end <= max(1.0, TOLERATED_LOSS * wanted)
