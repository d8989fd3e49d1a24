"""Digests of films, remembered beside the clips, so that gigabytes are read once.

The note of ``videos/a.mp4`` is ``clips/.made/a.mp4.film.json``. As long as size and times of the film are
those of the note, its digest is believed. A note that cannot be written only costs time.
"""

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mmtool.errors import CallError
from mmtool.formats.atomic import write_text
from mmtool.formats.digests import SAMPLED, fingerprint, sampled_fingerprint

SETTLED = 2_000_000_000  # nanoseconds; a later change of a younger file might keep its times


@dataclass(frozen=True, slots=True)
class FilmDigest:
    """The digest of a film's content, and the one by samples that earlier versions recorded for it.

    ``earlier`` is None for films that are small enough for both to be the same, and for those that were
    changed since their whole content was read first.
    """

    current: str
    earlier: str | None = None


def film_digest(film: Path, note: Path) -> FilmDigest:
    """Return the digest of a film; raises OSError if it cannot be read."""
    before = film.stat()
    if before.st_size <= SAMPLED:
        return FilmDigest(fingerprint(film))
    known = _read(note)
    if known and known[0] == _times(before):
        return known[1]
    current = fingerprint(film)
    earlier = None
    if known is None:
        earlier = sampled_fingerprint(film)
    elif known[1].current == current:
        earlier = known[1].earlier
    digest = FilmDigest(current, earlier)
    if _times(film.stat()) == _times(before) and time.time_ns() - before.st_mtime_ns > SETTLED:
        content = {"times": _times(before), "digest": current, "earlier": earlier}
        with suppress(CallError):
            write_text(note, json.dumps(content) + "\n")
    return digest


def _times(status: os.stat_result) -> list[int]:
    """What changes with every edit, unless somebody sets the clock back."""
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _read(note: Path) -> tuple[list[int], FilmDigest] | None:
    """A note; None if there is none that can be used."""
    try:
        content = json.loads(note.read_text(encoding="utf-8"))
        times, current, earlier = content["times"], content["digest"], content["earlier"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    usable = isinstance(times, list) and isinstance(current, str) and isinstance(earlier, str | None)
    return (times, FilmDigest(current, earlier)) if usable else None
