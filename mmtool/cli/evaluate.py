"""``mmtool evaluate``."""

from typing import TYPE_CHECKING, Annotated

import typer

from mmtool.cli.console import finish, out, percent, progress_bars
from mmtool.cli.from_settings import takes_settings
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.cli.tables import counted, rows_table, with_interval
from mmtool.records import Quality, Verdict
from mmtool.settings.evaluate import OUTPUT, EvaluateSettings

if TYPE_CHECKING:
    from rich.table import Table

    from mmtool.stages.evaluate import EvaluateReport

ROWS = {"clips": "clips: video accuracy", "snippets": "snippets: text IoU"}


@takes_settings
def evaluate(
    settings: EvaluateSettings,
    corpus: CorpusArgument = HERE,
    per_video: Annotated[
        bool, typer.Option("--per-video", help="Show each video as well.", rich_help_panel=OUTPUT)
    ] = False,
    as_json: Json = False,
) -> None:
    """Measure alignments: video accuracy and text IoU, compared with baselines and the upper bound.

    Also shows how well calibrated the confidence is (the expected calibration error of clips and
    snippets), what the most confident part of them reaches, and what was expected and what was measured of
    the videos whose alignments were judged sound, doubtful or unknown.

    Reads alignments/RUN/ and annotations/; writes alignments/RUN/metrics.json.

    Example: mmtool evaluate my-corpus --run first --split test --per-video
    """
    from mmtool.stages.evaluate import evaluate as stage

    with progress_bars(quiet=as_json) as bars:
        report = stage(corpus, settings, progress=bars)
    if not as_json:
        show(report, per_video=per_video)
    finish(report, as_json=as_json, extra=report.as_json())


def show(report: "EvaluateReport", *, per_video: bool = False) -> None:
    """Print the measures of the run, of the baselines and of the upper bound."""
    out.print(_measures_table(report))
    out.print(_calibration_table(report))
    if any(video.quality for video in report.videos.values()):
        out.print(_verdicts_table(report))
    if per_video:
        _show_videos(report)


def _measures_table(report: "EvaluateReport") -> "Table":
    rows = [
        [
            name,
            with_interval(summary.video_accuracy),
            with_interval(summary.text_iou),
            f"{percent(summary.micro_video_accuracy)} / {percent(summary.micro_text_iou)}",
        ]
        for name, summary in report.measures.items()
    ]
    split = f" of the {report.split} split" if report.split else ""
    interval = "" if len(report.videos) == 1 else f" with {100 * report.confidence:g} % confidence intervals"
    title = f"{counted(len(report.videos), 'video')}{split}, in %{interval}"
    return rows_table(["", "video accuracy", "text IoU", "micro"], rows, title=title)


def _calibration_table(report: "EvaluateReport") -> "Table":
    """How well calibrated the confidence is, and what the most confident clips and snippets reach."""
    shares = list(next(iter(report.calibration.values())).coverage)
    rows = [
        [
            ROWS[name],
            percent(measured.error),
            *(percent(measured.coverage[share]) for share in shares),
        ]
        for name, measured in report.calibration.items()
    ]
    names = ["all" if share == 1 else f"top {100 * share:.0f} %" for share in shares]
    title = "Confidence: calibration error, and measures of the most confident, in %"
    return rows_table(["", "error", *names], rows, title=title)


def _verdicts_table(report: "EvaluateReport") -> "Table":
    """What was expected and what was measured of the videos, by their verdict."""
    verdicts = report.verdicts
    summaries = [(str(verdict), verdicts.of(verdict)) for verdict in Verdict]
    summaries = [(name, summary) for name, summary in summaries if summary.videos]
    if len(summaries) > 1:
        summaries.append(("all", verdicts.all))
    rows = [
        [
            name,
            str(summary.videos),
            f"{percent(summary.expected_accuracy)} / {percent(summary.video_accuracy)}",
            f"{percent(summary.expected_iou)} / {percent(summary.text_iou)}",
        ]
        for name, summary in summaries
    ]
    correlations = {"accuracy": verdicts.rank_correlation, "IoU": verdicts.iou_rank_correlation}
    known = [
        f"{value:.2f} ({name})".replace("-", "−") for name, value in correlations.items() if value == value
    ]
    title = "Expected / measured, in %"
    if known:
        title += f"; rank correlation {', '.join(known)}"
    return rows_table(["verdict", "videos", "video accuracy", "text IoU"], rows, title=title)


def _show_videos(report: "EvaluateReport") -> None:
    columns = [
        *("video", "video accuracy", "text IoU", "seconds", "snippets"),
        *("placed", "expected accuracy", "expected IoU", "verdict"),
    ]
    rows = [
        [
            id,
            percent(video.score.video_accuracy),
            percent(video.score.text_iou),
            f"{video.score.clip_seconds:.1f}",
            str(len(video.score.ious)),
            *_judged(video.quality),
        ]
        for id, video in report.videos.items()
    ]
    out.print(rows_table(columns, rows))
    for id, video in report.videos.items():
        if video.quality is not None and video.quality.verdict is not Verdict.SOUND:
            out.line(f"{id}: {video.quality.verdict}: {', '.join(video.quality.reasons)}")


def _judged(quality: Quality | None) -> tuple[str, ...]:
    if quality is None:
        return ("–",) * 4
    expected = quality.expected_accuracy, quality.expected_iou
    shares = ("–" if value is None else percent(value) for value in expected)
    return f"{quality.placed}/{quality.snippets}", *shares, str(quality.verdict)
