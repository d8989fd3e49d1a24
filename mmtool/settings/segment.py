"""Settings of ``segment``."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mmtool.choices import TextFormat, TextSplit
from mmtool.errors import SettingError
from mmtool.settings.options import Option, Settings

CLIPS, SNIPPETS, OUTPUT = "Clips", "Snippets", "Output"
LANGUAGE = re.compile(r"[a-z]{2,3}(-\w+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSettings(Settings):
    """How films are cut into clips and texts are split into snippets.

    The default detector is the paper's: PySceneDetect's content detector at threshold 20.
    """

    detector: Annotated[
        str,
        Option(
            "How cuts are found: content, adaptive, threshold, histogram, hash, transnetv2, or the name of "
            "an installed plug-in. mmtool segment --detectors lists their options.",
            heading=CLIPS,
            metavar="NAME",
            completion="detectors",
        ),
    ] = "content"
    threshold: Annotated[
        float | None,
        Option(
            "A frame that differs from the one before by at least this much starts a new clip.",
            heading=CLIPS,
            above=0,
            at_most=255,
            default="the detector's own; 20 for content, on a scale of 0–255",
        ),
    ] = None
    min_clip_frames: Annotated[
        int, Option("Minimum length of a clip in frames.", heading=CLIPS, at_least=1)
    ] = 5
    detector_options: Annotated[
        tuple[str, ...],
        Option(
            "Another option of the detector; can be repeated.",
            heading=CLIPS,
            flag="detector-option",
            metavar="NAME=VALUE",
        ),
    ] = ()
    weights: Annotated[
        Path | None,
        Option(
            "File with the weights of a learned detector (transnetv2).",
            heading=CLIPS,
            default="the published weights",
        ),
    ] = None
    start: Annotated[
        float,
        Option(
            "Ignore the film before this time: 90, 1:30 or 0:01:30.0.",
            heading=CLIPS,
            at_least=0,
            is_time=True,
            default="the film's start",
        ),
    ] = 0.0
    end: Annotated[
        float | None,
        Option(
            "Ignore the film after this time.", heading=CLIPS, above=0, is_time=True, default="the film's end"
        ),
    ] = None
    incomplete: Annotated[
        bool, Option("Accept truncated films, and cut as much of them as there is.", heading=CLIPS)
    ] = False
    clips: Annotated[
        Path | None,
        Option(
            "Use this list of cuts instead of a detector: a PySceneDetect CSV file, an EDL, or a text file "
            "with one time per line; or a folder with one list per film (ID.csv, ID.edl or ID.txt).",
            heading=CLIPS,
        ),
    ] = None
    workers: Annotated[
        int,
        Option(
            "Number of films cut at the same time.",
            heading=CLIPS,
            at_least=0,
            default="one per processor core",
        ),
    ] = 0
    split: Annotated[
        TextSplit,
        Option(
            "How texts are split: auto splits plain text into sentences where its lines are paragraphs, none "
            "keeps all lines and cues.",
            heading=SNIPPETS,
            metavar="HOW",
        ),
    ] = TextSplit.AUTO
    language: Annotated[
        str,
        Option(
            "Language of the texts, an ISO 639 code; auto recognises Chinese, Japanese, Thai and others "
            "by their script, and takes the rest for English. Only English (en) has a model for phrases.",
            heading=SNIPPETS,
            metavar="CODE",
        ),
    ] = "auto"
    text_format: Annotated[
        TextFormat,
        Option(
            "Format of .txt files; auto recognises screenplays by their scene headings.",
            heading=SNIPPETS,
            metavar="FORMAT",
        ),
    ] = TextFormat.AUTO
    encoding: Annotated[
        str | None,
        Option(
            "Encoding of the texts, such as cp1251 or gb18030.",
            heading=SNIPPETS,
            metavar="NAME",
            default="UTF-8, or what is detected",
        ),
    ] = None
    stats: Annotated[
        bool,
        Option("Save the score of each frame, so that other thresholds need no decoding.", heading=OUTPUT),
    ] = False
    suggest: Annotated[
        bool, Option("Plot the scores, and the cuts that several thresholds would give.", heading=OUTPUT)
    ] = False
    thumbnails: Annotated[
        bool, Option("Save the central frame of each clip, and a contact sheet of them.", heading=OUTPUT)
    ] = False
    force: Annotated[bool, Option("Segment again, replacing earlier results.", heading=OUTPUT)] = False

    def check(self) -> None:
        if self.encoding is not None and not _is_encoding(self.encoding):
            raise SettingError("encoding", f"must be a text encoding such as utf-8, not {self.encoding}")
        if self.language != "auto" and LANGUAGE.fullmatch(self.language) is None:
            raise SettingError(
                "language", f"must be auto, or an ISO 639 code such as en or de, not {self.language}"
            )
        if self.end is not None and self.end <= self.start:
            raise SettingError("end", f"must be after `start`, not {self.end:g}")
        if self.clips is not None and (self.stats or self.suggest or self.start or self.end is not None):
            raise SettingError(
                "clips", "takes cuts as they are; leave out `stats`, `suggest`, `start` and `end`"
            )


def _is_encoding(name: str) -> bool:
    """Whether Python has a codec of this name that makes text of bytes."""
    try:
        return isinstance(b"0000".decode(name, "replace"), str)
    except (LookupError, ValueError):
        return False
