"""The parameters of the semi-Markov model: learned ones, and those that ship with the package."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import Any

from mmtool.alignment.timing.extent import HEAD_FEATURES, NEIGHBOURS, TAIL_FEATURES, Exemplar, Side
from mmtool.alignment.timing.reading_time import COUNTS

UNKNOWN_HEAD = Side(reach=9.0, weights=dict.fromkeys(HEAD_FEATURES, 0.0), log_duration=(0.0, 1.0))
UNKNOWN_TAIL = Side(reach=22.0, weights=dict.fromkeys(TAIL_FEATURES, 0.0), log_duration=(0.0, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingParameters:
    """Parameters of the semi-Markov model; all times in seconds.

    The median duration of a snippet is its reading time, ``reading`` · counts, multiplied by the narrator's
    rate. Its density is Student's t with scale ``noise`` · √median, as if the errors of the single seconds
    were independent. A boundary within about ``cut_width`` of a cut is up to ``1 + cut_attraction`` times as
    likely.
    """

    source: str = ""  # where the numbers come from
    unit: float = 1.0  # seconds of a video per second of these parameters; above 1, everything is slower
    reading: Mapping[str, float] = field(
        default_factory=lambda: dict.fromkeys(COUNTS, 0.0) | {"letters": 0.075}
    )
    noise: float = 0.27
    freedom: float = 5.0  # degrees of freedom of Student's t; 0 means a normal distribution
    rate_deviation: float = 0.08  # of the log of the rate between videos
    rate_bandwidth: float = 0.04  # standard deviation of the log-rate from that of a similar training video
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
    evenness: float = 0.6  # of the risk; 0 counts seconds, 1 counts snippets
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

    def to_dict(self) -> dict[str, object]:
        """Plain JSON values; an exemplar is a list: its length, its cuts, the clips around the boundary."""
        values = asdict(self)
        for name in ("head", "tail"):
            values[name]["exemplars"] = [list(e.values()) for e in values[name]["exemplars"]]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "TimingParameters":
        """The inverse of :meth:`to_dict`; raises ValueError for unknown names and malformed values."""
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"unknown parameter {sorted(unknown)[0]!r}")
        typed: dict[str, Any] = dict(values)
        for name, value in typed.items():
            try:
                typed[name] = _typed(name, value)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise ValueError(f"malformed {name}: {error}") from error
        parameters = replace(cls(), **typed)
        videos = {len(p) for p in (parameters.titles, parameters.head.exemplars, parameters.tail.exemplars)}
        if len(videos) > 1 or (parameters.log_rates and len(parameters.log_rates) not in videos):
            raise ValueError("titles, log_rates and the exemplars are not of the same videos")
        return parameters


def _typed(name: str, value: Any) -> object:
    match name:
        case "source":
            return str(value)
        case "rates":
            return int(value)
        case "reading":
            return {count: _number(seconds) for count, seconds in value.items()}
        case "log_rates":
            return tuple(map(_number, value))
        case "similarity":
            title, here, there, edge = map(_number, value)
            return title, here, there, edge
        case "titles":
            return tuple(tuple(map(str, words)) for words in value)
        case "head":
            return _side(value, HEAD_FEATURES, neighbours=len(NEIGHBOURS))
        case "tail":
            return _side(value, TAIL_FEATURES, neighbours=0)
    return _number(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"{value!r} is not a number")
    return value


def _side(values: Mapping[str, Any], features: tuple[str, ...], *, neighbours: int) -> Side:
    mean, deviation = map(_number, values["log_duration"])
    weights = {name: _number(weight) for name, weight in values["weights"].items()}
    if set(weights) != set(features):
        raise ValueError(f"weights must have the keys {', '.join(features)}")
    exemplars = []
    for length, cuts, clips in values["exemplars"]:
        if len(clips) != neighbours:
            raise ValueError(f"an exemplar has {len(clips)} clips, not {neighbours}")
        seconds = tuple(clip if clip is None else _number(clip) for clip in clips)
        exemplars.append(Exemplar(length=_number(length), cuts=tuple(map(_number, cuts)), clips=seconds))
    return Side(
        reach=_number(values["reach"]),
        weights=weights,
        log_duration=(mean, deviation),
        exemplars=tuple(exemplars),
    )


@cache
def default_parameters() -> TimingParameters:
    """The parameters that ship with the package; their ``source`` says where they come from."""
    text = files("mmtool.alignment.timing").joinpath("defaults.json").read_text(encoding="utf-8")
    return TimingParameters.from_dict(json.loads(text)["parameters"])
