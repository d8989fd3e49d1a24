"""Clips with their text as a shard of WebDataset, for people who train video-language models."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mmtool.extras import import_extra
from mmtool.formats.atomic import replacing


def write_shard(path: Path, samples: Iterable[Mapping[str, Any]]) -> None:
    """Write samples, each with its ``__key__`` and a value a suffix."""
    webdataset: Any = import_extra("webdataset")
    with replacing(path) as part, webdataset.TarWriter(str(part), mtime=0) as writer:
        for sample in samples:
            writer.write(sample)
