"""Clips → features: the video side of ``extract``."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from mmtool.choices import Engine, Modality, RegionPrecision
from mmtool.encoders.contract import (
    FilmEncoder,
    IntervalEncoder,
    NamesRegions,
    SoundEncoder,
    SpeechEncoder,
)
from mmtool.errors import CallError, InputError, SettingError
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file
from mmtool.formats.features import FeatureGroup
from mmtool.formats.film_digests import film_digest
from mmtool.records import EncoderIdentity, Failure, Progress, RegionNames
from mmtool.settings.devices import CPU
from mmtool.settings.extract import ExtractSettings
from mmtool.stages.extract.cluster import on_ray
from mmtool.stages.extract.engines import in_processes
from mmtool.stages.extract.film_encoding import FilmEncoding, encode_with, in_other_processes
from mmtool.stages.extract.frame_batches import FilmClips
from mmtool.stages.extract.outputs import (
    Result,
    find_work,
    open_builder,
    unsegmented_notes,
    write_features,
)
from mmtool.stages.extract.report import ModalityResult
from mmtool.stages.extract.sounds import noting_silence, silence_notes
from mmtool.stages.extract.spoken import extract_spoken
from mmtool.stages.shared.encoders import make_video_encoder, worker_devices
from mmtool.stages.shared.gpus import device_with_name
from mmtool.video import VIDEO_SUFFIXES


def extract_video(corpus: Corpus, settings: ExtractSettings, progress: Progress) -> ModalityResult:
    """Write the features of each video's clips."""
    if not corpus.clip_ids():
        raise CallError(f"{corpus.root}: no clips in clips/; run `mmtool segment` first")
    if in_other_processes(settings):  # this one needs to know what they make, and leaves GPUs to them
        encoder = make_video_encoder(replace(settings, device=CPU))
    else:
        encoder = make_video_encoder(settings)
    if isinstance(encoder, IntervalEncoder):
        return _extract_intervals(corpus, encoder, settings)
    if isinstance(encoder, SpeechEncoder):
        return extract_spoken(corpus, encoder, settings, progress)
    return _extract_films(corpus, encoder, settings, progress)


def _extract_intervals(corpus: Corpus, encoder: IntervalEncoder, settings: ExtractSettings) -> ModalityResult:
    """Encode with an encoder that sees only the times of clips."""

    def inputs(id: str) -> list[str]:
        return [digest_file(corpus.clips(id))]

    def encode(id: str) -> Result:
        try:
            intervals = [clip.interval for clip in read_clips(corpus.clips(id))]
        except InputError as error:
            return Failure(id, str(error))
        features = encoder.encode(intervals)
        return FeatureGroup(features, np.array(intervals, dtype=np.float64), device=device)

    device = device_with_name(encoder.device)
    name = settings.video_name or encoder.identity.name
    with open_builder(corpus, name, Modality.VIDEO, encoder.identity, force=settings.force) as builder:
        work = find_work(corpus.clip_ids(), inputs, builder, force=settings.force)
        encoded = ((id, encode(id)) for id in work.recipes)
        return write_features(encoded, work, builder, [encoder.device])


def _extract_films(
    corpus: Corpus, encoder: FilmEncoder, settings: ExtractSettings, progress: Progress
) -> ModalityResult:
    """Encode with an encoder that sees frames of each clip, or its sound."""
    videos, clashes = corpus.media("videos", VIDEO_SUFFIXES)
    ambiguous = {clash.id for clash in clashes}
    ids = [id for id in corpus.clip_ids() if id not in ambiguous]

    def inputs(id: str) -> list[str]:
        if id not in videos:
            problem = "has no film of the same name in videos/"
            raise InputError(corpus.clips(id), problem, f"if it was moved, put it back as videos/{id}.mp4")
        film = film_digest(videos[id], corpus.film_note(videos[id]))
        return [digest_file(corpus.clips(id)), film.current]

    def earlier_inputs(id: str) -> list[str]:
        film = film_digest(videos[id], corpus.film_note(videos[id]))
        return [digest_file(corpus.clips(id)), film.earlier] if film.earlier else []

    identity = encoder.identity
    if not isinstance(encoder, SoundEncoder):
        identity = _with_frames(identity, settings.frames)
    names = _region_names(encoder) if settings.region_names else None
    with open_builder(
        corpus,
        settings.video_name or identity.name,
        Modality.VIDEO,
        identity,
        force=settings.force,
        region_names=names,
    ) as builder:
        work = find_work(
            ids,
            inputs,
            builder,
            force=settings.force,
            stored=_stored(settings),
            earlier_inputs=earlier_inputs,
        )
        work.failures[:0] = clashes
        films = []
        for id in work.recipes:
            try:
                films.append(_film(videos[id], corpus.clips(id), f"({ids.index(id) + 1} of {len(ids)})"))
            except InputError as error:
                work.failures.append(Failure(id, str(error)))
        notes: list[str] = []
        devices: set[str] = set()
        silent: list[str] = []
        results = noting_silence(_results(films, encoder, settings, progress, notes, devices), silent)
        result = write_features(results, work, builder, devices)
    result.notes += notes + silence_notes(silent)
    result.notes += unsegmented_notes(videos, ids)
    return result


def _stored(settings: ExtractSettings) -> list[list[str]]:
    """What is stored beside features: as the settings say, then all that has more."""
    regions = [settings.region_precision] if settings.keep_regions else [None, *RegionPrecision]
    frames = [True] if settings.keep_frames else [False, True]
    return [
        [*([f"regions {precision}"] if precision else []), *(["frames"] if each else [])]
        for precision in regions
        for each in frames
    ]


def _film(path: Path, clips: Path, position: str) -> FilmClips:
    return FilmClips(clips.stem, path, tuple(read_clips(clips)), f"{path.name} {position}")


def _with_frames(identity: EncoderIdentity, frames: int) -> EncoderIdentity:
    """Add the number of frames per clip, which changes features as the encoder's own settings do."""
    return replace(identity, settings=identity.settings | {"frames": frames})


def _region_names(encoder: FilmEncoder) -> RegionNames:
    names = encoder.names if isinstance(encoder, NamesRegions) else None
    if names is None:
        raise SettingError(
            "region_names",
            f"cannot be stored: {encoder.identity.name} has no names for its classes; put "
            "objects_vocab.txt and attributes_vocab.txt beside the weights of faster-rcnn-vg",
        )
    return names


def _results(
    films: list[FilmClips],
    encoder: FilmEncoder,
    settings: ExtractSettings,
    progress: Progress,
    notes: list[str],
    devices: set[str],
) -> Iterator[tuple[str, Result]]:
    """Encode films in this process, whose batches cross films, or in several, which take one film each.

    Notes of a cluster and the devices that are used are added to the last two.
    """
    if not in_other_processes(settings):
        devices.add(encoder.device)
        yield from encode_with(encoder, settings, films, progress)
        return
    threads = torch.get_num_threads()  # the rounding of sums depends on it, so it is the same everywhere
    if settings.engine is Engine.RAY:
        results = on_ray(
            lambda device, threads: FilmEncoding(settings, device, threads, encoder.identity),
            films,
            address=settings.address,
            device=settings.device,
            threads=threads,
            notes=notes,
            devices=devices,
        )
    else:
        of_workers = worker_devices(settings)
        devices.update(of_workers[: len(films)])
        works = [FilmEncoding(settings, device, threads, encoder.identity) for device in of_workers]
        results = in_processes(works, films)
    for done, (id, result) in enumerate(results, start=1):
        progress(f"{encoder.identity.name} video", done, len(films), "films")
        yield id, result
