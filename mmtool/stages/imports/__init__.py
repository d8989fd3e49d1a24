"""Files of other programs → a corpus, or a run in it."""

from typing import TYPE_CHECKING

from mmtool.lazy import lazy_names

if TYPE_CHECKING:
    from mmtool.stages.imports.checkpoint import import_checkpoint
    from mmtool.stages.imports.corpus import import_corpus
    from mmtool.stages.imports.corrections import import_corrections
    from mmtool.stages.imports.features import import_features
    from mmtool.stages.imports.report import (
        ImportCheckpointReport,
        ImportCorrectionsReport,
        ImportFeaturesReport,
        ImportReport,
    )

__all__ = [
    "ImportCheckpointReport",
    "ImportCorrectionsReport",
    "ImportFeaturesReport",
    "ImportReport",
    "import_checkpoint",
    "import_corpus",
    "import_corrections",
    "import_features",
]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "ImportCheckpointReport": "mmtool.stages.imports.report",
        "ImportCorrectionsReport": "mmtool.stages.imports.report",
        "ImportFeaturesReport": "mmtool.stages.imports.report",
        "ImportReport": "mmtool.stages.imports.report",
        "import_checkpoint": "mmtool.stages.imports.checkpoint",
        "import_corpus": "mmtool.stages.imports.corpus",
        "import_corrections": "mmtool.stages.imports.corrections",
        "import_features": "mmtool.stages.imports.features",
    },
)
