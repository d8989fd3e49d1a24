"""The clips and snippets of one video, as alignment reads them."""

from mmtool.errors import InputError
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.snippets import read_snippets
from mmtool.records import Clip, Snippet


def read_pair(corpus: Corpus, id: str) -> tuple[list[Clip], list[Snippet]]:
    """Read both; raises InputError if one is missing or damaged."""
    clips, snippets = corpus.clips(id), corpus.snippets(id)
    if not clips.exists():
        raise InputError(
            snippets, f"has no clips (clips/{id}.csv)", f"add videos/{id}.mp4 and run `mmtool segment`"
        )
    if not snippets.exists():
        raise InputError(
            clips, f"has no snippets (snippets/{id}.csv)", f"add texts/{id}.txt and run `mmtool segment`"
        )
    return read_clips(clips), read_snippets(snippets)
