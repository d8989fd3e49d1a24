"""Clips and snippets → features in HDF5."""

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmtool import __version__
from mmtool.choices import Modality, VideoEncoder
from mmtool.choices import TextEncoder as TextEncoderName
from mmtool.encoders.contract import MAX_REGIONS, FrameEncoder, IntervalEncoder, Regions
from mmtool.encoders.registry import load_text_encoder, load_video_encoder
from mmtool.errors import CallError, InputError
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file, digest_json, fingerprint
from mmtool.formats.features import Arrays, FeatureGroup, FeaturesBuilder, FeaturesHeader, open_features
from mmtool.formats.snippets import read_snippets
from mmtool.records import EncoderIdentity, Failure, Progress, StageReport, silent
from mmtool.settings import ExtractSettings
from mmtool.stages.devices import resolve_device
from mmtool.video import VIDEO_SUFFIXES
from mmtool.video.frames import clip_frames, read_frames
from mmtool.video.probe import probe

Work = Callable[[str], FeatureGroup]


def extract(root: Path, settings: ExtractSettings, *, progress: Progress = silent) -> StageReport:
    """Write ``features/<name>.h5`` for the video encoder, for the text encoder, or for both."""
    corpus, report = Corpus.open(root), StageReport("extract")
    if settings.video_encoder is not None:
        _extract_video(corpus, settings.video_encoder, settings, report, progress)
    if settings.text_encoder is not None:
        _extract_text(corpus, settings.text_encoder, settings, report, progress)
    return report


def _extract_video(
    corpus: Corpus,
    encoder_name: VideoEncoder,
    settings: ExtractSettings,
    report: StageReport,
    progress: Progress,
) -> None:
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
    builder = _open_builder(corpus, name, Modality.VIDEO, encoder.identity, force=settings.force)
    if isinstance(encoder, IntervalEncoder):
        inputs, work = _interval_work(corpus, encoder)
    else:
        inputs, work = _frame_work(corpus, encoder, settings.batch_size, progress)
    _extract_ids(ids, inputs, work, builder, settings.force, report)


def _extract_text(
    corpus: Corpus,
    encoder_name: TextEncoderName,
    settings: ExtractSettings,
    report: StageReport,
    progress: Progress,
) -> None:
    ids = corpus.snippet_ids()
    if not ids:
        raise CallError(f"{corpus.root}: no snippets in snippets/; run `mmtool segment` first")
    encoder = load_text_encoder(
        encoder_name,
        weights=settings.text_weights,
        seed=settings.seed,
        text_model=settings.text_model,
        pooling=settings.pooling,
        batch_size=settings.batch_size,
        device=resolve_device(settings.device).type,
    )
    name = settings.text_name or encoder.identity.name
    builder = _open_builder(corpus, name, Modality.TEXT, encoder.identity, force=settings.force)

    def inputs(id: str) -> list[str]:
        return [digest_file(corpus.snippets(id))]

    def work(id: str) -> FeatureGroup:
        texts = [snippet.text for snippet in read_snippets(corpus.snippets(id))]
        features = encoder.encode(texts)
        progress(f"{name} text", ids.index(id) + 1, len(ids), "texts")
        return FeatureGroup(features, snippets=texts)

    _extract_ids(ids, inputs, work, builder, settings.force, report)
    if encoder.truncated:
        report.notes.append(
            f"{builder.path}: {encoder.truncated} snippets are longer than the model reads and were cut; "
            "split them with `mmtool segment --split sentences`"
        )


def _open_builder(
    corpus: Corpus, name: str, modality: Modality, identity: EncoderIdentity, *, force: bool
) -> FeaturesBuilder:
    """Where to write; raises CallError where the file holds features of another encoder or setting."""
    header = FeaturesHeader(modality, (identity,), versions=_versions())
    path = corpus.features(name)
    if path.exists() and not force:
        with open_features(path) as features:
            if features.header.digest != header.digest:
                raise CallError(
                    f"{path}: was made with {features.header.describe()}, not with {header.describe()}; "
                    f"keep both with --{modality}-name OTHER, or replace it with --force"
                )
    return FeaturesBuilder(path, header)


def _versions() -> dict[str, str]:
    libraries = ("numpy", "torch", "torchvision", "transformers", "opencv-python")
    return {"mmtool": __version__} | {name: version(name) for name in libraries}


def _extract_ids(
    ids: Sequence[str],
    inputs: Callable[[str], list[str]],
    work: Work,
    builder: FeaturesBuilder,
    force: bool,
    report: StageReport,
) -> None:
    for id in ids:
        try:
            made = digest_json(inputs(id))
            if not force and builder.is_made(id, made):
                report.unchanged.append(id)
                continue
            group = work(id)
            builder.add(id, FeatureGroup(group.features, group.intervals, group.snippets, made, group.extras))
            report.done.append(id)
        except InputError as error:
            report.failures.append(Failure(id, str(error)))
    builder.finish()
    report.written.append(str(builder.path))
    report.facts[builder.header.name] = f"{builder.header.sources[0].dimension} dimensions"


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
        frames = read_frames(path, clip_frames(probe(path), clips))
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
