"""Alignments as subtitles, by pysubs2: SubRip, WebVTT, Advanced SubStation Alpha."""

import html
from pathlib import Path

import pysubs2

from mmtool.exports.passages import passages
from mmtool.formats.atomic import write_text
from mmtool.records import Alignment

# pysubs2 takes these for codes of ASS in every format, so they pass it in disguise.
DISGUISED = str.maketrans("{}\\", "\ue000\ue001\ue002")
PLAIN = str.maketrans("\ue000\ue001\ue002", "{}\\")
CODED = str.maketrans("\ue000\ue001\ue002", "()\u2216")  # ASS itself cannot show them, but their likes


def write_subtitles(path: Path, alignment: Alignment, format: str) -> None:
    """A cue a passage, to the millisecond; ``format`` is srt, vtt or ass."""
    subtitles = pysubs2.SSAFile()
    for passage in passages(alignment):
        start, end = (round(seconds * 1000) for seconds in passage.interval)
        event = pysubs2.SSAEvent(start=start, end=max(end, start + 1))
        text = html.escape(passage.text, quote=False) if format == "vtt" else passage.text
        event.plaintext = text.translate(DISGUISED)
        subtitles.append(event)
    written: str = subtitles.to_string(format)
    write_text(path, written.translate(CODED if format == "ass" else PLAIN))
