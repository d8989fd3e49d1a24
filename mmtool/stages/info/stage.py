"""A corpus folder or one of mmtool's files → what it is and what it holds."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar

from mmtool.choices import EncoderPrecision, Modality, Split
from mmtool.errors import CallError, InputError
from mmtool.formats.alignments import read_alignment
from mmtool.formats.annotations import read_annotations
from mmtool.formats.calibrations import CALIBRATION, CheckpointCalibration, read_calibrations
from mmtool.formats.checkpoints import checkpoint_digest, is_of_matcher, read_checkpoint
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.experiments import FORMAT as EXPERIMENT
from mmtool.formats.features import FeatureGroup, FeaturesFile, FeaturesHeader, open_features
from mmtool.formats.foreign_files import IMPORT
from mmtool.formats.foreign_files import SUFFIXES as FOREIGN
from mmtool.formats.frame_scores import read_frame_scores
from mmtool.formats.matcher_checkpoints import SEEN, read_matcher_checkpoint
from mmtool.formats.regions import count_regions
from mmtool.formats.runs import RunKind, read_run
from mmtool.formats.scores import is_of_scores, read_scores
from mmtool.formats.segment_settings import read_segment_settings
from mmtool.formats.snippets import read_snippets
from mmtool.formats.timing_parameters import read_timing
from mmtool.records import Quality, Report, percentage
from mmtool.stages.info.blending import described_blend
from mmtool.transcripts import TRANSCRIPT_SUFFIXES
from mmtool.transcripts.readers import read_transcript

Facts = dict[str, object]
Described = tuple["FileKind", Facts]
LISTED = 10  # names of classes or attributes


class FileKind(StrEnum):
    """What a file is; the values are shown to users."""

    CORPUS = "corpus folder"
    VIDEO_FEATURES = "video features"
    TEXT_FEATURES = "text features"
    CHECKPOINT = "checkpoint"
    MATCHER = "checkpoint of a matcher"
    RUN = "run"
    IMPORTED_RUN = "imported run"
    SCORES = "scores of clips and snippets"
    CALIBRATION = "calibration of a network"
    TRANSCRIPT = "transcript"
    ALIGNMENT = "alignment"
    EVALUATION = "evaluation: video accuracy / text IoU"
    EXPERIMENT = "experiment: video accuracy / text IoU"
    TIMING = "timing parameters"
    CLIPS = "clips"
    SNIPPETS = "snippets"
    ANNOTATIONS = "annotations"
    FRAME_SCORES = "frame scores"
    SEGMENT_SETTINGS = "settings of the last segment"


@dataclass(slots=True, kw_only=True)
class InfoReport(Report):
    """What a file is; ``details`` are the figures and names that it holds, by their labels."""

    stage: ClassVar[str] = "info"
    path: Path
    kind: FileKind
    details: Facts

    @property
    def facts(self) -> dict[str, object]:
        return {"kind": str(self.kind), **self.details}


def info(path: Path | str) -> InfoReport:
    """Describe a corpus folder, the folder of a run, or one of mmtool's files.

    Args:
        path: The folder or file.

    Raises:
        CallError: The file does not exist, is damaged, or is not one of mmtool's files.
    """
    path = Path(path)
    if path.is_dir():
        run = path / "config.json"
        try:
            return _report(path, _run(run) if run.exists() else _corpus(path))
        except InputError as error:
            raise CallError(str(error)) from error
    if not path.exists():
        raise CallError(f"{path}: no such file or folder; give a corpus folder or a file in it")
    readers = {".h5": _hdf5, ".pt": _checkpoint, ".json": _json, ".csv": _table, ".tsv": _annotations}
    reader = _transcript if _is_transcript(path) else readers.get(path.suffix.lower())
    if reader is None and path.suffix.lower() in FOREIGN:
        raise CallError(f"{path}: is not one of mmtool's files; if it holds features, {IMPORT}")
    if reader is None:
        raise CallError(
            f"{path}: is not one of mmtool's files; give a corpus folder or a file that ends in "
            f"{', '.join(readers)}"
        )
    try:
        return _report(path, reader(path))
    except InputError as error:
        raise CallError(str(error)) from error


def _report(path: Path, described: Described) -> InfoReport:
    kind, details = described
    return InfoReport(path=path, kind=kind, details=details)


def _is_transcript(path: Path) -> bool:
    return path.absolute().parent.name == "transcripts" and path.suffix.lower() in TRANSCRIPT_SUFFIXES


def _transcript(path: Path) -> Described:
    transcript = read_transcript(path)
    words = transcript.words
    return FileKind.TRANSCRIPT, {
        "language": transcript.language or "unknown",
        "words": len(words),
        **({"from": f"{words[0].start:.2f} s", "to": f"{words[-1].end:.2f} s"} if words else {}),
        "times of": "words" if transcript.word_times else "cues",
        **({"notes": "; ".join(transcript.notes)} if transcript.notes else {}),
    }


def _corpus(path: Path) -> Described:
    corpus = Corpus(path)
    folders = (
        "videos",
        "texts",
        "transcripts",
        "clips",
        "snippets",
        "annotations",
        "features",
        "runs",
        "alignments",
    )
    facts: Facts = {}
    for folder in folders:
        facts[folder] = len([entry for entry in (path / folder).glob("*") if not entry.name.startswith(".")])
    for split in Split:
        if corpus.split(split).exists():
            facts[f"{split} split"] = len(corpus.split_ids(split))
    return FileKind.CORPUS, facts


def _hdf5(path: Path) -> Described:
    return _scores(path) if is_of_scores(path) else _features(path)


def _scores(path: Path) -> Described:
    scores = read_scores(path)
    clips, snippets = scores.raw.shape
    known = scores.temperature != 1 or scores.bias != 0
    calibration = f"temperature {scores.temperature:.3g}, bias {scores.bias:+.3g}" if known else "none"
    return FileKind.SCORES, {
        "made with": " and ".join(f"{model.name} ({model.model})" for model in scores.models),
        "clips": clips,
        "snippets": snippets,
        "judged pairs": int(scores.reranked.sum()),
        "calibration": calibration,
        "judged on": f"the {scores.judged_on} split",
    }


def _features(path: Path) -> Described:
    with open_features(path) as features:
        ids = features.ids()
        groups = [features.read(id) for id in ids]
        header, regions = features.header, _regions(features)
    shapes = [group.features.shape for group in groups]
    frames = {group.frame_times.shape[1] for group in groups if group.frame_times is not None}
    kind = FileKind.VIDEO_FEATURES if header.modality is Modality.VIDEO else FileKind.TEXT_FEATURES
    return kind, {
        "made with": header.describe(),
        **_computing(groups, header),
        "ids": len(ids),
        "rows": sum(shape[0] for shape in shapes),
        "dimension": shapes[0][1] if shapes else 0,
        **({"frames per clip": frames.pop()} if len(frames) == 1 else {}),
        **regions,
        "versions": ", ".join(f"{name} {version}" for name, version in header.versions.items()),
    }


def _computing(groups: Sequence[FeatureGroup], header: FeaturesHeader) -> Facts:
    """The precision of the networks, and the devices that computed the features, where they are recorded."""
    networks = [source for source in header.sources if source.weights not in ("none", "imported")]
    precisions = [str(source.settings.get("precision", EncoderPrecision.FP32)) for source in networks]
    devices = Counter(group.device for group in groups if group.device)
    several = [f"{device} ({count} of {len(groups)} ids)" for device, count in devices.most_common()]
    return {
        **({"precision": ", ".join(dict.fromkeys(precisions))} if precisions else {}),
        **({"computed on": ", ".join(devices if len(devices) == 1 else several)} if devices else {}),
    }


def _regions(features: FeaturesFile) -> Facts:
    """How many regions are kept, the names of classes and attributes, and the most frequent ones."""
    labels, attributes = (count_regions(features, name) for name in ("labels", "attributes"))
    facts: Facts = {"regions": labels.total()} if labels else {}
    names = features.header.region_names
    if names is not None:
        for what, known, counts in (
            ("classes", names.classes, labels),
            ("attributes", names.attributes, attributes),
        ):
            if known:
                more = ", …" if len(known) > LISTED else ""
                facts[what] = f"{len(known):,}: {', '.join(known[:LISTED])}{more}"
            if known and counts:
                most = counts.most_common(LISTED)
                facts[f"most frequent {what}"] = ", ".join(f"{known[id]} ×{count:,}" for id, count in most)
    return facts


def _matcher(path: Path) -> Described:
    """A checkpoint of the matcher, and what it can be used for."""
    checkpoint = read_matcher_checkpoint(path)
    run, words = path.parent.name, checkpoint.settings.get("words")
    return FileKind.MATCHER, {
        "epoch": checkpoint.epoch,
        **checkpoint.scores,
        "parameters": sum(tensor.numel() for name, tensor in checkpoint.network.items() if name != SEEN),
        "video input": checkpoint.video,
        "vocabulary": f"word pieces of {words}" if words else f"{len(checkpoint.vocabulary):,} words",
        **{name: value for name, value in checkpoint.settings.items() if name not in ("video", "words")},
        "to align": f"mmtool align --decoder semi-markov --video {run} --text {run}",
    }


def _checkpoint(path: Path) -> Described:
    if path.exists() and is_of_matcher(path):
        return _matcher(path)
    checkpoint = read_checkpoint(path)
    return FileKind.CHECKPOINT, {
        "epoch": checkpoint.epoch,
        **checkpoint.scores,
        "parameters": sum(
            tensor.numel()
            for name, tensor in checkpoint.network.items()
            if "running_" not in name and tensor.ndim
        ),
        **{f"{modality} input": given.name for modality, given in checkpoint.inputs.items()},
        **{name: value for name, value in checkpoint.settings.items() if name not in ("video", "text")},
        **({"timing_weight": checkpoint.timing["weight"]} if checkpoint.timing else {}),
    }


def _json(path: Path) -> Described:
    try:
        alignment, _ = read_alignment(path)
    except InputError:
        return _other_json(path)
    return FileKind.ALIGNMENT, {
        "id": alignment.id,
        "decoder": alignment.decoder,
        "checkpoint": alignment.checkpoint,
        "clips": len(alignment.clips),
        "snippets": len(alignment.snippets),
        "matched clips": len({clip for clip, _ in alignment.matches}),
        **_quality(alignment.quality),
    }


def _quality(quality: Quality | None) -> Facts:
    if quality is None:
        return {}
    reasons = f": {', '.join(quality.reasons)}" if quality.reasons else ""
    return {**quality.headline, "verdict": f"{quality.verdict}{reasons}"}


def _other_json(path: Path) -> Described:
    if path.name == "config.json":
        return _run(path)
    if path.name == CALIBRATION:
        return FileKind.CALIBRATION, _calibrations(path.parent) or {"checkpoints": 0}
    if path.name == "segment.json":
        return FileKind.SEGMENT_SETTINGS, read_segment_settings(path)
    try:
        timing = read_timing(path)
    except InputError:
        return _measures(path)
    numbers = {name: value for name, value in timing.items() if not isinstance(value, list | dict)}
    return FileKind.TIMING, numbers


def _measures(path: Path) -> Described:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.get("format") == EXPERIMENT:
            return _experiment(content)
        measures = content["measures"]
        rows = {
            name: f"{row['video_accuracy']['value']:.3f} / {row['text_iou']['value']:.3f}"
            for name, row in measures.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise CallError(
            f"{path}: is not one of mmtool's JSON files; "
            "give an alignment, metrics.json, a run's config.json, calibration.json or timing.json, "
            "a corpus's segment.json, or an experiment's results.json"
        ) from error
    return FileKind.EVALUATION, dict(rows)


def _run(path: Path) -> Described:
    config = read_run(path)
    calibrated = _calibrations(path.parent)
    if config.imported is None:
        kind: Facts = {"kind": str(config.kind)} if config.kind is RunKind.MATCHER else {}
        more = described_blend(path.parent) | ({} if kind else calibrated)
        return FileKind.RUN, {**kind, **config.settings, **more}
    return FileKind.IMPORTED_RUN, {
        "file": config.imported.file,
        "digest": config.imported.digest,
        **config.settings,
        **calibrated,
    }


def _calibrations(run: Path) -> Facts:
    """How each checkpoint of a network's run is calibrated."""
    stored, facts = read_calibrations(run), Facts()
    for path in sorted(run.glob("*.pt")):
        found = stored.get(checkpoint_digest(path))
        facts[f"calibration of {path.name}"] = "none" if found is None else _described(found)
    return facts


def _described(calibration: CheckpointCalibration) -> str:
    expected, measured, iou = map(
        percentage, (calibration.uncalibrated_accuracy, calibration.video_accuracy, calibration.text_iou)
    )
    count = f"{calibration.videos} video{'' if calibration.videos == 1 else 's'}"
    return (
        f"temperature {calibration.temperature:g}, shifts {calibration.confidence_shift:+.2f} (confidence) "
        f"and {calibration.iou_shift:+.2f} (text IoU), from {count} of the {calibration.split} split: "
        f"accuracy {measured} (expected without: {expected}), text IoU {iou}"
    )


def _experiment(content: dict[str, Any]) -> Described:
    """The mean over the seeds of each row."""
    facts: Facts = {"title": content["title"]}
    for row in content["rows"]:
        means = [row[measure]["mean"] for measure in ("video_accuracy", "text_iou")]
        facts[row["label"]] = " / ".join("–" if mean is None else f"{mean:.3f}" for mean in means)
    return FileKind.EXPERIMENT, facts


def _table(path: Path) -> Described:
    if path.parent.name == "stats":
        _, times, scores = read_frame_scores(path)
        return FileKind.FRAME_SCORES, {"frames": len(times), "highest": max(scores)}
    try:
        clips = read_clips(path)
    except InputError:
        return _snippets(path)
    length = sum(clip.duration for clip in clips)
    return FileKind.CLIPS, {
        "clips": len(clips),
        "seconds": round(length, 3),
        "mean clip length": round(length / len(clips), 3),
    }


def _snippets(path: Path) -> Described:
    snippets = read_snippets(path)
    kinds = Counter(snippet.kind for snippet in snippets if snippet.kind)
    return FileKind.SNIPPETS, {
        "snippets": len(snippets),
        "words": sum(len(snippet.text.split()) for snippet in snippets),
        "with times": sum(snippet.start is not None for snippet in snippets),
        **(
            {"kinds": ", ".join(f"{kind} ×{count:,}" for kind, count in kinds.most_common())} if kinds else {}
        ),
    }


def _annotations(path: Path) -> Described:
    annotations = read_annotations(path)
    covered = sum(annotation.end - annotation.start for annotation in annotations)
    return FileKind.ANNOTATIONS, {"annotations": len(annotations), "seconds described": round(covered, 3)}
