"""A self-contained HTML page that shows alignments."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path

import jinja2

from mmtool import __version__
from mmtool.formats.atomic import write_text
from mmtool.formats.metrics import without_nan
from mmtool.records import Interval

TEMPLATES = "templates"


@dataclass(frozen=True, slots=True)
class RunView:
    """One run's alignment of a video with N clips and M snippets, and how right it is.

    For a video without annotations, ``clip_right``, ``snippet_iou`` and the measures are None.
    """

    clip_snippets: Sequence[Sequence[int]]  # (N,) the snippets of each clip
    clip_confidence: Sequence[float]  # (N,)
    clip_right: Sequence[float] | None  # (N,) the correct share of each clip's time
    snippet_intervals: Sequence[Sequence[Interval]]  # (M,)
    snippet_confidence: Sequence[float]  # (M,)
    snippet_iou: Sequence[float | None] | None  # (M,) None for a snippet without annotation
    video_accuracy: float | None
    text_iou: float | None
    snippet_evidence: Sequence[str | None] = ()  # (M,) what decided where each is; empty if that is not known
    placed: int = 0  # snippets that have a clip
    expected_iou: float | None = None  # judged without the truth, as what follows; None if unknown
    expected_accuracy: float | None = None
    verdict: str = ""  # empty if it was not judged
    reasons: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Pictures:
    """The clips' thumbnails, in rows of ``columns``, as one JPEG; sizes in pixels."""

    jpeg: bytes
    width: int
    height: int
    columns: int


@dataclass(frozen=True, slots=True)
class ShownAnswers:
    """What in a clip's middle frame answers to the W words of a snippet.

    ``maps`` (W, V) are shares of the strongest answer, ``boxes`` (V, 4) the parts, as shares of the frame.
    """

    clip: int
    words: Sequence[str]
    maps: Sequence[Sequence[float]]
    boxes: Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class VideoView:
    """One video; ``film`` is its address relative to the page, empty without a film."""

    id: str
    title: str
    clips: Sequence[Interval]
    snippets: Sequence[str]
    truth: Sequence[Interval | None] | None
    runs: Mapping[str, RunView]
    film: str = ""
    pictures: Pictures | None = None
    answers: Mapping[int, ShownAnswers] = field(default_factory=dict)  # by snippet, of the first run


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """A row of the table of measures: shares with their intervals."""

    name: str
    video_accuracy: tuple[float, float, float]  # value, low, high
    text_iou: tuple[float, float, float]
    is_run: bool


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One run minus the first: mean differences with their intervals."""

    run: str
    first: str
    videos: int
    video_accuracy: tuple[float, float, float]
    text_iou: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class PageView:
    """Everything that a page shows."""

    title: str
    runs: Sequence[str]
    videos: Sequence[VideoView]
    measures: Sequence[MeasureRow] = field(default_factory=list)
    comparisons: Sequence[ComparisonRow] = field(default_factory=list)


def write_page(path: Path, view: PageView) -> None:
    """Write the page, which needs no network; films are linked, not embedded."""
    here = files("mmtool.html_report") / TEMPLATES
    parts = {name: (here / name).read_text(encoding="utf-8") for name in ("page.html", "page.css", "page.js")}
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        parts["page.html"]
    )
    page = template.render(
        view=view,
        version=__version__,
        css=parts["page.css"],
        script=parts["page.js"],
        data=_json([_video(video) for video in view.videos]),
        has_intervals=any(low < high for row in view.measures for _, low, high in _estimates(row)),
        percent=_percent,
        points=_points,
    )
    write_text(path, page)


def _video(video: VideoView) -> dict[str, object]:
    content = asdict(video)
    if video.pictures is not None:
        encoded = base64.b64encode(video.pictures.jpeg).decode("ascii")
        content["pictures"] |= {"jpeg": f"data:image/jpeg;base64,{encoded}"}
    return content


def _json(value: object) -> str:
    """JSON that can be embedded in a ``<script>`` element."""
    return json.dumps(_rounded(without_nan(value)), ensure_ascii=False, separators=(",", ":")).replace(
        "<", "\\u003c"
    )


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_rounded(entry) for entry in value]
    return value


def _estimates(row: MeasureRow) -> tuple[tuple[float, float, float], ...]:
    return row.video_accuracy, row.text_iou


def _percent(share: float) -> str:
    return "–" if share != share else f"{100 * share:.1f}"


def _points(share: float) -> str:
    return "–" if share != share else f"{100 * share:+.1f}".replace("-", "−")
