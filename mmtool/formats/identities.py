"""The encoders that a features file or a checkpoint names, as JSON."""

import json
from typing import Any

from mmtool.formats.json_files import text
from mmtool.records import EncoderIdentity


def parse_identities(content: str) -> tuple[EncoderIdentity, ...]:
    """Read a list of encoders; raises TypeError or ValueError for anything else."""
    sources = json.loads(content)
    if not isinstance(sources, list):
        raise TypeError("not a list of encoders")
    return tuple(_checked(EncoderIdentity(**source)) for source in sources)


def _checked(source: EncoderIdentity) -> EncoderIdentity:
    for value in (source.name, source.model, source.weights):
        text(value)
    dimension: Any = source.dimension
    if type(dimension) is not int or dimension < 1 or not isinstance(source.settings, dict):
        raise TypeError(f"{source.name} is not described as an encoder")
    return source
