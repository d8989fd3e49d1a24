"""What cutting videos and cutting texts have in common; not a stage of its own."""

from collections.abc import Callable
from pathlib import Path

from mmtool.errors import InputError, MmtoolError
from mmtool.formats.digests import fingerprint
from mmtool.formats.provenance import Recipe, State, record, state_of
from mmtool.records import Failure, StageReport


def make_segments(
    id: str,
    path: Path,
    output: Path,
    settings: dict[str, object],
    work: Callable[[Path], None],
    *,
    force: bool,
    report: StageReport,
) -> None:
    """Do ``work`` unless its output is there already, made from the same input with the same settings."""
    try:
        recipe = Recipe("segment", settings, {path.name: fingerprint(path)})
        state = state_of(output, recipe)
        if state is State.FOREIGN and not force:
            raise InputError(
                output, "was not made by segment, or was changed since", "keep it, or replace it with --force"
            )
        if state is State.CURRENT and not force:
            report.unchanged.append(id)
            return
        work(output)
        record(output, recipe)
        report.done.append(id)
        report.written.append(str(output))
    except (MmtoolError, OSError) as error:
        report.failures.append(Failure(id, str(error)))


def count(report: StageReport, what: str, number: int) -> None:
    """Add to one of the report's totals."""
    total = report.facts.get(what, 0)
    report.facts[what] = number + (total if isinstance(total, int) else 0)
