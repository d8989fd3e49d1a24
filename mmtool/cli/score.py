"""``mmtool score``."""

from mmtool.cli.console import finish, progress_bars
from mmtool.cli.from_settings import takes_settings
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.settings.score import ScoreSettings


@takes_settings
def score(
    settings: ScoreSettings,
    corpus: CorpusArgument = HERE,
    as_json: Json = False,
) -> None:
    """Say how well each clip of a film fits each of its snippets, for `align --scores`.

    A trained matcher (`--run`) or a published model (`--reranker`) compares all clips of a film with all of
    its snippets, then judges one by one the pairs that are similar, or likely by timing. The log-odds of the
    other pairs follow from their similarity. Annotated videos calibrate the log-odds: those of the
    validation split for a run, otherwise those of the training split.

    Reads clips/, snippets/, videos.csv, splits/, annotations/, and what the model reads: the features that a
    run was trained on, or videos/. Writes scores/NAME/ID.h5. Videos that are scored already are skipped.

    Example: mmtool score my-corpus --run multiway

    Example: mmtool score my-corpus --reranker blip --frames 4

    Example: mmtool score my-corpus --reranker vilt --video clip --text clip
    """
    from mmtool.stages.score import score as stage

    with progress_bars(quiet=as_json) as bars:
        report = stage(corpus, settings, progress=bars)
    figures = {
        name: getattr(report, name)
        for name in ("pairs", "possible", "temperature", "bias", "calibrated_on", "loss_before", "loss_after")
    }
    finish(report, as_json=as_json, extra=figures)
