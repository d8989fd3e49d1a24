"""Encoded pictures, such as JPEG."""

from pathlib import Path

from mmtool.formats.atomic import replacing


def write_picture(path: Path, encoded: bytes) -> None:
    """Write an encoded picture atomically."""
    with replacing(path) as part:
        part.write_bytes(encoded)
