"""The film and the text that are aligned, and how the corpus gets them."""

import shutil
from pathlib import Path

from mmtool.errors import CallError
from mmtool.formats.atomic import replacing
from mmtool.text import TEXT_SUFFIXES
from mmtool.video import VIDEO_SUFFIXES


def require_film_and_text(film: Path, text: Path) -> None:
    """Raise CallError for a file that does not exist or whose name is not that of its kind."""
    for path, kind, suffixes in ((film, "video", VIDEO_SUFFIXES), (text, "text", TEXT_SUFFIXES)):
        if not path.is_file():
            raise CallError(f"{path}: no such file; give a film and a text")
        if path.suffix.lower() not in suffixes:
            raise CallError(f"{path}: is not a supported {kind} file (accepted: {', '.join(suffixes)})")


def place(source: Path, target: Path) -> None:
    """Link ``target`` to ``source``, or copy it where links are not possible."""
    if target.exists() and target.samefile(source):
        return
    with replacing(target) as part:
        try:
            part.unlink(missing_ok=True)
            part.symlink_to(source.resolve())
        except (OSError, NotImplementedError):
            shutil.copyfile(source, part)
