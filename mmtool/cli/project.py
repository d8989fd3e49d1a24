"""``mmtool project``."""

from mmtool.cli.console import finish, progress_bars
from mmtool.cli.from_settings import takes_settings
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.settings.project import ProjectSettings


@takes_settings
def project(settings: ProjectSettings, corpus: CorpusArgument = HERE, as_json: Json = False) -> None:
    """Project features with a random matrix and normalise them.

    Reads features/NAME.h5 and splits/train.txt; writes features/NAME.rp.h5, which also stores the matrix
    and the mean and variance of the training split.

    Example: mmtool project my-corpus --video faster-rcnn-resnet50 --text bert+length
    """
    from mmtool.stages.project import project as stage

    with progress_bars(quiet=as_json) as bars:
        report = stage(corpus, settings, progress=bars)
    finish(report, as_json=as_json)
