"""The transcripts of a corpus, as the stages that use them read them."""

from mmtool.formats.corpus import Corpus
from mmtool.records import Clip, Transcript
from mmtool.stages.shared.transcript_files import transcript_file
from mmtool.transcripts.assembly import within
from mmtool.transcripts.readers import read_transcript


def transcript_of(corpus: Corpus, id: str, clips: list[Clip]) -> Transcript | None:
    """What is said in a video, up to the end of its last clip; None if it has no transcript.

    Raises InputError for a file that cannot be read, and where a video has several transcripts.
    """
    path = transcript_file(corpus, id)
    if path is None:
        return None
    return within(read_transcript(path), max((clip.end for clip in clips), default=0.0))
