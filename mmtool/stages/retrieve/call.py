"""What all parts of a call to ``retrieve`` need."""

from dataclasses import dataclass

from mmtool.formats.corpus import Corpus
from mmtool.records import Progress
from mmtool.settings.retrieve import RetrieveSettings
from mmtool.stages.retrieve.models import RetrievalModels
from mmtool.stages.retrieve.report import RetrieveReport


@dataclass(frozen=True, slots=True)
class Call:
    """A corpus, what is wanted of it, and the models; the report grows."""

    corpus: Corpus
    settings: RetrieveSettings
    models: RetrievalModels
    report: RetrieveReport
    progress: Progress
