"""The sound of films → the features of their clips."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from mmtool.encoders.contract import Sound, SoundEncoder
from mmtool.errors import InputError
from mmtool.formats.features import FeatureGroup
from mmtool.memory import lacks_gpu_memory
from mmtool.records import Failure, Progress, silent
from mmtool.speech.sound import read_sound
from mmtool.stages.extract.frame_batches import FilmClips
from mmtool.stages.extract.outputs import Result
from mmtool.stages.shared.gpus import device_with_name

SHORTEST = 0.01  # seconds of sound of a clip that are encoded; less is none
NAMED = 5  # films that a note names
HEARD = "heard"  # the array that says for each clip how much of it has sound


def encode_sounds(
    films: Iterable[FilmClips], encoder: SoundEncoder, *, batch_size: int, progress: Progress = silent
) -> Iterator[tuple[str, Result]]:
    """Yield each film's id with its features, or with the reason why it failed.

    The features of a clip without sound are zeros, and so are those of all clips of a film that has none.

    Args:
        films: The films with their clips.
        encoder: The encoder of sound.
        batch_size: Clips encoded at a time.
        progress: Hears how many clips of a film are encoded.
    """
    device = device_with_name(encoder.device)
    for film in films:
        try:
            sound = read_sound(film.path, encoder.rate)
        except InputError as error:
            yield film.id, Failure(film.id, str(error))
            continue
        samples = np.zeros(0, np.float32) if sound is None else sound.samples
        pieces = [_piece(samples, clip.start, clip.end, encoder.rate) for clip in film.clips]
        features = np.zeros((len(pieces), encoder.identity.dimension), np.float32)
        audible = [number for number, piece in enumerate(pieces) if len(piece) >= SHORTEST * encoder.rate]
        for first in range(0, len(audible), batch_size):
            batch = audible[first : first + batch_size]
            features[batch] = _encoded(encoder, [pieces[number] for number in batch])
            progress(film.title, batch[-1] + 1, len(pieces), "clips")
        progress(film.title, len(pieces), len(pieces), "clips")
        yield (
            film.id,
            FeatureGroup(
                features,
                np.array([clip.interval for clip in film.clips], dtype=np.float64),
                extras={HEARD: _heard(film, len(samples), encoder.rate)},
                device=device,
            ),
        )


def noting_silence(results: Iterable[tuple[str, Result]], ids: list[str]) -> Iterator[tuple[str, Result]]:
    """Yield results, and add to ``ids`` those of films of which nothing was heard."""
    for id, result in results:
        if isinstance(result, FeatureGroup) and HEARD in result.extras and not result.extras[HEARD].any():
            ids.append(id)
        yield id, result


def silence_notes(ids: Sequence[str]) -> list[str]:
    """A note on films without sound, if there are any."""
    if not ids:
        return []
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    no_sound = "1 film has no sound, so its" if len(ids) == 1 else f"{len(ids)} films have no sound, so their"
    return [f"{no_sound} features are zeros: {', '.join(sorted(ids)[:NAMED])}{more}"]


def _piece(samples: Sound, start: float, end: float, rate: int) -> Sound:
    return samples[round(start * rate) : round(end * rate)]


def _heard(film: FilmClips, count: int, rate: int) -> np.ndarray:
    """The share of each clip's time (N,) for which the film has sound, from 0 to 1."""
    shares = [min(max(count / rate - clip.start, 0.0), clip.duration) / clip.duration for clip in film.clips]
    return np.array(shares, np.float32)


def _encoded(encoder: SoundEncoder, sounds: list[Sound]) -> np.ndarray:
    """The features (B, D) of a batch; one half after the other where a GPU lacks memory for it."""
    try:
        return encoder.encode(sounds)
    except RuntimeError as error:
        if len(sounds) == 1 or not lacks_gpu_memory(error):
            raise
    half = len(sounds) // 2  # outside the handler, which holds the tensors of the attempt
    return np.concatenate([_encoded(encoder, part) for part in (sounds[:half], sounds[half:])])
