"""A corpus of narrations whose timing tells little, and scores of its clips and snippets."""

from pathlib import Path

import numpy as np

from mmtool.choices import Split
from mmtool.formats.annotations import write_annotations
from mmtool.formats.clips import read_clips, write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.scores import FilmScores, write_scores
from mmtool.formats.snippets import read_snippets, write_snippets
from mmtool.formats.splits import write_split
from mmtool.records import Annotation, Clip, EncoderIdentity, Snippet

HEADS = (1, 5, 2, 4, 3, 6, 0, 1, 5, 2, 4, 3)  # clips before each narration
KINDS = ("secret", "hidden", "second", "bigger")
MODEL = EncoderIdentity("toy", "toy", "none", 4)


def narrated_corpus(root: Path) -> Corpus:
    """Ten clips of 3.2 s; four texts that take as long to read, from a clip on that varies."""
    corpus = Corpus(root)
    texts = [f"The captain finds a {kind} room behind the wall." for kind in KINDS]
    for number, head in enumerate(HEADS):
        id, clips = f"v{number}", [Clip(3.2 * i, 3.2 * (i + 1)) for i in range(10)]
        write_clips(corpus.clips(id), clips)
        write_snippets(corpus.snippets(id), [Snippet(text) for text in texts])
        spoken = zip(clips[head:], texts, strict=False)
        write_annotations(corpus.annotations(id), [Annotation(c.start, c.end, text) for c, text in spoken])
    write_split(corpus.split(Split.TRAIN), [f"v{number}" for number in range(10)])
    write_split(corpus.split(Split.TEST), ["v10", "v11"])
    return corpus


def film_scores(corpus: Corpus, id: str, log_odds: np.ndarray, **others: object) -> FilmScores:
    """Scores of a film's clips and snippets, all judged."""
    intervals = np.array([clip.interval for clip in read_clips(corpus.clips(id))])
    snippets = [snippet.text for snippet in read_snippets(corpus.snippets(id))]
    return FilmScores(
        **(
            {
                "raw": log_odds.astype(np.float32),
                "reranked": np.ones(log_odds.shape, bool),
                "similarity": np.tanh(log_odds / 4).astype(np.float32),
                "intervals": intervals,
                "snippets": snippets,
                "models": (MODEL,),
                "recipe": "1",
            }
            | others
        )
    )


def write_toy_scores(corpus: Corpus, *, informed: bool = True, name: str = "toy") -> None:
    """Scores of every film: where informed, a clip fits its own snippet; otherwise they are random."""
    rng = np.random.default_rng(1)
    for number, head in enumerate(HEADS):
        odds = rng.normal(-3, 1, (10, 4))
        if informed:
            odds[np.arange(head, head + 4), np.arange(4)] = 3.0
        write_scores(corpus.match_scores(name, f"v{number}"), film_scores(corpus, f"v{number}", odds))
