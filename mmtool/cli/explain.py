"""``mmtool explain``."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from mmtool.cli.console import finish, out, printable
from mmtool.cli.from_settings import takes_settings
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.settings.explain import ExplainSettings

if TYPE_CHECKING:
    from mmtool.stages.explain import ExplainReport


@takes_settings
def explain(
    settings: ExplainSettings,
    corpus: CorpusArgument = HERE,
    as_json: Json = False,
) -> None:
    """Draw what in a clip answers to each word of a snippet, by a trained matcher or a published model.

    A picture has a row for each word: the clip's frames, with the regions or patches that made the model say
    that this word fits. Reads clips/, snippets/, runs/RUN and the features that the run was trained on, and
    videos/. Writes explained/MODEL/ID-N-M.png, and shows the strongest answer to each word.

    Example: mmtool explain my-corpus --run multiway --clip film:12 --snippet 3

    Example: mmtool explain my-corpus --reranker blip --frames 3 --clip film:12 --snippet 3
    """
    from mmtool.stages.explain import explain as stage

    report = stage(corpus, settings)
    if not as_json:
        _show(report)
    figures = {"log_odds": report.log_odds, "answers": [asdict(word) for word in report.words]}
    finish(report, as_json=as_json, extra=figures)


def _show(report: "ExplainReport") -> None:
    from mmtool.cli.tables import rows_table

    rows = []
    for answer in report.words:
        where = "–" if answer.box is None else " ".join(f"{100 * side:.0f}" for side in answer.box)
        frame = "–" if answer.frame is None else str(answer.frame)
        row = [printable(answer.word), f"{answer.strength:.2f}", frame, where]
        rows.append([*row, printable(answer.source or "–")] if report.modalities else row)
    columns = ["word", "strength", "frame", "region (% of the frame)"]
    out.print(rows_table([*columns, "modality"] if report.modalities else columns, rows))
