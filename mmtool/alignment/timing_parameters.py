"""What the semi-Markov model knows: learned numbers, written as a small readable JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from typing import Any

from mmtool.alignment.extent import HEAD_FEATURES, TAIL_FEATURES, Exemplar, Side
from mmtool.alignment.reading import COUNTS

SCHEMA = 1
UNKNOWN_HEAD = Side(reach=9.0, weights=dict.fromkeys(HEAD_FEATURES, 0.0), log_duration=(0.0, 1.0))
UNKNOWN_TAIL = Side(reach=22.0, weights=dict.fromkeys(TAIL_FEATURES, 0.0), log_duration=(0.0, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingParameters:
    """Parameters of the semi-Markov model; all times in seconds.

    A snippet's median duration is its reading time, ``reading`` · counts, times the narrator's rate; its
    density is Student's t whose scale is ``noise`` · √median, as if each second of speech erred alone.
    A boundary within some ``cut_width`` of a cut is up to ``1 + cut_attraction`` times as likely.
    """

    source: str = ""  # where the numbers come from
    unit: float = 1.0  # of the videos' times in seconds of these parameters; above 1: all is slower
    reading: Mapping[str, float] = field(
        default_factory=lambda: dict.fromkeys(COUNTS, 0.0) | {"letters": 0.075}
    )
    noise: float = 0.27
    freedom: float = 5.0  # degrees of Student's t; 0: normal
    rate_deviation: float = 0.08  # of the log of the rate between videos
    rate_bandwidth: float = 0.04  # by which the log-rate may differ from that of a similar training video
    log_rates: tuple[float, ...] = ()  # of each training video
    rates: int = 9
    gap_probability: float = 0.03  # after a snippet that does not end its sentence
    sentence_gap_probability: float = 0.03  # after one that does
    gap_log_mean: float = -0.1
    gap_log_deviation: float = 1.0
    longest_gap: float = 16.0
    drop_probability: float = 0.0
    cut_attraction: float = 20.0
    cut_width: float = 0.25
    step: float = 0.25  # of the grid of times
    evenness: float = 0.6  # of the risk: 0 counts seconds, 1 counts snippets
    temperature: float = 1.0  # of the reported confidence
    emission_weight: float = 1.0
    similarity: tuple[float, float, float, float] = (4.0, 4.0, 4.0, 4.0)
    titles: tuple[tuple[str, ...], ...] = ()  # recurring title words of each training video
    head: Side = UNKNOWN_HEAD
    tail: Side = UNKNOWN_TAIL

    def __post_init__(self) -> None:
        positive = ("unit", "noise", "rates", "cut_width", "step", "temperature", "gap_log_deviation")
        for name in positive:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")
        for name in ("gap_probability", "sentence_gap_probability", "drop_probability", "evenness"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], not {getattr(self, name)}")
        if set(self.reading) != set(COUNTS):
            raise ValueError(f"reading must have the keys {', '.join(COUNTS)}")

    def to_json(self) -> str:
        values = asdict(self)
        lines = [f'  "schema": {SCHEMA}']
        for name, value in values.items():
            if name in ("head", "tail"):
                rows = value.pop("exemplars")
                inner = json.dumps(value)[:-1]
                table = ",\n      ".join(json.dumps([r["length"], r["cuts"], r["clips"]]) for r in rows)
                lines.append(f'  "{name}": {inner}, "exemplars": [\n      {table}]}}')
            else:
                lines.append(f'  "{name}": {json.dumps(value, ensure_ascii=False)}')
        return "{\n" + ",\n".join(lines) + "\n}\n"

    @classmethod
    def from_json(cls, text: str) -> "TimingParameters":
        """The inverse of :meth:`to_json`; raises ValueError for what it does not know."""
        values: dict[str, Any] = json.loads(text)
        if not isinstance(values, dict) or values.pop("schema", None) != SCHEMA:
            raise ValueError(f"not timing parameters of schema {SCHEMA}")
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"unknown parameter {sorted(unknown)[0]!r}")
        try:
            for name in ("head", "tail"):
                if name in values:
                    values[name] = _side(values[name])
            if "titles" in values:
                values["titles"] = tuple(tuple(words) for words in values["titles"])
            for name in ("similarity", "log_rates"):
                if name in values:
                    values[name] = tuple(values[name])
            return replace(cls(), **values)
        except (KeyError, TypeError) as error:
            raise ValueError(f"malformed timing parameters: {error}") from error


def _side(values: dict[str, Any]) -> Side:
    return Side(
        reach=values["reach"],
        weights=values["weights"],
        log_duration=tuple(values["log_duration"]),
        exemplars=tuple(
            Exemplar(length=length, cuts=tuple(cuts), clips=tuple(clips))
            for length, cuts, clips in values["exemplars"]
        ),
    )


@cache
def default_parameters() -> TimingParameters:
    """The parameters that ship with the package; their ``source`` says where they come from."""
    return TimingParameters.from_json(
        files("mmtool.alignment").joinpath("timing_defaults.json").read_text(encoding="utf-8")
    )
