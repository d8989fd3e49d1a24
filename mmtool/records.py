"""The things that travel between stages.

Times are seconds (float64) from the start of the video; intervals are half-open
``[start, end)``.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, NamedTuple, Protocol


class Interval(NamedTuple):
    """The time ``[start, end)``, in seconds."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Clip:
    """One shot of a video; frames are unknown where the clips come from somebody's list of times."""

    start: float
    end: float
    start_frame: int | None = None
    end_frame: int | None = None

    @property
    def interval(self) -> Interval:
        return Interval(self.start, self.end)

    @property
    def duration(self) -> float:
        return self.end - self.start


class Place(NamedTuple):
    """Characters ``[start, end)`` of a decoded text, the first of them on ``line`` (from 1)."""

    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Snippet:
    """One piece of text in reading order, with its times, kind and place where the source has them.

    The kind is the source's word, such as ``action`` in a screenplay. Snippets that say the same are
    equal, wherever they stand.
    """

    text: str
    start: float | None = None
    end: float | None = None
    kind: str = ""
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Annotation:
    """The truth about one snippet: the interval that its text describes."""

    start: float
    end: float
    text: str

    @property
    def interval(self) -> Interval:
        return Interval(self.start, self.end)


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """What a features file says about its maker; two files are of one kind iff these are equal.

    ``weights`` is ``"none"`` (no weights), ``"random:SEED"`` or ``"sha256:…"`` of the loaded tensors.
    ``settings`` is everything else that changes the numbers, as plain JSON values.
    """

    name: str
    model: str
    weights: str
    dimension: int
    settings: dict[str, str | int | float | bool] = field(default_factory=dict)


class Verdict(StrEnum):
    """Whether an alignment can be trusted, judged without the truth."""

    SOUND = "sound"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class Quality:
    """How far an alignment can be trusted, judged without the truth.

    ``expected_accuracy`` is the share of the clips' time that is expected to be labelled right: the
    video accuracy as its own confidence has it. ``reasons`` are those to doubt the alignment.
    """

    expected_accuracy: float
    reasons: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        return Verdict.DOUBTFUL if self.reasons else Verdict.SOUND

    @property
    def doubtful(self) -> bool:
        return self.verdict is Verdict.DOUBTFUL


@dataclass(frozen=True, slots=True)
class RegionNames:
    """What the ids of an encoder's classes and attributes stand for: entry ``k`` is the name of id ``k``."""

    classes: tuple[str, ...]
    attributes: tuple[str, ...] = ()


Candidates = tuple[tuple[int, float], ...]  # of one clip: snippets with their probabilities


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which clips match which snippets of one video.

    ``matches`` holds ``(clip, snippet)`` index pairs in the order in which they were decided.
    ``clip_confidence`` (N) is the probability, as the decoder has it, that the clip's label is right:
    its snippet, or that it has none. ``snippet_confidence`` (M) is the mean of that over the snippet's
    clips, or, without clips, the probability that none is right. ``quality`` judges the decoder's
    answer before weak matches were left out; it is None in files of earlier versions. ``candidates``
    (N) are, where the decoder knows them, the likely snippets of each clip with their probability,
    likeliest first; what they lack to 1 belongs to no snippet and to unlikely ones.
    """

    id: str
    clips: tuple[Clip, ...]
    snippets: tuple[Snippet, ...]
    matches: tuple[tuple[int, int], ...]
    clip_confidence: tuple[float, ...]
    snippet_confidence: tuple[float, ...]
    decoder: str
    checkpoint: str
    quality: Quality | None = None
    candidates: tuple[Candidates, ...] = ()

    def intervals(self, snippet: int) -> list[Interval]:
        """The time of a snippet's clips in as few intervals as possible: clips that touch are one."""
        merged: list[Interval] = []
        for clip in sorted(self.clips[i].interval for i, j in self.matches if j == snippet):
            if merged and clip.start <= merged[-1].end:
                merged[-1] = Interval(merged[-1].start, max(merged[-1].end, clip.end))
            else:
                merged.append(clip)
        return merged

    def extent(self, snippet: int) -> Interval | None:
        """From the first to the last clip of a snippet; None where it has none."""
        own = self.intervals(snippet)
        return Interval(own[0].start, own[-1].end) if own else None


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that failed: its id and one line that names the file and the remedy."""

    id: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Report:
    """What a stage did: base of the report that each stage returns.

    ``done`` and ``unchanged`` are ids (or names of runs), ``written`` paths. ``failures`` are inputs that
    could not be used, ``notes`` what the user should know beside.
    """

    stage: ClassVar[str]
    done: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    @property
    def facts(self) -> dict[str, object]:
        """The figures of the result line, by their labels; made for display only."""
        return {}


@dataclass(slots=True)
class StageReport:
    """What a stage did, for the command line and for callers from Python."""

    stage: str
    done: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)


class Progress(Protocol):
    """Hears from a stage at work: ``done`` of ``total`` units (None: unknown) of one task.

    ``per_second`` is how many units are one second of film, where that is known.
    """

    def __call__(
        self, task: str, done: int, total: int | None, unit: str, per_second: float | None = None
    ) -> None: ...


def silent(task: str, done: int, total: int | None, unit: str, per_second: float | None = None) -> None:
    """The progress of a caller who does not listen."""
