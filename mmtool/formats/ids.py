"""Which ids a corpus may have: names of files that every system can hold, so that a corpus can move."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from mmtool import portable_names
from mmtool.errors import InputError
from mmtool.portable_names import same_file
from mmtool.records import Failure

RESERVED = frozenset({"metrics", "@transform", "@region-names"})
REMEDY = "rename the film and its text"


def problem_of(id: str) -> str:
    """Why an id cannot be used; empty if it can."""
    if id.casefold() in RESERVED:
        return "this name is reserved for a file of mmtool's own"
    return portable_names.problem_of(id)


def require_usable(id: str) -> None:
    """Raise InputError for an id that cannot be used."""
    if problem := problem_of(id):
        raise InputError(id or "''", problem, REMEDY)


def alike(ids: Iterable[str]) -> dict[str, str]:
    """Ids that differ from an earlier one only in case, which not all systems tell apart, and that one."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for id in ids:
        groups[same_file(id)].append(id)
    return {id: first for first, *others in groups.values() for id in others}


def require_distinct(id: str, seen: dict[str, str]) -> None:
    """Raise InputError for an id that differs only in case from one that was ``seen``; add it otherwise."""
    other = seen.setdefault(same_file(id), id)
    if other != id:
        raise InputError(id, f"differs from {other} only in case, which not all systems tell apart", REMEDY)


def films_and_texts_apart(films: Iterable[str], texts: dict[str, Path]) -> list[Failure]:
    """Remove texts whose ids are those of films but for case, and return a failure for each."""
    ids = {same_file(id): id for id in films}
    failures = []
    for id in list(texts):
        film = ids.get(same_file(id), id)
        if film != id:
            problem = f"differs from the film {film} only in case, which not all systems tell apart"
            failures.append(Failure(id, f"{texts.pop(id)}: {problem}; {REMEDY}"))
    return failures
