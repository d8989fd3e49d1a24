"""Alignments as subtitles, by pysubs2: SubRip, WebVTT, Advanced SubStation Alpha."""

import html
import re
from functools import partial
from pathlib import Path

import pysubs2

from mmtool.exports.contract import AlignedFilm, ExportFormat

# pysubs2 reads these as override codes of ASS in every format, so they are replaced while it writes.
REPLACED = str.maketrans("{}\\", "\ue000\ue001\ue002")
RESTORED = str.maketrans("\ue000\ue001\ue002", "{}\\")
ASS_LOOKALIKES = str.maketrans("\ue000\ue001\ue002", "()\u2216")  # ASS itself cannot show the originals


TAG = re.compile(r"<(/?[A-Za-z][^<>]*)>")
STAMP = re.compile(r"(?:[0-9]{1,4}:)?[0-9]{1,2}:[0-9]{1,2}[.,][0-9]{1,3}")
VERDICT = "mmtool verdict"


def write_subtitles(path: Path, film: AlignedFilm, *, format: str) -> None:
    """Write one cue per passage, to the millisecond; ``format`` is srt, vtt or ass."""
    subtitles = pysubs2.SSAFile()
    for passage in film.passages:
        start, end = (round(seconds * 1000) for seconds in passage.interval)
        event = pysubs2.SSAEvent(start=start, end=max(end, start + 1))
        event.plaintext = _escaped(passage.text, format).translate(REPLACED)
        if format == "ass":
            event.name = f"{passage.confidence:.2f}"  # the actor, which editors list beside the text
        subtitles.append(event)
    if film.verdict and format == "ass":
        subtitles.info[VERDICT] = film.verdict
    written: str = subtitles.to_string(format)
    if film.verdict and format == "vtt":
        written = written.replace("WEBVTT\n", f"WEBVTT\n\nNOTE {VERDICT}: {film.verdict}\n", 1)
    written = written.translate(ASS_LOOKALIKES if format == "ass" else RESTORED)
    path.write_text(written, encoding="utf-8", newline="")


def _escaped(text: str, format: str) -> str:
    """Text that no player takes for markup or for a time line; SubRip has only lookalikes for that."""
    if format != "ass" and len(STAMP.findall(text)) > 1:  # tolerant readers take such a line for times
        text = STAMP.sub(lambda stamp: stamp[0].replace(":", "\u2236"), text)
    if format == "vtt":
        return html.escape(text, quote=False)
    if format == "srt":
        text = TAG.sub(r"‹\1›", text).replace("{\\", "{\u2216")
    return text.replace("-->", "--›")


SRT = ExportFormat(help="SubRip subtitles.", suffix=".srt", write=partial(write_subtitles, format="srt"))
VTT = ExportFormat(help="WebVTT subtitles.", suffix=".vtt", write=partial(write_subtitles, format="vtt"))
ASS = ExportFormat(
    help="Advanced SubStation Alpha subtitles.", suffix=".ass", write=partial(write_subtitles, format="ass")
)
