"""``segment.json``: the settings of the last ``segment`` of a corpus, but for those at their defaults."""

import json
from collections.abc import Mapping
from pathlib import Path

from mmtool.errors import CallError
from mmtool.formats.atomic import write_text

_REMEDY = "correct it, or delete it and name the settings again"


def read_segment_settings(path: Path) -> dict[str, object]:
    """Return the settings by name; none where there is no such file.

    Raises:
        CallError: The file is damaged.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        settings = content["settings"]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CallError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    except (ValueError, KeyError, TypeError, RecursionError):
        settings = None
    if not isinstance(settings, dict):
        raise CallError(f"{path}: does not hold the settings of the last segment; {_REMEDY}")
    return {str(name): value for name, value in settings.items()}


def write_segment_settings(path: Path, settings: Mapping[str, object]) -> None:
    """Write settings, which are plain JSON values; nothing where they are those that the file holds."""
    try:
        if read_segment_settings(path) == settings:
            return
    except CallError:
        pass  # it is written again
    content = {"stage": "segment", "settings": dict(settings)}
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
