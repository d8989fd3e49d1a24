"""A self-contained HTML page that shows what was retrieved, with pictures."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jinja2

from mmtool import __version__
from mmtool.formats.atomic import write_text
from mmtool.html_report.page import TEMPLATES


@dataclass(frozen=True, slots=True)
class ResultView:
    """One result: a clip with its times and picture, or a snippet without them.

    ``film`` is the film's address relative to the page, with the clip's time; empty without a film.
    """

    rank: int
    score: str
    id: str
    title: str
    text: str
    snippet: int | None = None
    clip: int | None = None
    times: str = ""
    film: str = ""
    picture: bytes | None = None


@dataclass(frozen=True, slots=True)
class QueryView:
    """A query with its results; ``picture`` is that of a clip."""

    query: str
    results: Sequence[ResultView]
    origin: str = ""
    picture: bytes | None = None


@dataclass(frozen=True, slots=True)
class ResultsView:
    """Everything that a page shows; ``models`` says in a line what searched and what ordered."""

    title: str
    models: str
    queries: Sequence[QueryView]


def write_results_page(path: Path, view: ResultsView) -> None:
    """Write the page, which needs no network; films are linked, not embedded."""
    here = files("mmtool.html_report") / TEMPLATES
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string((here / "results.html").read_text(encoding="utf-8"))
    css = [(here / name).read_text(encoding="utf-8") for name in ("page.css", "results.css")]
    write_text(path, template.render(view=view, version=__version__, css="\n".join(css), source=_source))


def _source(jpeg: bytes) -> str:
    """A picture as the address of an ``<img>``."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
