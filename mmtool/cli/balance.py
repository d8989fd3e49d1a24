"""``mmtool balance``."""

from mmtool.cli.console import finish, progress_bars
from mmtool.cli.from_settings import takes_settings
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.settings.balance import BalanceSettings


@takes_settings
def balance(settings: BalanceSettings, corpus: CorpusArgument = HERE, as_json: Json = False) -> None:
    """Draw a sample of videos in which all labels are about equally frequent.

    A video may have several labels, from a column of videos.csv or from its annotations. Writes
    splits/SPLIT.txt.

    Example: mmtool balance my-corpus --by genre --minimum 20 --target 100 --split train
    """
    from mmtool.stages.balance import balance as stage

    with progress_bars(quiet=as_json) as bars:
        report = stage(corpus, settings, progress=bars)
    finish(report, as_json=as_json)
