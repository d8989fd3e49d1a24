"""Files of other programs → a corpus, or a run in it."""

from typing import TYPE_CHECKING

from mmtool.lazy import lazy_names

if TYPE_CHECKING:
    from mmtool.stages.imports.checkpoint import import_checkpoint
    from mmtool.stages.imports.yms import import_yms

__all__ = ["import_checkpoint", "import_yms"]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "import_checkpoint": "mmtool.stages.imports.checkpoint",
        "import_yms": "mmtool.stages.imports.yms",
    },
)
