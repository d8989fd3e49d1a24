"""What a process does with films: with an encoder at hand, or with one that it loads itself and keeps."""

import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import torch

from mmtool.choices import Engine, Modality
from mmtool.encoders.contract import FilmEncoder, SequenceEncoder, SoundEncoder
from mmtool.encoders.registry import video_encoder_class
from mmtool.errors import CallError, MmtoolError
from mmtool.records import EncoderIdentity, Failure, Progress, silent
from mmtool.settings.extract import ExtractSettings
from mmtool.stages.extract.film import encode_films
from mmtool.stages.extract.frame_batches import FilmClips
from mmtool.stages.extract.outputs import Result
from mmtool.stages.extract.sounds import encode_sounds
from mmtool.stages.shared.encoders import batch_size_of, encoder_device, make_video_encoder

FRAMES_FOR_A_SEQUENCE = 4  # frames of the default batch for which a sequence stands


def in_other_processes(settings: ExtractSettings) -> bool:
    """Whether films are encoded by workers or a cluster instead of this process."""
    return settings.engine is Engine.RAY or settings.workers > 1


def encode_with(
    encoder: FilmEncoder, settings: ExtractSettings, films: Iterable[FilmClips], progress: Progress
) -> Iterator[tuple[str, Result]]:
    """Yield the result of each film by an encoder that was made from these settings."""
    batch_size = batch_size_of(settings, _device(settings), Modality.VIDEO)
    if isinstance(encoder, SoundEncoder):
        return encode_sounds(films, encoder, batch_size=batch_size, progress=progress)
    if isinstance(encoder, SequenceEncoder) and settings.batch_size is None:
        batch_size = max(1, batch_size // FRAMES_FOR_A_SEQUENCE)
    return encode_films(
        films,
        encoder,
        per_clip=settings.frames,
        batch_size=batch_size,
        region_precision=settings.region_precision if settings.keep_regions else None,
        keep_frames=settings.keep_frames,
        progress=progress,
    )


@dataclass(frozen=True, slots=True)
class FilmEncoding:
    """The work of a process on a machine that may differ: with the caller's encoder, or not at all.

    ``device`` replaces that of the settings.
    """

    settings: ExtractSettings
    device: str
    threads: int
    identity: EncoderIdentity

    def get_ready(self) -> str:
        """Load the encoder and return the type of its device; raises CallError if it is another encoder."""
        _, encoder = self._loaded()
        if encoder.identity != self.identity:
            found, wanted = encoder.identity.weights, self.identity.weights
            different = f"the weights {found}, not {wanted}"
            if found == wanted:
                different = f"an encoder with other settings than {self.identity.name} has here"
            raise CallError(
                f"{platform.node()} has {different}; put the same weights and models on all machines"
            )
        return _device(replace(self.settings, device=self.device)).type

    def __call__(self, film: FilmClips) -> Result:
        """The features of a film, or why it failed."""
        try:
            self.get_ready()
        except MmtoolError as error:
            return Failure(film.id, f"{film.path}: {platform.node()} cannot load the encoder: {error}")
        settings, encoder = self._loaded()
        ((_, result),) = encode_with(encoder, settings, [film], silent)
        return result

    def _loaded(self) -> tuple[ExtractSettings, FilmEncoder]:
        settings = replace(self.settings, device=self.device)
        return settings, _encoder_of_process(settings, self.threads)


def _device(settings: ExtractSettings) -> torch.device:
    if settings.video_encoder is None:
        raise ValueError("no video encoder")
    return encoder_device(settings.device, video_encoder_class(settings.video_encoder))


@cache
def _encoder_of_process(settings: ExtractSettings, threads: int) -> FilmEncoder:
    torch.set_num_threads(threads)
    device = _device(settings)
    if device.type == "cuda":
        torch.cuda.set_device(device)  # for what does not say where
    encoder = make_video_encoder(settings)
    if not isinstance(encoder, FilmEncoder):
        raise ValueError("only encoders of films run in processes of their own")
    return encoder
