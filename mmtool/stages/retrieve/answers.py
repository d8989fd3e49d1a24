"""Answers to words, to the snippets of the corpus, and to a clip."""

from collections.abc import Callable, Sequence

import numpy as np

from mmtool.errors import CallError, InputError
from mmtool.formats.embedding_index import EmbeddingIndex
from mmtool.formats.snippets import read_snippets
from mmtool.records import Failure
from mmtool.retrieval.rerank import Ranked, by_similarity, reranked
from mmtool.retrieval.search import Found, search
from mmtool.stages.retrieve.call import Call
from mmtool.stages.retrieve.page import write_results
from mmtool.stages.retrieve.pairs import ClipKey, judged_pairs
from mmtool.stages.retrieve.report import QueryResult
from mmtool.stages.retrieve.results import CorpusPlaces, clip_hits, snippet_hits

MOSTLY_UNKNOWN = 0.5  # of a query's word pieces; from then on its results say little


def answer(call: Call) -> None:
    """Answer the query of a call, and write the page."""
    corpus, settings, report = call.corpus, call.settings, call.report
    output = settings.page or corpus.retrieved() / f"{settings.run or call.models.label}.html"
    if output.is_dir():
        raise CallError(f"{output}: is a folder; give `page` the name of a file, such as page.html")
    places = CorpusPlaces(corpus)
    report.results = [_describe(call, places)] if settings.clip else _find_clips(call, places)
    report.notes += places.notes
    report.done = [result.query for result in report.results]
    report.page = write_results(output, corpus, report)
    report.written.append(str(report.page))


def _queries(call: Call) -> list[tuple[str, str]]:
    """The texts to look for, each with its video; words have none."""
    if call.settings.words:
        return [("", call.settings.words)]
    found = []
    for id in call.corpus.snippet_ids():
        try:
            found += [(id, snippet.text) for snippet in read_snippets(call.corpus.snippets(id))]
        except InputError as error:
            call.report.failures.append(Failure(id, str(error)))
    if not found:
        raise CallError(f"{call.corpus.root}: no snippets in snippets/; run `mmtool segment` first")
    return found


def _find_clips(call: Call, places: CorpusPlaces) -> list[QueryResult]:
    """The clips that each text describes."""
    queries = _queries(call)
    texts = [text for _, text in queries]
    call.report.notes += _unknown_notes(call, texts)
    index = call.models.dual.clips()
    call.report.searched = len(index.embeddings)
    found = search(index.embeddings, call.models.dual.embed(texts), _depth(call), parts=index.vectors)

    def pair(query: int, row: int) -> tuple[ClipKey, int]:
        return index.place(row), query

    ranked = _ranked(call, found, texts, pair)
    return [
        QueryResult(text, clip_hits(places, ranked, query, _shown(call, index, ranked, query)), id=id)
        for query, (id, text) in enumerate(queries)
    ]


def _describe(call: Call, places: CorpusPlaces) -> QueryResult:
    """The snippets that describe a clip."""
    id, clip = call.settings.video_and_clip
    listed = call.corpus.clips(id)
    if not listed.exists():
        raise CallError(f"{listed}: no such video; name one of clips/ in `clip`")
    places.clip(id, clip)
    clips, index = call.models.dual.clips(), call.models.dual.snippets()
    rows = clips.rows(id)
    if clip >= len(rows):
        raise CallError(f"{clips.path}: has no features of {call.settings.clip}; run `mmtool extract` again")
    call.report.searched = len(index.embeddings)
    query = clips.embeddings[rows[clip] : rows[clip] + 1]
    found = search(index.embeddings, query, _depth(call), query_parts=clips.vectors)
    snippets = [index.place(int(row)) for row in found.rows[0]]
    texts = [places.snippet(*snippet).text for snippet in snippets]
    number = {int(row): own for own, row in enumerate(found.rows[0])}

    def pair(_: int, row: int) -> tuple[ClipKey, int]:
        return (id, clip), number[row]

    ranked = _ranked(call, found, texts, pair)
    hits = snippet_hits(places, ranked, 0, _shown(call, index, ranked, 0))
    return QueryResult(call.settings.clip, hits, id=id, picture=places.picture(id, clip))


def _depth(call: Call) -> int:
    """How many candidates are looked for: at least as many as are shown."""
    top, k = call.settings.top, call.settings.k
    return top if call.models.matcher is None else max(k, top)


def _ranked(
    call: Call,
    found: Found,
    texts: Sequence[str],
    pair: Callable[[int, int], tuple[ClipKey, int]],
) -> Ranked:
    """Candidates in their final order; ``pair`` is the clip and the text of a query and a row."""
    matcher = call.models.matcher
    if matcher is None:
        return by_similarity(found)
    sought = [pair(query, int(row)) for query, own in enumerate(found.rows) for row in own]
    clips = sorted({clip for clip, _ in sought})
    numbers = {clip: number for number, clip in enumerate(clips)}
    pairs = np.array([[numbers[clip], text] for clip, text in sought], np.int64).reshape(-1, 2)
    judged = judged_pairs(matcher, call.models.materials, clips, matcher.texts(texts), pairs, call.progress)
    call.report.pairs += len(pairs)
    return reranked(found, judged.reshape(found.rows.shape), call.settings.rule)


def _shown(call: Call, index: EmbeddingIndex, ranked: Ranked, query: int) -> list[tuple[str, int]]:
    return [index.place(int(row)) for row in ranked.rows[query][: call.settings.top]]


def _unknown_notes(call: Call, texts: Sequence[str]) -> list[str]:
    """Notes on queries whose words a vocabulary does not know."""
    shares = {call.models.dual.name: call.models.dual.unknown(texts)}
    if call.models.matcher is not None and not call.settings.run:  # whose network does both
        shares[call.report.reranker] = call.models.matcher.texts(texts).unknown
    notes = []
    for name, unknown in shares.items():
        wrong = [text for text, share in zip(texts, unknown, strict=True) if share >= MOSTLY_UNKNOWN]
        if wrong:
            more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
            notes.append(
                f"{wrong[0]!r}{more}: the vocabulary of {name} does not know most of these words, so the "
                "results say little; use a model of this language, such as siglip2"
            )
    return notes
