"""``mmtool calibrate``."""

from mmtool.cli.console import finish, progress_bars
from mmtool.cli.from_settings import takes_settings
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.settings.calibrate import CalibrateSettings


@takes_settings
def calibrate(settings: CalibrateSettings, corpus: CorpusArgument = HERE, as_json: Json = False) -> None:
    """Calibrate the confidence of a network's run with annotated videos.

    A network is over-confident. Its run is therefore calibrated: on videos that it was not trained on, its
    probabilities are compared with what was right. `mmtool train` does this with the validation split, if
    there is one. Use this command for an imported run, for a run without a validation split, or before
    aligning videos of another kind. Until then, `align` calls the verdict on the run's alignments unknown.

    Reads runs/RUN, features/, clips/, snippets/, annotations/ and splits/; writes runs/RUN/calibration.json.

    Example: mmtool calibrate my-corpus --run first
    """
    from mmtool.stages.calibrate import calibrate as stage

    with progress_bars(quiet=as_json) as bars:
        report = stage(corpus, settings, progress=bars)
    finish(report, as_json=as_json)
