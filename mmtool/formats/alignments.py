"""``alignments/<run>/<id>.json``: clips with their snippet, snippets with their clips and intervals."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmtool.errors import InputError
from mmtool.formats.atomic import write_text
from mmtool.records import Alignment, Clip, Place, Quality, Snippet

FORMAT = "mmtool-alignment"
VERSION = 1
REMEDY = "make it again with `mmtool align --force`"


def write_alignment(path: Path, alignment: Alignment, recipe: str) -> None:
    """Write one video's alignment; ``recipe`` is the digest of what it was made from."""
    of_clip: dict[int, int] = {}
    of_snippet: dict[int, list[int]] = {}
    for clip, snippet in alignment.matches:
        of_clip.setdefault(clip, snippet)
        of_snippet.setdefault(snippet, []).append(clip)
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
                "snippet": of_clip.get(i),
                "confidence": round(alignment.clip_confidence[i], 6),
            }
            for i, clip in enumerate(alignment.clips)
        ],
        "snippets": [
            {
                "text": snippet.text,
                "start": snippet.start,
                "end": snippet.end,
                **_source(snippet),
                "clips": of_snippet.get(j, []),
                "intervals": alignment.intervals(j),
                "confidence": round(alignment.snippet_confidence[j], 6),
            }
            for j, snippet in enumerate(alignment.snippets)
        ],
    }
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def quality_as_json(quality: Quality | None) -> dict[str, object] | None:
    """The verdict, ``sound`` or ``doubtful``, and what it rests on; None where nothing was judged."""
    if quality is None:
        return None
    return {
        "verdict": "doubtful" if quality.doubtful else "sound",
        "expected_accuracy": round(quality.expected_accuracy, 6),
        "reasons": list(quality.reasons),
    }


def read_alignment(path: Path) -> tuple[Alignment, str]:
    """Read one video's alignment and its recipe; raises InputError for a missing or foreign file."""
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
        )
        return alignment, content["recipe"]
    except FileNotFoundError:
        raise InputError(path, "no such alignment", "run `mmtool align` first") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(path, "is no alignment, or a damaged one", REMEDY) from error


def _source(snippet: Snippet) -> dict[str, object]:
    """The snippet's kind and place, where it has them."""
    kind: dict[str, object] = {"kind": snippet.kind} if snippet.kind else {}
    return kind if snippet.place is None else kind | {"place": list(snippet.place)}


def _snippet(content: Mapping[str, Any]) -> Snippet:
    place = Place(*map(int, content["place"])) if "place" in content else None
    return Snippet(content["text"], content["start"], content["end"], content.get("kind", ""), place)


def _quality(content: Mapping[str, Any] | None) -> Quality | None:
    if content is None:
        return None
    return Quality(float(content["expected_accuracy"]), tuple(map(str, content["reasons"])))


def alignment_of(path: Path, recipe: str) -> Alignment | None:
    """The alignment that was made by this recipe; None where there is none, or only an unjudged one."""
    try:
        alignment, made_by = read_alignment(path)
    except InputError:
        return None
    return alignment if made_by == recipe and alignment.quality is not None else None
