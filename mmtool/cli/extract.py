"""``mmtool extract``."""

from mmtool.cli.console import finish, progress_bars
from mmtool.cli.from_settings import takes_settings
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.settings.extract import ExtractSettings


@takes_settings
def extract(settings: ExtractSettings, corpus: CorpusArgument = HERE, as_json: Json = False) -> None:
    """Extract features from clips and snippets.

    Reads clips/ (and videos/, unless the encoder is timing) and snippets/; writes features/NAME.h5. A call
    that was interrupted continues where it stopped.

    Example: mmtool extract my-corpus --video-encoder faster-rcnn-resnet50 --text-encoder bert
    """
    from mmtool.stages.extract import extract as stage

    with progress_bars(quiet=as_json) as bars:
        report = stage(corpus, settings, progress=bars)
    finish(report, as_json=as_json)
