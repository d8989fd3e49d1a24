"""``mmtool doctor``."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from mmtool.cli.console import SOME_FAILED, error_boundary, out, print_json
from mmtool.cli.options import HERE, CorpusArgument, Json

if TYPE_CHECKING:
    from mmtool.stages.doctor import Finding

SIGNS = {"fine": "[green]✓[/]", "optional": "[yellow]–[/]", "broken": "[bold red]✗[/]"}


def doctor(folder: CorpusArgument = HERE, as_json: Json = False) -> None:
    """Say what works on this machine: libraries, devices, weights, disk, extras, each with its remedy.

    Reads nothing of the corpus but its disk's free room; writes nothing. Exit code 1 where films could
    not be cut and aligned here.

    Example: mmtool doctor my-corpus
    """
    with error_boundary():
        from mmtool.stages.doctor import State
        from mmtool.stages.doctor import doctor as examine

        findings = examine(folder)
        broken = [finding for finding in findings if finding.state is State.BROKEN]
        if as_json:
            print_json({"ready": not broken, "findings": [asdict(finding) for finding in findings]})
        else:
            _show(findings)
            problems = ", ".join(finding.name for finding in broken)
            out.print(f"[bold red]not ready[/]  {problems}" if broken else "[bold green]ready[/]")
    if broken:
        raise typer.Exit(SOME_FAILED)


def _show(findings: "list[Finding]") -> None:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column("", no_wrap=True)
    table.add_column("", no_wrap=True, style="bold")
    table.add_column("", overflow="fold")
    for finding in findings:
        detail = escape(finding.detail)
        if finding.remedy:
            detail += f"; [cyan]{escape(finding.remedy)}[/]"
        table.add_row(SIGNS[finding.state], escape(finding.name), detail)
    out.print(table)
