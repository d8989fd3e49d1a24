"""``mmtool evaluate``."""

from typing import TYPE_CHECKING, Annotated

import typer

from mmtool.choices import Split
from mmtool.cli.console import error_boundary, finish, out, percent, rows_table
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.settings import EvaluateSettings

if TYPE_CHECKING:
    from mmtool.evaluation.measures import Estimate
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

    Reads alignments/RUN/ and annotations/; writes alignments/RUN/metrics.json.

    Example: mmtool evaluate my-corpus --run first --split test --per-video
    """
    with error_boundary():
        settings = EvaluateSettings(run=run, split=split, resamples=resamples)
        from mmtool.stages.evaluate import as_json as to_json
        from mmtool.stages.evaluate import evaluate as stage

        result = stage(corpus, settings)
        if as_json:
            finish(result.report, as_json=True, extra=to_json(settings, result.summaries, result.videos))
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
    if per_video:
        each = [
            [id, percent(s.video_accuracy), percent(s.text_iou), f"{s.clip_seconds:.1f}", str(len(s.ious))]
            for id, s in result.videos.items()
        ]
        out.print(rows_table(["video", "video accuracy", "text IoU", "seconds", "snippets"], each))


def _with_interval(estimate: "Estimate") -> str:
    return f"{percent(estimate.value)} ({percent(estimate.low)}–{percent(estimate.high)})"
