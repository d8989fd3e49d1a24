"""The film and the text that are aligned."""

from pathlib import Path

from mmtool.errors import CallError
from mmtool.text import TEXT_SUFFIXES
from mmtool.video import VIDEO_SUFFIXES


def require_film_and_text(film: Path, text: Path) -> None:
    """Raise CallError for a file that does not exist or whose name is not that of its kind."""
    for path, kind, suffixes in ((film, "video", VIDEO_SUFFIXES), (text, "text", TEXT_SUFFIXES)):
        if not path.is_file():
            raise CallError(f"{path}: no such file; give a film and a text")
        if path.suffix.lower() not in suffixes:
            raise CallError(f"{path}: is not a supported {kind} file (accepted: {', '.join(suffixes)})")
