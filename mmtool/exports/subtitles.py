"""Alignments as subtitles, by pysubs2: SubRip, WebVTT, Advanced SubStation Alpha."""

import html
from functools import partial
from pathlib import Path

import pysubs2

from mmtool.exports.contract import AlignedFilm, ExportFormat
from mmtool.formats.atomic import write_text

# pysubs2 reads these as override codes of ASS in every format, so they are replaced while it writes.
REPLACED = str.maketrans("{}\\", "\ue000\ue001\ue002")
RESTORED = str.maketrans("\ue000\ue001\ue002", "{}\\")
ASS_LOOKALIKES = str.maketrans("\ue000\ue001\ue002", "()\u2216")  # ASS itself cannot show the originals


def write_subtitles(path: Path, film: AlignedFilm, *, format: str) -> None:
    """Write one cue per passage, to the millisecond; ``format`` is srt, vtt or ass."""
    subtitles = pysubs2.SSAFile()
    for passage in film.passages:
        start, end = (round(seconds * 1000) for seconds in passage.interval)
        event = pysubs2.SSAEvent(start=start, end=max(end, start + 1))
        text = html.escape(passage.text, quote=False) if format == "vtt" else passage.text
        event.plaintext = text.translate(REPLACED)
        subtitles.append(event)
    written: str = subtitles.to_string(format)
    write_text(path, written.translate(ASS_LOOKALIKES if format == "ass" else RESTORED))


SRT = ExportFormat(help="SubRip subtitles.", suffix=".srt", write=partial(write_subtitles, format="srt"))
VTT = ExportFormat(help="WebVTT subtitles.", suffix=".vtt", write=partial(write_subtitles, format="vtt"))
ASS = ExportFormat(
    help="Advanced SubStation Alpha subtitles.", suffix=".ass", write=partial(write_subtitles, format="ass")
)
