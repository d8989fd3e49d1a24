"""Texts → the clips that they describe, and clips → the snippets that describe them."""

from pathlib import Path

from mmtool.errors import CallError
from mmtool.formats.corpus import Corpus
from mmtool.records import Progress, silent
from mmtool.retrieval.search import NotFiniteError
from mmtool.settings.retrieve import RetrieveSettings
from mmtool.stages.retrieve.answers import answer
from mmtool.stages.retrieve.call import Call
from mmtool.stages.retrieve.measuring import measure_split
from mmtool.stages.retrieve.models import open_models
from mmtool.stages.retrieve.report import RetrieveReport


def retrieve(
    root: Path | str,
    settings: RetrieveSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> RetrieveReport:
    """Find the clips that words or snippets describe, or the snippets that describe a clip; or measure it.

    A dual encoder finds the best k candidates of all clips or snippets of the corpus; its embeddings are
    stored in features/, and computed only where they are missing. A fusion encoder, if there is one, orders
    the candidates.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`RetrieveSettings`.
        progress: Hears how many clips are encoded and reranked.

    Returns:
        A report with the results of each query, or with the measures on a split.

    Raises:
        CallError: The settings are impossible, or there is nothing to search.
        InputError: A model cannot be loaded, or a film cannot be read.
    """
    settings, corpus = RetrieveSettings.chosen(settings, options), Corpus.open(Path(root))
    with open_models(corpus, settings, progress) as models:
        report = RetrieveReport(encoder=models.dual.name, rule=str(settings.rule))
        if models.matcher is not None:
            report.reranker = f"{models.matcher.identity.name} ({models.matcher.identity.model})"
        call = Call(corpus, settings, models, report, progress)
        try:
            if settings.split is not None:
                measure_split(call, settings.split)
            else:
                answer(call)
        except NotFiniteError as error:
            raise CallError(f"{models.dual.name} returned {error}; try `precision=fp32`") from error
        report.failures += models.dual.failures
    return report
