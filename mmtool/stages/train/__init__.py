"""Features and annotations → a trained run."""

from typing import TYPE_CHECKING

from mmtool.lazy import lazy_names

if TYPE_CHECKING:
    from mmtool.stages.train.network import train
    from mmtool.stages.train.timing import train_timing

__all__ = ["train", "train_timing"]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "train": "mmtool.stages.train.network",
        "train_timing": "mmtool.stages.train.timing",
    },
)
