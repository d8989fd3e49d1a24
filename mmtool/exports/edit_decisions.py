"""Alignments as edit decision lists (CMX 3600), with the film's own timecode as that of the source.

OpenTimelineIO's adapter cannot say whether timecodes are drop-frame and takes 29.97 for it always, so that
the source times of most such films would be wrong.
"""

from pathlib import Path

from mmtool.exports.contract import AlignedFilm, ExportFormat
from mmtool.exports.passages import one_line
from mmtool.exports.shots import SMPTE_RATES, shots_of
from mmtool.timecode import can_drop, timecode_of

REEL = "FILM"


def write_edl(path: Path, film: AlignedFilm) -> None:
    """Write an event for each passage; a record time is the time in the film.

    The frame rates are those of SMPTE; a film at another rate gets 25 frames per second.
    """
    timeline = shots_of(film, SMPTE_RATES)
    rate, drop = float(timeline.rate), timeline.drop and can_drop(float(timeline.rate))
    lines = [
        f"TITLE: {one_line(film.alignment.id)}",
        f"FCM: {'DROP' if drop else 'NON-DROP'} FRAME",
        *([f"* VERDICT: {film.verdict.upper()}"] if film.verdict else []),
        "",
    ]
    for number, shot in enumerate(timeline.shots, start=1):
        frames = [timeline.first + shot.start, timeline.first + shot.end, shot.start, shot.end]
        times = " ".join(timecode_of(frame, rate, drop=drop) for frame in frames)
        lines.append(f"{number:03}  {REEL:8} V     C        {times}")
        lines.append(f"* FROM CLIP NAME:  {shot.name}")
        if film.video is not None:
            lines.append(f"* SOURCE FILE: {one_line(film.video.name)}")
        lines.append(f"* CONFIDENCE: {shot.passage.confidence:.2f}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")


EDL = ExportFormat(help="An edit decision list (CMX 3600).", suffix=".edl", write=write_edl)
