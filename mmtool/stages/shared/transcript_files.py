"""Which file of a corpus is the transcript of a video."""

import os
import time
from functools import lru_cache
from pathlib import Path, PurePath

from mmtool.errors import InputError
from mmtool.formats.corpus import Corpus
from mmtool.text import SUBTITLE_SUFFIXES, TEXT_SUFFIXES
from mmtool.transcripts import TRANSCRIPT_SUFFIXES

_SETTLED = 5_000_000_000  # nanoseconds; no file system keeps times more coarsely


def transcript_files(corpus: Corpus, id: str) -> list[Path]:
    """The files of a video in ``transcripts/``, by name; more than one is for the user to sort out."""
    return _of_id(corpus.transcript(id).parent, id, TRANSCRIPT_SUFFIXES)


def unread_files(corpus: Corpus, id: str) -> list[Path]:
    """The files of a video in ``transcripts/`` that are in no format of transcripts."""
    folder = corpus.transcript(id).parent
    paths = (folder / name for name in _names(folder).get(id, ()))
    return [path for path in paths if path.suffix.lower() not in TRANSCRIPT_SUFFIXES and path.is_file()]


def subtitles_beside(corpus: Corpus, id: str) -> list[Path]:
    """Subtitles that are the transcript of a video, because they are not its text.

    They lie in ``texts/`` beside a text of another format, or in ``videos/`` beside the film, as players
    expect them.
    """
    texts = _of_id(corpus.root / "texts", id, TEXT_SUFFIXES)
    subtitles = [path for path in texts if path.suffix.lower() in SUBTITLE_SUFFIXES]
    if subtitles and len(subtitles) < len(texts):
        return subtitles
    return _of_id(corpus.root / "videos", id, SUBTITLE_SUFFIXES) if texts else []


def transcript_file(corpus: Corpus, id: str) -> Path | None:
    """The transcript of a video: that in ``transcripts/``, or else subtitles beside its text or film.

    Raises InputError where a video has several.
    """
    found = transcript_files(corpus, id) or subtitles_beside(corpus, id)
    if len(found) > 1:
        names = " and ".join(path.name for path in found[1:])
        raise InputError(
            found[0], f"is one of several transcripts of {id}, as is {names}", "keep one of them"
        )
    return found[0] if found else None


def _of_id(folder: Path, id: str, suffixes: tuple[str, ...]) -> list[Path]:
    paths = (folder / name for name in _names(folder).get(id, ()))
    return [path for path in paths if path.suffix.lower() in suffixes and path.is_file()]


def _names(folder: Path) -> dict[str, list[str]]:
    """The names in a folder by stem, in order; a folder that has not changed of late is read once."""
    try:
        changed = folder.stat().st_mtime_ns
    except OSError:
        return {}
    if time.time_ns() - changed < _SETTLED:  # it may have changed again at the same time
        return _read(folder)
    return _read_once(folder, changed)


@lru_cache(maxsize=4)
def _read_once(folder: Path, changed: int) -> dict[str, list[str]]:  # noqa: ARG001  a part of the key
    return _read(folder)


def _read(folder: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in sorted(os.listdir(folder)):  # noqa: PTH208  only names
        found.setdefault(PurePath(name).stem, []).append(name)
    return found
