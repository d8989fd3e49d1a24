"""``alignments/<run>/<id>.json``: each clip with its snippet, each snippet with its clips and intervals."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmtool.errors import InputError
from mmtool.formats import json_files
from mmtool.formats.atomic import write_text
from mmtool.formats.json_files import index, number, read_object, seconds
from mmtool.records import Alignment, Candidates, Clip, Evidence, Place, Quality, Snippet, Verdict

FORMAT = "mmtool-alignment"
VERSION = 1
_CANDIDATES = re.compile(r"\{\s*\n[^{}]*\}(?=\n  \})")  # the last object of a clip, written on one line
WHAT = "a valid alignment file"
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
        **({"language": alignment.language} if alignment.language else {}),
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
                **_evidence_as_json(alignment, j),
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
    """The verdict and its grounds, null for what is unknown; None if the alignment was not assessed."""
    if quality is None:
        return None
    return {
        "verdict": str(quality.verdict),
        "placed": quality.placed,
        "snippets": quality.snippets,
        "expected_iou": _rounded(quality.expected_iou),
        "expected_accuracy": _rounded(quality.expected_accuracy),
        "reasons": list(quality.reasons),
    }


def read_alignment(path: Path) -> tuple[Alignment, str]:
    """Read the alignment of one video and its recipe.

    Raises:
        InputError: The file is missing, or is not a valid alignment file.
    """
    try:
        content = read_object(path, WHAT, REMEDY)
    except FileNotFoundError:
        raise InputError(path, "no such alignment", "run `mmtool align` first") from None
    try:
        if content["format"] != FORMAT or content["version"] != VERSION:
            raise ValueError(content["format"])
        return _alignment(content), json_files.text(content["recipe"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise InputError(path, f"is not {WHAT}", REMEDY) from error


def _alignment(content: Mapping[str, Any]) -> Alignment:
    """The alignment in a file's content; raises ValueError or TypeError for impossible values."""
    clips, snippets = content["clips"], content["snippets"]
    alignment = Alignment(
        id=json_files.text(content["id"]),
        clips=tuple(_clip(clip) for clip in clips),
        snippets=tuple(_snippet(snippet) for snippet in snippets),
        matches=tuple(
            sorted((index(i, len(clips)), j) for j, snippet in enumerate(snippets) for i in snippet["clips"])
        ),
        clip_confidence=tuple(_share(clip["confidence"]) for clip in clips),
        snippet_confidence=tuple(_share(snippet["confidence"]) for snippet in snippets),
        decoder=json_files.text(content["decoder"]),
        checkpoint=json_files.text(content["checkpoint"]),
        quality=_quality(content.get("quality"), len(snippets)),
        candidates=_candidates(clips, len(snippets)),
        language=json_files.text(content.get("language", "")),
        evidence=_evidence(snippets),
    )
    for clip in alignment.clips:
        if clip.end < clip.start:
            raise ValueError("a clip that ends before it starts")
    return alignment


def _clip(content: Mapping[str, Any]) -> Clip:
    frames = [content["start_frame"], content["end_frame"]]
    if not all(frame is None or type(frame) is int for frame in frames):
        raise TypeError("a frame that is not a whole number")
    return Clip(seconds(content["start"]), seconds(content["end"]), *frames)


def _share(value: object) -> float:
    if not 0 <= number(value) <= 1:
        raise ValueError("a confidence outside 0–1")
    return number(value)


def _source(snippet: Snippet) -> dict[str, object]:
    """The kind and place of a snippet, if known."""
    kind: dict[str, object] = {"kind": snippet.kind} if snippet.kind else {}
    return kind if snippet.place is None else kind | {"place": list(snippet.place)}


def _snippet(content: Mapping[str, Any]) -> Snippet:
    place = Place(*map(int, content["place"])) if "place" in content else None
    start, end = (None if content[name] is None else seconds(content[name]) for name in ("start", "end"))
    return Snippet(
        json_files.text(content["text"]), start, end, json_files.text(content.get("kind", "")), place
    )


def _evidence_as_json(alignment: Alignment, snippet: int) -> dict[str, object]:
    """What decided where a snippet is, null if nothing did; empty if the decoder does not say."""
    return {"evidence": alignment.evidence[snippet]} if alignment.evidence else {}


def _evidence(snippets: Sequence[Mapping[str, Any]]) -> tuple[Evidence | None, ...]:
    """The evidence of each snippet; empty if the decoder does not say."""
    if not any("evidence" in snippet for snippet in snippets):
        return ()
    said = (snippet["evidence"] for snippet in snippets)
    return tuple(None if one is None else Evidence(json_files.text(one)) for one in said)


def _candidates_as_json(alignment: Alignment, clip: int) -> dict[str, dict[str, float]]:
    """The candidates of a clip as an object; empty if the decoder provides none."""
    if not alignment.candidates:
        return {}
    return {"candidates": {str(j): round(p, 3) for j, p in alignment.candidates[clip]}}


def _candidates(clips: Sequence[Mapping[str, Any]], snippets: int) -> tuple[Candidates, ...]:
    """The candidates of each clip; empty if the decoder provided none."""
    if not any("candidates" in clip for clip in clips):
        return ()
    return tuple(
        tuple((index(int(j), snippets), _share(p)) for j, p in clip["candidates"].items()) for clip in clips
    )


def _quality(content: Mapping[str, Any] | None, snippets: int) -> Quality | None:
    if content is None:
        return None
    if content["snippets"] != snippets:
        raise ValueError("a quality of another number of snippets")
    expected = (content[name] for name in ("expected_iou", "expected_accuracy"))
    iou, accuracy = (None if value is None else _share(value) for value in expected)
    return Quality(
        placed=index(content["placed"], snippets + 1),
        snippets=snippets,
        expected_iou=iou,
        expected_accuracy=accuracy,
        verdict=Verdict(content["verdict"]),
        reasons=tuple(map(json_files.text, content["reasons"])),
    )


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 6)


def alignment_of(path: Path, recipe: str) -> Alignment | None:
    """The alignment if it exists, was computed by this recipe and has a verdict; otherwise None."""
    try:
        alignment, found = read_alignment(path)
    except InputError:
        return None
    return alignment if found == recipe and alignment.quality is not None else None
