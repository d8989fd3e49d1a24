"""``mmtool evaluate``."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from mmtool.choices import Split
from mmtool.cli.console import error_boundary, finish, out, percent
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.cli.tables import rows_table
from mmtool.settings.evaluate import EvaluateSettings

if TYPE_CHECKING:
    from mmtool.evaluation.calibration import Calibration
    from mmtool.evaluation.measures import Estimate
    from mmtool.evaluation.verdicts import Verdicts
    from mmtool.records import Quality
    from mmtool.stages.evaluate import Evaluation

DEFAULTS = EvaluateSettings()


def evaluate(
    corpus: CorpusArgument = HERE,
    run: Annotated[
        str, typer.Option(help="The alignments that are measured: the run that made them, or semi-markov.")
    ] = DEFAULTS.run,
    split: Annotated[
        Split | None, typer.Option(help="Which videos.", show_default="all that are annotated")
    ] = None,
    per_video: Annotated[bool, typer.Option("--per-video", help="Show each video too.")] = False,
    resamples: Annotated[int, typer.Option(help="Bootstrap samples of videos.")] = DEFAULTS.resamples,
    as_json: Json = False,
) -> None:
    """Measure alignments: video accuracy and text IoU, beside trivial rules and the upper bound.

    Then how honest their confidence is: the expected calibration error of clips and of snippets (their
    probability of being right against how often they are), the measures of only the surest part of
    them, and what became of the videos that were found sound or doubtful when they were aligned.

    Reads alignments/RUN/ and annotations/; writes alignments/RUN/metrics.json.

    Example: mmtool evaluate my-corpus --run first --split test --per-video
    """
    with error_boundary():
        settings = EvaluateSettings(run=run, split=split, resamples=resamples)
        from mmtool.stages.evaluate import as_json as to_json
        from mmtool.stages.evaluate import evaluate as stage

        result = stage(corpus, settings)
        if as_json:
            finish(result.report, as_json=True, extra=to_json(settings, result))
            return
        show(result, split=split, per_video=per_video)
        finish(result.report, as_json=False)


def show(result: "Evaluation", *, split: Split | None, per_video: bool = False) -> None:
    """Print the measures of the run, of the baselines and of the upper bound."""
    rows = [
        [
            name,
            _with_interval(summary.video_accuracy),
            _with_interval(summary.text_iou),
            f"{percent(summary.micro_video_accuracy)} / {percent(summary.micro_text_iou)}",
        ]
        for name, summary in result.summaries.items()
    ]
    columns = ["%", "video accuracy (95 % CI)", "text IoU (95 % CI)", "micro"]
    videos = next(iter(result.summaries.values())).videos
    out.print(
        rows_table(
            columns, rows, title=f"{videos} videos of {f'the {split} split' if split else 'the corpus'}"
        )
    )
    out.print(_calibration_table(result.calibration))
    if result.qualities:
        out.print(_verdicts_table(result.verdicts))
    if per_video:
        _show_videos(result)


def _calibration_table(calibration: "Mapping[str, Calibration]") -> Table:
    """How honest the confidence is, and what the surest clips and snippets reach."""
    measures = {"clips": "clips: video accuracy", "snippets": "snippets: text IoU"}
    shares = list(next(iter(calibration.values())).coverage)
    rows = [
        [measures[name], percent(c.error), *(percent(c.coverage[share]) for share in shares)]
        for name, c in calibration.items()
    ]
    columns = ["% of the surest", "calibration error", *(f"{100 * share:.0f} %" for share in shares)]
    return rows_table(columns, rows)


def _verdicts_table(verdicts: "Verdicts") -> Table:
    """What was expected of the videos when they were aligned, and what came."""
    rows = [
        [name, str(v.videos), percent(v.expected_accuracy), percent(v.video_accuracy), percent(v.text_iou)]
        for name, v in (("sound", verdicts.sound), ("doubtful", verdicts.doubtful))
    ]
    columns = ["% by verdict", "videos", "expected accuracy", "video accuracy", "text IoU"]
    known = verdicts.rank_correlation == verdicts.rank_correlation
    title = f"Rank correlation of both accuracies: {verdicts.rank_correlation:.2f}" if known else ""
    return rows_table(columns, rows, title=title)


def _show_videos(result: "Evaluation") -> None:
    columns = ["video", "video accuracy", "text IoU", "seconds", "snippets", "expected accuracy", "verdict"]
    rows = []
    for id, s in result.videos.items():
        quality = result.qualities.get(id)
        verdict = ["–", "–"] if quality is None else [percent(quality.expected_accuracy), _verdict(quality)]
        measures = [percent(s.video_accuracy), percent(s.text_iou), f"{s.clip_seconds:.1f}"]
        rows.append([id, *measures, str(len(s.ious)), *verdict])
    out.print(rows_table(columns, rows))
    for id, quality in result.qualities.items():
        if quality.doubtful:
            out.print(f"{escape(id)}: doubtful: {', '.join(quality.reasons)}")


def _verdict(quality: "Quality") -> str:
    return "doubtful" if quality.doubtful else "sound"


def _with_interval(estimate: "Estimate") -> str:
    return f"{percent(estimate.value)} ({percent(estimate.low)}–{percent(estimate.high)})"
