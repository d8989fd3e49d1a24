"""The table of rerankers: a name, or a model of the hub or a folder whose configuration says what it is."""

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from mmtool.encoders.rerankers.contract import RerankerOptions
from mmtool.encoders.rerankers.frame_matcher import FrameMatcher
from mmtool.encoders.rerankers.models import model_type, remedy_for
from mmtool.errors import InputError, SettingError
from mmtool.model_names import RERANKERS

BUILT_IN = {
    "blip": "mmtool.encoders.rerankers.blip:BlipReranker",
    "blip2": "mmtool.encoders.rerankers.blip2:Blip2Reranker",
    "vilt": "mmtool.encoders.rerankers.vilt:ViltReranker",
    "bridgetower": "mmtool.encoders.rerankers.bridgetower:BridgeTowerReranker",
}
OF_TYPE = {"blip": "blip", "blip-2": "blip2", "vilt": "vilt", "bridgetower": "bridgetower"}


def kind_of(reranker: str) -> str:
    """The name of the kind that a name, a model of the hub or a local folder stands for.

    Raises SettingError for an unknown name, InputError for a model that is not a reranker.
    """
    if reranker in BUILT_IN:
        return reranker
    if "/" not in reranker and not Path(reranker).is_dir():
        close = get_close_matches(reranker.lower(), RERANKERS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"name one of {', '.join(RERANKERS)}, or a folder"
        raise SettingError("reranker", f"cannot be {reranker}: no reranker has this name; {hint}")
    found = model_type(reranker, setting="reranker")
    if found not in OF_TYPE:
        problem = f"is a model of type {found}, which judges no pairs of text and frame"
        raise InputError(reranker, problem, remedy_for("reranker"))
    return OF_TYPE[found]


def can_explain(kind: str) -> bool:
    """Whether the rerankers of a kind have word maps."""
    return bool(resolve_name(BUILT_IN[kind]).explains)


def load_reranker(reranker: str, options: RerankerOptions) -> FrameMatcher:
    """Load a reranker by a name, a model of the hub or a local folder; see :func:`kind_of` for errors."""
    kind = kind_of(reranker)
    made: Any = resolve_name(BUILT_IN[kind])
    loaded: FrameMatcher = made(options if reranker == kind else replace(options, model=reranker))
    return loaded
