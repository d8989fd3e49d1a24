"""How much heard words count, as learned from annotated films; ships as ``words.json``."""

import json
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from importlib.resources import files

_MORE_IF_EXACT = 0.25  # power of the share of the usual errors that words have


@dataclass(frozen=True, slots=True, kw_only=True)
class WordWeights:
    """How much words count.

    Attributes:
        start: The weight of the first word of a snippet; 0 if it says nothing.
        end: The weight of its last word.
        start_shift: Seconds by which a snippet typically starts after its first word, but for the lag.
        end_shift: Seconds by which it typically ends after its last word.
        early_start: The scale, in seconds, of starts that are earlier than that.
        late_start: The scale of later ones.
        early_end: The scale of ends that are earlier than that.
        late_end: The scale of later ones.
        inside: Log-odds that a word lies in its snippet, in nats.
        most_inside: The most that all words of a snippet count in this way.
        drift: The error of the time to read words that were not heard, as a share of that time.
        reliability: The probability that a sure match is right.
        clip_before: By how many nats a cut is likelier to be a boundary after a clip e times as long.
        clip_after: The same for the clip after the cut.
    """

    start: float
    end: float
    start_shift: float = 0.0
    end_shift: float = 0.0
    early_start: float = 0.45
    late_start: float = 0.45
    early_end: float = 0.45
    late_end: float = 0.8
    inside: float = 0.5
    most_inside: float = 12.0
    drift: float = 0.35
    reliability: float = 0.97
    clip_before: float = 0.0
    clip_after: float = 0.0

    @property
    def says_something(self) -> bool:
        """Whether any word counts."""
        return self.start > 0 or self.end > 0

    def scaled(self, share: float) -> "WordWeights":
        """The weights of words whose times have this share of the usual errors; they count more."""
        names = ("start_shift", "end_shift", "early_start", "late_start", "early_end", "late_end")
        more = share**-_MORE_IF_EXACT
        scales = {name: share * getattr(self, name) for name in names}
        return replace(self, start=more * self.start, end=more * self.end, **scales)

    def as_json(self) -> str:
        """The content of ``words.json``."""
        rounded = {name: round(value, 4) for name, value in asdict(self).items()}
        return json.dumps(rounded, indent=1) + "\n"

    @classmethod
    def from_json(cls, content: str) -> "WordWeights":
        """Read what :meth:`as_json` wrote; raises ValueError for anything else."""
        values = json.loads(content)
        if not isinstance(values, dict) or set(values) != {field.name for field in fields(cls)}:
            raise ValueError("not the weights of words")
        return cls(**{name: float(value) for name, value in values.items()})


@cache
def default_word_weights() -> WordWeights:
    """The weights that ship with the package."""
    return WordWeights.from_json(
        files("mmtool.alignment.timing").joinpath("words.json").read_text(encoding="utf-8")
    )
