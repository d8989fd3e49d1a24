"""``mmtool evaluate``."""

from typing import TYPE_CHECKING, Annotated

import typer

from mmtool.cli.console import finish, out, percent, progress_bars
from mmtool.cli.from_settings import takes_settings
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.cli.tables import counted, rows_table, with_interval
from mmtool.settings.evaluate import OUTPUT, EvaluateSettings

if TYPE_CHECKING:
    from rich.table import Table

    from mmtool.records import Quality
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
    snippets), what the most confident part of them reaches, and how videos fared whose alignments were
    judged sound or doubtful.

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
    """The expected and the measured accuracy of the videos by their verdict."""
    verdicts = report.verdicts
    rows = [
        [
            name,
            str(summary.videos),
            percent(summary.expected_accuracy),
            percent(summary.video_accuracy),
            percent(summary.text_iou),
        ]
        for name, summary in (("sound", verdicts.sound), ("doubtful", verdicts.doubtful))
    ]
    columns = ["verdict", "videos", "expected accuracy", "video accuracy", "text IoU"]
    title = "Expected and measured accuracy, in %"
    if verdicts.rank_correlation == verdicts.rank_correlation:
        title += f"; rank correlation {verdicts.rank_correlation:.2f}".replace("-", "−")
    return rows_table(columns, rows, title=title)


def _show_videos(report: "EvaluateReport") -> None:
    columns = ["video", "video accuracy", "text IoU", "seconds", "snippets", "expected accuracy", "verdict"]
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
        if video.quality is not None and video.quality.doubtful:
            out.line(f"{id}: doubtful: {', '.join(video.quality.reasons)}")


def _judged(quality: "Quality | None") -> tuple[str, str]:
    return ("–", "–") if quality is None else (percent(quality.expected_accuracy), str(quality.verdict))
