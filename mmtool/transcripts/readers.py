"""A file → the transcript in it; the suffix of the file selects the reader."""

from collections.abc import Callable
from pathlib import Path

from mmtool.errors import InputError
from mmtool.records import Transcript
from mmtool.transcripts import TRANSCRIPT_SUFFIXES
from mmtool.transcripts.assembly import assemble
from mmtool.transcripts.cues import CUE_SUFFIXES, read_cues
from mmtool.transcripts.json_lines import read_lines
from mmtool.transcripts.recognisers import read_json
from mmtool.transcripts.utterances import Contents

_READERS: dict[str, Callable[[Path], Contents]] = {
    **dict.fromkeys(CUE_SUFFIXES, read_cues),
    ".json": read_json,
    ".json3": read_json,
    ".jsonl": read_lines,
}


def read_transcript(path: Path) -> Transcript:
    """Read the transcript of a film.

    Args:
        path: Subtitles, a table, JSON or JSON lines; its suffix says which format it has.

    Returns:
        The words that are said, with times in seconds; without words if the file says that nothing is said.

    Raises:
        InputError: The suffix is unknown, or the reader of its format rejects the file.
    """
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        raise InputError(path, "is not a supported transcript", f"use {', '.join(TRANSCRIPT_SUFFIXES)}")
    return assemble(_READERS[suffix](path), path.name)
