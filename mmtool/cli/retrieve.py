"""``mmtool retrieve``."""

from typing import TYPE_CHECKING

from mmtool.cli.console import err, finish, out, printable, progress_bars, timecode
from mmtool.cli.from_settings import takes_settings
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.cli.tables import counted, rows_table, with_interval
from mmtool.settings.retrieve import RetrieveSettings

if TYPE_CHECKING:
    from rich.table import Table

    from mmtool.evaluation.measures import Estimate
    from mmtool.evaluation.retrieval import BothWays
    from mmtool.stages.retrieve import Hit, QueryResult, RetrievalMeasures, RetrieveReport

WIDE = 120  # columns from which results have a line for text and picture each
SHOWN = 20  # queries of the table; the page has all


@takes_settings
def retrieve(
    corpus: CorpusArgument = HERE,
    settings: RetrieveSettings = None,  # type: ignore[assignment]  # made from the options
    as_json: Json = False,
) -> None:
    """Find the clips that words describe, or the snippets that describe a clip; or measure how well.

    A dual encoder compares the words with all clips of the corpus. A reranker, which sees words and frames
    together, orders the best `--k` of them. Reads clips/, snippets/, and videos/ for pictures; embeddings of
    clips and snippets are stored in features/ and computed once. Writes retrieved/, an HTML page with the
    pictures of the clips.

    With `--split`, every annotated clip and snippet of the split is a query: shows R@1, R@5, R@10 and the
    median rank in both directions, with and without reranking. Snippets with the same text count as one, and
    any clip of a snippet is right.

    Example: mmtool retrieve my-corpus "a man falls off a bridge"

    Example: mmtool retrieve my-corpus "a dog in the snow" --reranker blip --frames 4

    Example: mmtool retrieve my-corpus --clip film:12 --encoder siglip2

    Example: mmtool retrieve my-corpus --split test --reranker blip --k 64
    """
    from mmtool.stages.retrieve import retrieve as stage

    with progress_bars(quiet=as_json) as bars:
        report = stage(corpus, settings, progress=bars)
    if not as_json:
        _show(report)
    finish(report, as_json=as_json)


def _show(report: "RetrieveReport") -> None:
    if report.measures is not None:
        out.print(_measures_table(report.measures))
        if len(report.measures.sweep) > 1:
            out.print(_sweep_table(report.measures))
        return
    for result in report.results[:SHOWN]:
        _show_query(result)
    if len(report.results) > SHOWN:
        err.line(f"{len(report.results) - SHOWN} more queries are on the page and in --json")


def _show_query(result: "QueryResult") -> None:
    if not out.is_terminal:
        for hit in result.hits:
            times = ("", "") if hit.start is None else (f"{hit.start:.3f}", f"{hit.end:.3f}")
            clip, snippet = ("" if number is None else str(number) for number in (hit.clip, hit.snippet))
            cells = str(hit.rank), f"{hit.score:.4f}", hit.id, clip, *times, snippet, hit.text
            out.line("\t".join((printable(result.query), *cells, hit.picture or "")))
        return
    out.print(_hits_table(result, out.width))


def _hits_table(result: "QueryResult", width: int) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    of_clips = any(hit.clip is not None for hit in result.hits)
    table = Table(
        title=Text(printable(result.query)),
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
        expand=True,
    )
    table.add_column("", justify="right", style="dim", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("film", no_wrap=True, overflow="ellipsis", max_width=max(8, width // 5))
    table.add_column("clip" if of_clips else "snippet", justify="right", no_wrap=True)
    if of_clips:
        table.add_column("from", justify="right", no_wrap=True)
        table.add_column("to", justify="right", no_wrap=True)
    is_wide = width >= WIDE and of_clips
    if of_clips:
        table.add_column("picture", overflow="fold", ratio=1, style="dim")
    if is_wide or not of_clips:
        table.add_column("snippet" if of_clips else "text", ratio=1)
    for hit in result.hits:
        table.add_row(*map(Text, _cells(hit, of_clips, is_wide)))
    return table


def _cells(hit: "Hit", of_clips: bool, is_wide: bool) -> list[str]:
    text = printable(" ".join(hit.text.split()))
    cells = [str(hit.rank), f"{hit.score:.3f}", printable(hit.id)]
    if not of_clips or hit.start is None or hit.end is None:
        return [*cells, str(hit.snippet), text]
    cells += [str(hit.clip), timecode(hit.start), timecode(hit.end), printable(hit.picture or "–")]
    return [*cells, text] if is_wide else cells


def _measures_table(measures: "RetrievalMeasures") -> "Table":
    columns = {"": measures.before}
    if measures.after is not None:
        columns = {"dual encoder": measures.before, f"reranked ({measures.rule})": measures.after}
    rows = [
        [name, *(_shares(estimate) if is_share else _rank(estimate) for estimate in estimates)]
        for name, is_share, estimates in _rows(list(columns.values()))
    ]
    seconds = [measures.dual_seconds, measures.dual_seconds + measures.rerank_seconds]
    rows.append(["seconds a query", *(f"{each:.3g}" for each in seconds[: len(columns)])])
    title = (
        f"{counted(measures.videos, 'video')} of the {measures.split} split, "
        f"{counted(measures.clips, 'clip')}, {counted(measures.snippets, 'snippet')}; R@K in %"
    )
    if measures.after is not None:
        title += f", k {measures.k}"
    if measures.videos > 1:
        title += ", with 95 % confidence intervals"
    return rows_table(["", *columns] if measures.after else ["", "dual encoder"], rows, title=title)


def _rows(columns: "list[BothWays]") -> "list[tuple[str, bool, list[Estimate]]]":
    """The name of each row, whether it is a share, and its estimate in each column."""
    rows: list[tuple[str, bool, list[Estimate]]] = []
    for name, ways in (
        ("text → clip", [column.texts for column in columns]),
        ("clip → text", [column.clips for column in columns]),
    ):
        rows += [(f"{name}  R@{k}", True, [way.recall[k] for way in ways]) for k in ways[0].recall]
        rows.append((f"{name}  median rank", False, [way.median_rank for way in ways]))
    rows.append(("mean of the six R@K", True, [column.mean_recall for column in columns]))
    return rows


def _shares(estimate: "Estimate") -> str:
    return with_interval(estimate)


def _rank(estimate: "Estimate") -> str:
    value, low, high = (f"{each:g}" for each in (estimate.value, estimate.low, estimate.high))
    return value if low == high else f"{value} ({low}–{high})"


def _sweep_table(measures: "RetrievalMeasures") -> "Table":
    rows = [
        [
            f"{k:,}",
            with_interval(both.texts.recall[1]),
            with_interval(both.clips.recall[1]),
            with_interval(both.mean_recall),
        ]
        for k, both in measures.sweep.items()
    ]
    columns = ["k", "text → clip R@1", "clip → text R@1", "mean of the six"]
    return rows_table(columns, rows, title="By number of reranked candidates, in %")
