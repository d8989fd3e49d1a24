"""``alignments/<run>/<id>.json``: each clip with its snippet, each snippet with its clips and intervals."""

import json
import re
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any

from mmtool.errors import InputError
from mmtool.formats.atomic import write_text
from mmtool.records import Alignment, Candidates, Clip, Place, Quality, Snippet

FORMAT = "mmtool-alignment"
VERSION = 1
_CANDIDATES = re.compile(r"\{\s*\n[^{}]*\}(?=\n  \})")  # the last object of a clip, written on one line
REMEDY = "recreate it with `mmtool align --force`"


def write_alignment(path: Path, alignment: Alignment, recipe: str) -> None:
    """Write the alignment of one video; ``recipe`` is the digest of what it was computed from."""
    snippet_of: dict[int, int] = {}
    clips_of: dict[int, list[int]] = {}
    for clip, snippet in alignment.matches:
        snippet_of.setdefault(clip, snippet)
        clips_of.setdefault(snippet, []).append(clip)
    content = {
        "format": FORMAT,
        "version": VERSION,
        "id": alignment.id,
        "decoder": alignment.decoder,
        "checkpoint": alignment.checkpoint,
        "recipe": recipe,
        "quality": quality_as_json(alignment.quality),
        "clips": [
            {
                "start": clip.start,
                "end": clip.end,
                "start_frame": clip.start_frame,
                "end_frame": clip.end_frame,
                "snippet": snippet_of.get(i),
                "confidence": round(alignment.clip_confidence[i], 6),
                **_candidates_as_json(alignment, i),
            }
            for i, clip in enumerate(alignment.clips)
        ],
        "snippets": [
            {
                "text": snippet.text,
                "start": snippet.start,
                "end": snippet.end,
                **_source(snippet),
                "clips": clips_of.get(j, []),
                "intervals": alignment.intervals(j),
                "confidence": round(alignment.snippet_confidence[j], 6),
            }
            for j, snippet in enumerate(alignment.snippets)
        ],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False)
    write_text(path, _CANDIDATES.sub(lambda found: " ".join(found[0].split()), text) + "\n")


def quality_as_json(quality: Quality | None) -> dict[str, object] | None:
    """The verdict, ``sound`` or ``doubtful``, and its grounds; None if the alignment was not assessed."""
    if quality is None:
        return None
    return {
        "verdict": "doubtful" if quality.doubtful else "sound",
        "expected_accuracy": round(quality.expected_accuracy, 6),
        "reasons": list(quality.reasons),
    }


def read_alignment(path: Path) -> tuple[Alignment, str]:
    """Read the alignment of one video and its recipe.

    Raises:
        InputError: The file is missing, or is not a valid alignment file.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT or content["version"] != VERSION:
            raise ValueError(content["format"])
        clips, snippets = content["clips"], content["snippets"]
        alignment = Alignment(
            id=content["id"],
            clips=tuple(Clip(c["start"], c["end"], c["start_frame"], c["end_frame"]) for c in clips),
            snippets=tuple(_snippet(s) for s in snippets),
            matches=tuple(sorted((i, j) for j, s in enumerate(snippets) for i in s["clips"])),
            clip_confidence=tuple(c["confidence"] for c in clips),
            snippet_confidence=tuple(s["confidence"] for s in snippets),
            decoder=content["decoder"],
            checkpoint=content["checkpoint"],
            quality=_quality(content.get("quality")),
            candidates=_candidates(clips),
        )
        _check(alignment)
        return alignment, content["recipe"]
    except FileNotFoundError:
        raise InputError(path, "no such alignment", "run `mmtool align` first") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(path, "is not a valid alignment file", REMEDY) from error


def _source(snippet: Snippet) -> dict[str, object]:
    """The kind and place of a snippet, if known."""
    kind: dict[str, object] = {"kind": snippet.kind} if snippet.kind else {}
    return kind if snippet.place is None else kind | {"place": list(snippet.place)}


def _snippet(content: Mapping[str, Any]) -> Snippet:
    place = Place(*map(int, content["place"])) if "place" in content else None
    return Snippet(content["text"], content["start"], content["end"], content.get("kind", ""), place)


def _candidates_as_json(alignment: Alignment, clip: int) -> dict[str, dict[str, float]]:
    """The candidates of a clip as an object; empty if the decoder provides none."""
    if not alignment.candidates:
        return {}
    return {"candidates": {str(j): round(p, 3) for j, p in alignment.candidates[clip]}}


def _candidates(clips: Sequence[Mapping[str, Any]]) -> tuple[Candidates, ...]:
    """The candidates of each clip; empty if the decoder provided none."""
    if not any("candidates" in clip for clip in clips):
        return ()
    return tuple(tuple((int(j), float(p)) for j, p in dict(c["candidates"]).items()) for c in clips)


def _check(alignment: Alignment) -> None:
    """Raise ValueError or TypeError for values that no decoder produces."""
    clips, snippets = len(alignment.clips), len(alignment.snippets)
    if not all(0 <= i < clips and 0 <= j < snippets for i, j in alignment.matches):
        raise ValueError("a match outside the clips or snippets")
    if not all(0 <= clip.start <= clip.end < inf for clip in alignment.clips):
        raise ValueError("a clip that ends before it starts")
    if not all(0 <= p <= 1 for p in alignment.clip_confidence + alignment.snippet_confidence):
        raise ValueError("a confidence outside 0–1")
    if not all(0 <= j < snippets and 0 <= p <= 1 for own in alignment.candidates for j, p in own):
        raise ValueError("a candidate outside the snippets")
    "".join(snippet.text for snippet in alignment.snippets).encode()  # raises for lone surrogates


def _quality(content: Mapping[str, Any] | None) -> Quality | None:
    if content is None:
        return None
    return Quality(float(content["expected_accuracy"]), tuple(map(str, content["reasons"])))


def alignment_of(path: Path, recipe: str) -> Alignment | None:
    """The alignment if it exists, was computed by this recipe and has a verdict; otherwise None."""
    try:
        alignment, found = read_alignment(path)
    except InputError:
        return None
    return alignment if found == recipe and alignment.quality is not None else None
