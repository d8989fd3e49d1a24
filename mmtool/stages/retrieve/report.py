"""The report of ``retrieve``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from mmtool.evaluation.retrieval import BothWays
from mmtool.records import Report


@dataclass(frozen=True, slots=True)
class Hit:
    """One result of a query.

    Attributes:
        rank: From 1.
        score: What the results are ordered by.
        similarity: The cosine of the dual encoder.
        logit: The logit of "match" of the fusion encoder; None if nothing was reranked.
        id: The video.
        clip: The number of the clip, from 1; None if the result is a snippet.
        start: Start of the clip in seconds; None if the result is a snippet.
        end: End of the clip in seconds; None if the result is a snippet.
        snippet: The number of the snippet, from 1, that was found or that is annotated for the clip.
        text: Its text; empty if there is none.
        picture: A picture of the clip; None if the result is a snippet, or without the film.
    """

    rank: int
    score: float
    similarity: float
    logit: float | None
    id: str
    clip: int | None = None
    start: float | None = None
    end: float | None = None
    snippet: int | None = None
    text: str = ""
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class QueryResult:
    """A query, and what was found.

    Attributes:
        query: The words, or the clip as ID:N.
        hits: The results, best first.
        id: The video that a query of the corpus belongs to; empty for words.
        picture: A picture of the clip that is the query.
    """

    query: str
    hits: Sequence[Hit]
    id: str = ""
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class RetrievalMeasures:
    """Measures on a split, before and after reranking.

    Attributes:
        split: The split.
        videos: Annotated videos of it.
        clips: Clips that were searched.
        snippets: Snippets that were searched.
        before: By the dual encoder alone.
        after: After reranking the first k; None without a fusion encoder.
        sweep: After reranking as many candidates, by their number.
        k: Candidates of a query that were reranked.
        rule: What ordered them.
        dual_seconds: Seconds a query of the dual encoder.
        rerank_seconds: Seconds a query of the fusion encoder.
    """

    split: str
    videos: int
    clips: int
    snippets: int
    before: BothWays
    after: BothWays | None = None
    sweep: Mapping[int, BothWays] = field(default_factory=dict)
    k: int = 0
    rule: str = "itc"
    dual_seconds: float = 0.0
    rerank_seconds: float = 0.0


@dataclass(slots=True, kw_only=True)
class RetrieveReport(Report):
    """What was found or measured, and by which models."""

    stage: ClassVar[str] = "retrieve"
    encoder: str
    reranker: str = ""
    rule: str = "itc"
    searched: int = 0
    pairs: int = 0
    results: list[QueryResult] = field(default_factory=list)
    measures: RetrievalMeasures | None = None
    page: Path | None = None

    @property
    def facts(self) -> dict[str, object]:
        facts: dict[str, object] = {"encoder": self.encoder}
        if self.reranker:
            facts |= {"reranker": self.reranker, "pairs": self.pairs}
        if self.page is not None:
            facts["page"] = str(self.page)
        return facts
