"""Rows of an index → results that people understand: film, time, snippet and picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmtool.errors import InputError
from mmtool.evaluation.labels import best_labels
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.pictures import write_picture
from mmtool.formats.snippets import read_snippets
from mmtool.records import Clip, Snippet
from mmtool.retrieval.rerank import Ranked
from mmtool.stages.retrieve.report import Hit
from mmtool.stages.shared.truth import read_truth
from mmtool.video import VIDEO_SUFFIXES


@dataclass(slots=True)
class CorpusPlaces:
    """Clips, snippets and films of the corpus, each list read once."""

    corpus: Corpus
    notes: list[str] = field(default_factory=list)
    _clips: dict[str, list[Clip]] = field(default_factory=dict)
    _snippets: dict[str, list[Snippet]] = field(default_factory=dict)
    _labels: dict[str, list[int | None]] = field(default_factory=dict)
    _films: dict[str, Path] | None = None

    def clip(self, id: str, clip: int) -> Clip:
        """A clip, from 0; raises InputError if the stored features are of other clips."""
        if id not in self._clips:
            self._clips[id] = read_clips(self.corpus.clips(id))
        if clip >= len(self._clips[id]):
            problem = f"has {len(self._clips[id])} clips, but clip {clip + 1} was asked for"
            raise InputError(
                self.corpus.clips(id), problem, "name another clip, or run `mmtool extract` again"
            )
        return self._clips[id][clip]

    def snippet(self, id: str, snippet: int) -> Snippet:
        """A snippet, from 0."""
        if id not in self._snippets:
            self._snippets[id] = read_snippets(self.corpus.snippets(id))
        return self._snippets[id][snippet]

    def annotated(self, id: str, clip: int) -> int | None:
        """The snippet, from 0, that a clip shows according to the annotations; None if that is unknown."""
        if id not in self._labels:
            self._labels[id] = self._read_labels(id)
        return self._labels[id][clip]

    def picture(self, id: str, clip: int) -> str | None:
        """A picture of a clip, which is drawn from the film if it is missing; None without the film."""
        times = self.clip(id, clip)
        path = self.corpus.retrieved() / "pictures" / id / f"{clip + 1:04}-{times.start:.3f}.jpg"
        if path.exists():
            return str(path)
        if self._films is None:
            self._films, _ = self.corpus.media("videos", VIDEO_SUFFIXES)
        film = self._films.get(id)
        if film is None:
            return None
        from mmtool.video.thumbnails import encode, read_thumbnails

        try:
            (picture,) = read_thumbnails(film, [times])
        except InputError as error:
            if str(error) not in self.notes:
                self.notes.append(str(error))
            return None
        write_picture(path, encode(picture))
        return str(path)

    def _read_labels(self, id: str) -> list[int | None]:
        clips = self._clips[id]
        if not (self.corpus.annotations(id).exists() and self.corpus.snippets(id).exists()):
            return [None] * len(clips)
        try:
            self.snippet(id, 0)
            truth = read_truth(self.corpus, id, clips, self._snippets[id])
        except InputError as error:  # results are shown without the snippets of this video
            self.notes.append(str(error))
            return [None] * len(clips)
        return best_labels([clip.interval for clip in clips], truth)


def clip_hits(
    places: CorpusPlaces, ranked: Ranked, query: int, found: Sequence[tuple[str, int]]
) -> list[Hit]:
    """The results of a query for clips; ``found`` are the videos and clips of its rows."""
    hits = []
    for number, (id, clip) in enumerate(found):
        times, snippet = places.clip(id, clip), places.annotated(id, clip)
        hits.append(
            Hit(
                number + 1,
                *_scores(ranked, query, number),
                id,
                clip=clip + 1,
                start=times.start,
                end=times.end,
                snippet=None if snippet is None else snippet + 1,
                text="" if snippet is None else places.snippet(id, snippet).text,
                picture=places.picture(id, clip),
            )
        )
    return hits


def snippet_hits(
    places: CorpusPlaces, ranked: Ranked, query: int, found: Sequence[tuple[str, int]]
) -> list[Hit]:
    """The results of a query for snippets; ``found`` are the texts and snippets of its rows."""
    return [
        Hit(
            number + 1,
            *_scores(ranked, query, number),
            id,
            snippet=snippet + 1,
            text=places.snippet(id, snippet).text,
        )
        for number, (id, snippet) in enumerate(found)
    ]


def _scores(ranked: Ranked, query: int, number: int) -> tuple[float, float, float | None]:
    """The score, the similarity and the logit of a result."""
    logit = None if ranked.logit is None else float(ranked.logit[query, number])
    return float(ranked.score[query, number]), float(ranked.similarity[query, number]), logit
