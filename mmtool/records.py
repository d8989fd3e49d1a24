"""Records that pass between stages.

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
    """One shot of a video.

    Frames are indices, half-open like times; they are None if the clips come from a list of times.
    """

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
    """Characters ``[start, end)`` of a decoded text; the first is on ``line``, counted from 1."""

    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Snippet:
    """One piece of a text, with its times, kind and place if the source has them.

    The kind is a term of the source, such as ``action`` in a screenplay. The place does not count when
    snippets are compared.
    """

    text: str
    start: float | None = None
    end: float | None = None
    kind: str = ""
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Annotation:
    """The ground truth of one snippet: the interval that its text describes."""

    start: float
    end: float
    text: str

    @property
    def interval(self) -> Interval:
        return Interval(self.start, self.end)


class Evidence(StrEnum):
    """What decided where a snippet is."""

    WORDS = "words"  # what is said in the film
    CUE = "cue"  # the times of the text itself
    PIN = "pin"  # a person
    TIMING = "timing"  # lengths of texts, cuts
    FEATURES = "features"  # similarity of features, or a network that reads them


@dataclass(frozen=True, slots=True)
class Pin:
    """What a person has fixed about a snippet: its start, its end, both, or that the film does not show it.

    Attributes:
        text: The snippet's text. It may span several snippets, or be a part of one, if the text is now
            split in another way.
        start: Seconds; None if it is not fixed.
        end: Seconds; None if it is not fixed.
        occurrence: Which of several places with this text is meant, from 1.
        absent: Whether the snippet is not in the film.
        line: The line of the file, for messages; 0 if there is none.
    """

    text: str
    start: float | None = None
    end: float | None = None
    occurrence: int = 1
    absent: bool = False
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word that is said in a film, and the time ``[start, end)`` in which it is said.

    The probability is the recogniser's that it heard the word right; None if the source has none.
    """

    text: str
    start: float
    end: float
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is said in a film, and when.

    Attributes:
        words: In order of time (W), each with a letter or a digit and without white space. A word starts at
            or after the start of the previous one and ends at or after its own start; it overlaps the next
            word only where both start at once.
        language: ISO 639 code; empty if the source does not say.
        source: The name of the file.
        word_times: Whether the source times words. If it times cues, each cue's words share its time in
            proportion to their length.
        notes: What was repaired or left out, one line each.
    """

    words: tuple[SpokenWord, ...]
    language: str = ""
    source: str = ""
    word_times: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """The encoder that computed a features file; features are comparable if and only if these are equal.

    Attributes:
        name: The name of the encoder.
        model: The name of the model.
        weights: ``"none"``, ``"random:SEED"``, or ``"sha256:…"`` of the loaded tensors.
        dimension: The number D of features.
        settings: Everything else that changes the numbers, as plain JSON values.
    """

    name: str
    model: str
    weights: str
    dimension: int
    settings: dict[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What the file of a film says about itself.

    Attributes:
        start: The timecode of the first picture, such as ``01:00:00:00``; None if it has none.
        duration: Seconds; None if unknown.
        width: Pixels.
        height: Pixels.
        channels: Channels of sound; 0 without sound.
        sample_rate: Samples of sound per second; 0 without sound.
    """

    start: str | None
    duration: float | None
    width: int
    height: int
    channels: int
    sample_rate: int


class Verdict(StrEnum):
    """Whether an alignment can be trusted, assessed without ground truth."""

    SOUND = "sound"
    DOUBTFUL = "doubtful"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How far an alignment can be trusted, assessed without ground truth.

    What is expected is None where nothing is known about it, because the decoder's confidence was never
    compared with annotations.

    Attributes:
        placed: The number of snippets that have a clip.
        snippets: The number of all snippets.
        expected_iou: The text IoU that is expected, 0..1.
        expected_accuracy: The fraction of the clips' time that is expected to be labelled correctly: the
            video accuracy.
        verdict: Whether the alignment can be trusted.
        reasons: Reasons for a verdict other than sound; empty if there are none.
    """

    placed: int
    snippets: int
    expected_iou: float | None = None
    expected_accuracy: float | None = None
    verdict: Verdict = Verdict.UNKNOWN
    reasons: tuple[str, ...] = ()

    @property
    def placed_share(self) -> float:
        """The share of the snippets that have a clip; 1 for a text without snippets."""
        return self.placed / self.snippets if self.snippets else 1.0

    @property
    def doubtful(self) -> bool:
        return self.verdict is Verdict.DOUBTFUL

    @property
    def headline(self) -> dict[str, str]:
        """What is placed and what is expected, in words, by label."""
        return headline(self.placed, self.snippets, self.expected_iou, self.expected_accuracy)


def headline(
    placed: int, snippets: int, expected_iou: float | None, expected_accuracy: float | None
) -> dict[str, str]:
    """What is placed and what is expected, in words, by label."""
    return {
        "placed": f"{placed:,} of {snippets:,} {'snippet' if snippets == 1 else 'snippets'}",
        "expected text IoU": percentage(expected_iou),
        "expected accuracy": percentage(expected_accuracy),
    }


def percentage(share: float | None) -> str:
    """A share, 0..1, in percent without decimals; unknown for None."""
    return "unknown" if share is None else f"{100 * share:.0f} %"


@dataclass(frozen=True, slots=True)
class RegionNames:
    """Names of the classes and attributes of an encoder: entry ``k`` is the name of id ``k``."""

    classes: tuple[str, ...]
    attributes: tuple[str, ...] = ()


Candidates = tuple[tuple[int, float], ...]  # snippets of one clip, with their probabilities


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which clips match which snippets of one video.

    Attributes:
        id: The video.
        clips: The clips (N), in order of time.
        snippets: The snippets (M), in reading order.
        matches: Pairs of indices ``(clip, snippet)``, in the order in which they were decided.
        clip_confidence: (N,): the decoder's probability that the label of the clip, a snippet or none,
            is correct.
        snippet_confidence: (M,): the mean of ``clip_confidence`` over the clips of the snippet; without
            clips, the probability that the snippet has none.
        decoder: The name of the decoder.
        checkpoint: The digest of the network's checkpoint; without a network, of what took its place.
        quality: An assessment of the alignment before weak matches were removed, but for the number of
            placed snippets; None if there is none.
        candidates: (N,): the likely snippets of each clip with their probabilities, most likely first, if
            the decoder provides them. The rest to 1 belongs to less likely snippets and to none.
        language: The language by which reading times were counted (ISO 639-1); empty where none were, or
            where it could not be told.
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
    language: str = ""
    evidence: tuple[Evidence | None, ...] = ()

    def intervals(self, snippet: int) -> list[Interval]:
        """The time covered by the clips of a snippet; adjacent clips form one interval."""
        merged: list[Interval] = []
        for clip in sorted(self.clips[i].interval for i, j in self.matches if j == snippet):
            if merged and clip.start <= merged[-1].end:
                merged[-1] = Interval(merged[-1].start, max(merged[-1].end, clip.end))
            else:
                merged.append(clip)
        return merged

    def extent(self, snippet: int) -> Interval | None:
        """From the start of the first to the end of the last clip of a snippet; None if it has no clips."""
        own = self.intervals(snippet)
        return Interval(own[0].start, own[-1].end) if own else None


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that failed: its id, and one line that names the file and the remedy."""

    id: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Report:
    """Base of the reports that stages return.

    Attributes:
        stage: The name of the stage.
        done: Ids (or names of runs) that were processed.
        unchanged: Ids whose results were up to date.
        failures: Inputs that could not be used.
        notes: What else the user should know, one line each.
        written: Paths of the files and folders that were written.
    """

    stage: ClassVar[str]
    done: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    @property
    def facts(self) -> dict[str, object]:
        """Labels and values for the result line; for display only."""
        return {}


class Progress(Protocol):
    """A callback that a stage calls while it works.

    Args:
        task: What is being done.
        done: How many units are done.
        total: How many units there are; None if unknown.
        unit: The name of the units, in the plural.
        per_second: How many units make one second of film; None if unknown.
    """

    def __call__(
        self, task: str, done: int, total: int | None, unit: str, per_second: float | None = None
    ) -> None: ...


def silent(task: str, done: int, total: int | None, unit: str, per_second: float | None = None) -> None:
    """Ignore all progress."""
