"""Retrieval on the annotated videos of a split: ranks before and after reranking, in both directions."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mmtool.choices import RetrievalScore, Split
from mmtool.errors import CallError, InputError
from mmtool.evaluation.labels import best_labels
from mmtool.evaluation.retrieval import BothWays, Ranks, first_ranks, measure, reranked_ranks
from mmtool.formats.corpus import Corpus
from mmtool.formats.embedding_index import EmbeddingIndex
from mmtool.records import Failure
from mmtool.retrieval.rerank import combined
from mmtool.retrieval.search import search, similarities
from mmtool.stages.retrieve.call import Call
from mmtool.stages.retrieve.pairs import ClipKey, judged_pairs
from mmtool.stages.retrieve.report import RetrievalMeasures
from mmtool.stages.shared.clips_and_snippets import read_pair
from mmtool.stages.shared.truth import read_truth

TOGETHER = 256  # queries whose similarities to everything are held at a time


@dataclass(frozen=True, slots=True)
class AnnotatedSplit:
    """The clips and snippets of a split's annotated videos, and which of them belong together.

    Attributes:
        clips: The clips (N) as videos and numbers, from 0.
        texts: The text of each snippet (M).
        text_ids: (M): the video of each.
        labels: (N): which text each clip shows, as the number of a distinct text; −1 for none.
        kinds: (M): the number of the distinct text of each snippet.
    """

    clips: list[ClipKey]
    texts: list[str]
    text_ids: list[str]
    labels: NDArray[np.int64]
    kinds: NDArray[np.int64]

    def positive_clips(self, snippets: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(Q, N): which clips show the text of each of Q snippets."""
        found: NDArray[np.bool_] = self.kinds[snippets][:, None] == self.labels
        return found

    def positive_snippets(self, clips: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(Q, M): which snippets are shown by each of Q clips."""
        found: NDArray[np.bool_] = self.labels[clips][:, None] == self.kinds
        return found


def read_split(corpus: Corpus, split: Split, failures: list[Failure]) -> AnnotatedSplit:
    """Read the annotated videos of a split; those that cannot be read are added to ``failures``.

    Snippets with the same text are one: a clip of one is a clip of all. Raises CallError if no clip shows a
    snippet.
    """
    clips: list[ClipKey] = []
    texts: list[str] = []
    text_ids: list[str] = []
    labels: list[int] = []
    numbers: dict[str, int] = {}
    for id in corpus.split_ids(split):
        if not corpus.annotations(id).exists():
            continue
        try:
            own_clips, own_snippets = read_pair(corpus, id)
            truth = read_truth(corpus, id, own_clips, own_snippets)
        except InputError as error:
            failures.append(Failure(id, str(error)))
            continue
        own = [_kind(snippet.text, numbers) for snippet in own_snippets]
        shown = best_labels([clip.interval for clip in own_clips], truth)
        labels += [-1 if label is None else own[label] for label in shown]
        clips += [(id, number) for number in range(len(own_clips))]
        texts += [snippet.text for snippet in own_snippets]
        text_ids += [id] * len(own_snippets)
    kinds = np.array([numbers[_same(text)] for text in texts], np.int64)
    found = AnnotatedSplit(clips, texts, text_ids, np.array(labels, np.int64), kinds)
    if not (found.labels >= 0).any():
        raise CallError(
            f"{corpus.split(split)}: no clip of these videos shows a snippet, so nothing can be measured; "
            "add annotations/ID.tsv"
        )
    return found


def _same(text: str) -> str:
    return " ".join(text.split()).casefold()


def _kind(text: str, numbers: dict[str, int]) -> int:
    return numbers.setdefault(_same(text), len(numbers))


@dataclass(frozen=True, slots=True)
class Direction:
    """One direction: the queries that have positives, and the candidates of each by the dual encoder."""

    queries: NDArray[np.int64]  # (Q,) rows of the query side
    ids: list[str]  # (Q,) the video of each
    candidates: NDArray[np.int64]  # (Q, k)
    similarity: NDArray[np.float32]  # (Q, k)
    before: Ranks  # (Q,)
    seconds: float

    def by_video(self, ranks: Ranks) -> dict[str, Ranks]:
        names = np.array(self.ids)
        return {str(id): ranks[names == id] for id in sorted(set(self.ids))}


class Measured:
    """Both directions of a split: what the dual encoder does, and what reranking makes of it."""

    def __init__(self, split: AnnotatedSplit, clips: EmbeddingIndex, texts: NDArray[np.float32]) -> None:
        """Take the split, the embeddings of its clips and those (M, E) of its snippets."""
        self.split, self._texts = split, texts
        rows = [clips.rows(id)[number] for id, number in split.clips]
        self._clips, self._vectors = clips.embeddings[rows], clips.vectors

    def directions(self, k: int) -> tuple[Direction, Direction]:
        """Texts that find clips, and clips that find texts, with the best k candidates of each query."""
        split = self.split
        shown = np.flatnonzero(np.isin(split.kinds, split.labels))
        showing = np.flatnonzero(split.labels >= 0)
        to_clips = self._direction(shown, [split.text_ids[row] for row in shown], k, of_texts=True)
        to_texts = self._direction(showing, [split.clips[row][0] for row in showing], k, of_texts=False)
        return to_clips, to_texts

    def _direction(self, queries: NDArray[np.int64], ids: list[str], k: int, *, of_texts: bool) -> Direction:
        sought, among = (self._texts, self._clips) if of_texts else (self._clips, self._texts)
        parts, query_parts = (self._vectors, 1) if of_texts else (1, self._vectors)
        began = time.perf_counter()
        found = search(among, sought[queries], k, parts=parts, query_parts=query_parts)
        seconds = time.perf_counter() - began
        before = [
            first_ranks(similarities(among, sought[some], parts, query_parts), self._positive(some, of_texts))
            for some in _some(queries)
        ]
        return Direction(queries, ids, found.rows, found.similarity, np.concatenate(before), seconds)

    def _positive(self, queries: NDArray[np.int64], of_texts: bool) -> NDArray[np.bool_]:
        return self.split.positive_clips(queries) if of_texts else self.split.positive_snippets(queries)

    def pairs(self, directions: tuple[Direction, Direction]) -> NDArray[np.int64]:
        """All pairs (P, 2) of a clip and a snippet that are candidates in either direction, each once."""
        to_clips, to_texts = directions
        k, other = to_clips.candidates.shape[1], to_texts.candidates.shape[1]
        both = np.concatenate(
            [
                np.stack([to_clips.candidates.ravel(), np.repeat(to_clips.queries, k)], axis=1),
                np.stack([np.repeat(to_texts.queries, other), to_texts.candidates.ravel()], axis=1),
            ]
        )
        found: NDArray[np.int64] = np.unique(both, axis=0)
        return found

    def after(
        self,
        directions: tuple[Direction, Direction],
        logits: Mapping[tuple[int, int], float],
        rule: RetrievalScore,
        k: int,
    ) -> BothWays:
        """The measures after reranking the first k candidates by the logits of pairs of clip and snippet."""
        ranks = [
            direction.by_video(self._reranked(direction, logits, rule, k, of_texts=of_texts))
            for direction, of_texts in zip(directions, (True, False), strict=True)
        ]
        return measure(*ranks)

    def _reranked(
        self,
        direction: Direction,
        logits: Mapping[tuple[int, int], float],
        rule: RetrievalScore,
        k: int,
        *,
        of_texts: bool,
    ) -> Ranks:
        sought, among = (self._texts, self._clips) if of_texts else (self._clips, self._texts)
        parts, query_parts = (self._vectors, 1) if of_texts else (1, self._vectors)
        ranks = []
        for rows in _some(np.arange(len(direction.queries))):
            queries, candidates = direction.queries[rows], direction.candidates[rows, :k]
            pairs = [
                [(int(other), int(query)) if of_texts else (int(query), int(other)) for other in own]
                for query, own in zip(queries, candidates, strict=True)
            ]
            logit = np.array([[logits[pair] for pair in own] for own in pairs], np.float32)
            score = combined(direction.similarity[rows, :k], logit, rule)
            similarity = similarities(among, sought[queries], parts, query_parts)
            ranks.append(reranked_ranks(similarity, self._positive(queries, of_texts), candidates, score))
        return np.concatenate(ranks)


def _some(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(rows), TOGETHER):
        yield rows[start : start + TOGETHER]


def sweep_of(k: int) -> list[int]:
    """The numbers of candidates that a sweep tries: powers of two below k, and k."""
    powers = [1 << power for power in range(k.bit_length())]
    return [*(power for power in powers if power < k), k]


def measure_split(call: Call, split: Split) -> None:
    """Measure both directions on a split, before and after reranking."""
    report, settings = call.report, call.settings
    data = read_split(call.corpus, split, report.failures)
    index = call.models.dual.clips()
    if missing := [id for id, clip in data.clips if clip >= len(index.rows(id))]:
        problem = f"has no features of all clips of {missing[0]!r}"
        raise CallError(f"{index.path}: {problem}; run `mmtool extract` again")
    measured = Measured(data, index, call.models.dual.embed(data.texts))
    directions = measured.directions(settings.k)
    queries = sum(len(each.queries) for each in directions)
    report.done = sorted({id for id, _ in data.clips})
    report.searched = len(data.clips)
    report.measures = RetrievalMeasures(
        split=str(split),
        videos=len(report.done),
        clips=len(data.clips),
        snippets=len(data.texts),
        before=measure(*(each.by_video(each.before) for each in directions)),
        dual_seconds=sum(each.seconds for each in directions) / queries,
    )
    matcher = call.models.matcher
    if matcher is None:
        return
    began, pairs = time.perf_counter(), measured.pairs(directions)
    read = matcher.texts(data.texts)
    judged = judged_pairs(matcher, call.models.materials, data.clips, read, pairs, call.progress)
    seconds = time.perf_counter() - began
    logits = {(int(clip), int(text)): float(own) for (clip, text), own in zip(pairs, judged, strict=True)}
    k = max(each.candidates.shape[1] for each in directions)
    sweep = {each: measured.after(directions, logits, settings.rule, each) for each in sweep_of(k)}
    report.pairs = len(pairs)
    report.measures = replace(
        report.measures,
        after=sweep[k],
        sweep=sweep,
        k=k,
        rule=str(settings.rule),
        rerank_seconds=seconds / queries,
    )
