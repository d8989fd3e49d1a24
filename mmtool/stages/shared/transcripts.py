"""The transcripts of a corpus, as the stages that use them find and read them."""

from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.corpus import Corpus
from mmtool.records import Clip, Transcript
from mmtool.transcripts import TRANSCRIPT_SUFFIXES
from mmtool.transcripts.assembly import within
from mmtool.transcripts.readers import read_transcript


def transcript_files(corpus: Corpus, id: str) -> list[Path]:
    """The transcripts that a video has, by name; more than one is for the user to sort out."""
    folder = corpus.transcript(id).parent
    return sorted(
        path
        for path in folder.glob("*")
        if path.stem == id and path.suffix.lower() in TRANSCRIPT_SUFFIXES and path.is_file()
    )


def transcript_of(corpus: Corpus, id: str, clips: list[Clip]) -> Transcript | None:
    """What is said in a video, up to the end of its last clip; None if it has no transcript.

    Raises InputError for a file that cannot be read, and where a video has several transcripts.
    """
    found = transcript_files(corpus, id)
    if not found:
        return None
    if len(found) > 1:
        names = " and ".join(path.name for path in found[1:])
        raise InputError(found[0], f"is one of several transcripts of {id}: {names}", "keep one of them")
    return within(read_transcript(found[0]), max((clip.end for clip in clips), default=0.0))
