"""The report of ``retrieve`` as an HTML page."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from mmtool.formats.corpus import Corpus
from mmtool.html_report.results_page import QueryView, ResultsView, ResultView, write_results_page
from mmtool.stages.retrieve.report import Hit, QueryResult, RetrieveReport
from mmtool.video import VIDEO_SUFFIXES


def write_results(page: Path, corpus: Corpus, report: RetrieveReport) -> Path:
    """Write the page of a report, and return its path."""
    films, _ = corpus.media("videos", VIDEO_SUFFIXES)
    titles = corpus.titles()
    models = report.encoder
    if report.reranker:
        models += f", reranked by {report.reranker} ({report.rule})"
    queries = [_query(result, films, titles, page) for result in report.results]
    title = report.results[0].query if len(report.results) == 1 else f"{len(report.results)} snippets"
    name = corpus.root.resolve().name
    write_results_page(page, ResultsView(f"{name}: {title}", models, queries))
    return page


def _query(
    result: QueryResult, films: Mapping[str, Path], titles: Mapping[str, str], page: Path
) -> QueryView:
    return QueryView(
        query=result.query,
        results=[_result(hit, films, titles, page) for hit in result.hits],
        origin=titles.get(result.id) or result.id,
        picture=_picture(result.picture),
    )


def _result(hit: Hit, films: Mapping[str, Path], titles: Mapping[str, str], page: Path) -> ResultView:
    film, times = "", ""
    if hit.start is not None and hit.end is not None:
        times = f"{clock(hit.start)}–{clock(hit.end)}"
        if hit.id in films:
            film = f"{_address(films[hit.id], page)}#t={hit.start:.3f},{hit.end:.3f}"
    return ResultView(
        rank=hit.rank,
        score=f"{hit.score:.3f}",
        id=hit.id,
        title=titles.get(hit.id) or hit.id,
        text=hit.text,
        snippet=hit.snippet,
        clip=hit.clip,
        times=times,
        film=film,
        picture=_picture(hit.picture),
    )


def _picture(path: str | None) -> bytes | None:
    return None if path is None else Path(path).read_bytes()


def _address(film: Path, page: Path) -> str:
    """The film's address relative to the page; absolute if it is on another drive of Windows."""
    try:
        relative = Path(os.path.relpath(film.absolute(), page.absolute().parent))
    except ValueError:
        return film.absolute().as_uri()
    return quote(os.fsencode(relative.as_posix()))


def clock(seconds: float) -> str:
    """H:MM:SS.s, rounded to a tenth of a second."""
    tenths = round(seconds * 10)
    return f"{tenths // 36000}:{tenths // 600 % 60:02}:{tenths // 10 % 60:02}.{tenths % 10}"
