"""Clips → features; the half of ``extract`` that looks at pictures."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmtool.choices import Modality, VideoEncoder
from mmtool.encoders.contract import MAX_REGIONS, FrameEncoder, IntervalEncoder, Regions
from mmtool.encoders.registry import load_video_encoder
from mmtool.errors import CallError, InputError
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file, fingerprint
from mmtool.formats.features import Arrays, FeatureGroup
from mmtool.records import Progress, StageReport
from mmtool.settings import ExtractSettings
from mmtool.stages.devices import resolve_device
from mmtool.stages.features_output import Work, extract_ids, open_builder
from mmtool.video import VIDEO_SUFFIXES
from mmtool.video.frames import read_clip_frames


def extract_video(
    corpus: Corpus,
    encoder_name: VideoEncoder,
    settings: ExtractSettings,
    report: StageReport,
    progress: Progress,
) -> None:
    """Write the features of each video's clips."""
    ids = corpus.clip_ids()
    if not ids:
        raise CallError(f"{corpus.root}: no clips in clips/; run `mmtool segment` first")
    encoder = load_video_encoder(
        encoder_name,
        weights=settings.video_weights,
        seed=settings.seed,
        image_size=settings.image_size,
        proposals=settings.proposals,
        keep_regions=settings.keep_regions,
        batch_size=settings.batch_size,
        device=resolve_device(settings.device).type,
    )
    name = settings.video_name or encoder.identity.name
    builder = open_builder(corpus, name, Modality.VIDEO, encoder.identity, force=settings.force)
    if isinstance(encoder, IntervalEncoder):
        inputs, work = _interval_work(corpus, encoder)
    else:
        inputs, work = _frame_work(corpus, encoder, settings.batch_size, progress)
    extract_ids(ids, inputs, work, builder, settings.force, report)


def _interval_work(corpus: Corpus, encoder: IntervalEncoder) -> tuple[Callable[[str], list[str]], Work]:
    """For an encoder that sees clip times alone."""

    def inputs(id: str) -> list[str]:
        return [digest_file(corpus.clips(id))]

    def work(id: str) -> FeatureGroup:
        intervals = [clip.interval for clip in read_clips(corpus.clips(id))]
        return FeatureGroup(encoder.encode(intervals), np.array(intervals, dtype=np.float64))

    return inputs, work


def _frame_work(
    corpus: Corpus, encoder: FrameEncoder, batch_size: int, progress: Progress
) -> tuple[Callable[[str], list[str]], Work]:
    """For an encoder that sees the central frame of each clip."""
    videos, _ = corpus.media("videos", VIDEO_SUFFIXES)

    def video(id: str) -> Path:
        if id not in videos:
            raise InputError(corpus.clips(id), "has no film of this name in videos/", f"add videos/{id}.mp4")
        return videos[id]

    def inputs(id: str) -> list[str]:
        return [digest_file(corpus.clips(id)), fingerprint(video(id))]

    ids = corpus.clip_ids()

    def work(id: str) -> FeatureGroup:
        path, clips = video(id), read_clips(corpus.clips(id))
        task = f"{path.name} ({ids.index(id) + 1} of {len(ids)})"
        frames = (found.frame.pixels for found in read_clip_frames(path, clips))
        features: list[NDArray[np.float32]] = []
        regions: list[Regions] = []
        while batch := list(islice(frames, batch_size)):
            encoded = encoder.encode(batch)
            features.append(encoded.features)
            regions += encoded.regions or []
            progress(task, sum(map(len, features)), len(clips), "clips")
        intervals = np.array([clip.interval for clip in clips], dtype=np.float64)
        return FeatureGroup(np.concatenate(features), intervals, extras=_region_arrays(regions))

    return inputs, work


def _region_arrays(regions: Sequence[Regions]) -> Arrays:
    """Regions of N clips as arrays (N, 36, …), zero beyond each clip's ``region_count``."""
    if not regions:
        return {}

    def stack(rows: Iterator[NDArray[np.generic]]) -> NDArray[np.generic]:
        padded = [np.pad(row, [(0, MAX_REGIONS - len(row))] + [(0, 0)] * (row.ndim - 1)) for row in rows]
        return np.stack(padded)

    return {
        "boxes": stack(r.boxes for r in regions),
        "scores": stack(r.scores for r in regions),
        "labels": stack(r.labels for r in regions),
        "region_features": stack(r.features for r in regions),
        "region_count": np.array([len(r.boxes) for r in regions]),
    }
