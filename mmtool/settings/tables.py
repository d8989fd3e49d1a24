"""The setting that names a file for a table of measures."""

from pathlib import Path

from mmtool.errors import SettingError

TABLE_SUFFIXES = (".csv", ".md", ".tex")


def check_table(path: Path | None) -> None:
    """Raise SettingError for a file whose suffix names no format."""
    if path is not None and path.suffix.lower() not in TABLE_SUFFIXES:
        raise SettingError("table", f"must end in {', '.join(TABLE_SUFFIXES)}, not {path.name!r}")
