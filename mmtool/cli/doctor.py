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
    """Check what works on this machine, and how to get what is missing.

    Checks libraries, devices, weights, disk space and extras. Reads nothing of the corpus except the free
    space of its disk; writes nothing. Exits with code 1 if films cannot be cut and aligned here.

    Example: mmtool doctor my-corpus
    """
    with error_boundary():
        from mmtool.stages.doctor import doctor as stage

        report = stage(folder)
        if as_json:
            findings = [asdict(finding) for finding in report.findings]
            print_json({"ready": report.ready, "findings": findings})
        else:
            out.print(findings_table(report.findings))
            problems = ", ".join(finding.name for finding in report.broken)
            out.print("[bold green]ready[/]" if report.ready else f"[bold red]not ready[/]  {problems}")
    if not report.ready:
        raise typer.Exit(SOME_FAILED)


def findings_table(findings: "list[Finding]") -> Table:
    """One line for each finding; lines break between words."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column("", no_wrap=True)
    table.add_column("", no_wrap=True, style="bold")
    table.add_column("", overflow="fold")
    for finding in findings:
        detail = escape(finding.detail)
        if finding.remedy:
            detail += f"; [cyan]{escape(finding.remedy)}[/]"
        table.add_row(SIGNS[finding.state], escape(finding.name), detail)
    return table
