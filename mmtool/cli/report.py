"""``mmtool report``."""

from mmtool.cli.console import finish, progress_bars
from mmtool.cli.from_settings import takes_settings
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.settings.report import ReportSettings


@takes_settings
def report(
    settings: ReportSettings,
    corpus: CorpusArgument = HERE,
    as_json: Json = False,
) -> None:
    """Write an HTML page that shows alignments: clips, snippets, the links between them, and mistakes.

    Reads alignments/RUN/, annotations/ if there are any, and videos/ for thumbnails. Writes one HTML file
    that opens in any browser and needs no network. Films play in it as long as they stay where they are.

    Example: mmtool report my-corpus --run semi-markov -o report.html
    """
    from mmtool.stages.report import report as stage

    with progress_bars(quiet=as_json) as bars:
        page = stage(corpus, settings, progress=bars)
    finish(page, as_json=as_json)
