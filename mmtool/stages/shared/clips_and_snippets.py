"""The clips and the snippets of one id, as aligning reads them; not a stage of its own."""

from mmtool.errors import InputError
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.snippets import read_snippets
from mmtool.records import Clip, Snippet


def read_pair(corpus: Corpus, id: str) -> tuple[list[Clip], list[Snippet]]:
    """Read both; raises InputError where one is missing or damaged."""
    clips, snippets = corpus.clips(id), corpus.snippets(id)
    if not clips.exists():
        raise InputError(snippets, "has no clips beside it", f"add videos/{id}.mp4 and run `mmtool segment`")
    if not snippets.exists():
        raise InputError(clips, "has no snippets beside it", f"add texts/{id}.txt and run `mmtool segment`")
    return read_clips(clips), read_snippets(snippets)
