"""Transcripts → features of what is said in each clip."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import numpy as np

from mmtool.choices import Modality
from mmtool.encoders.contract import SpeechEncoder
from mmtool.errors import InputError
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file
from mmtool.formats.features import FeatureGroup
from mmtool.records import Clip, Failure, Progress, SpokenWord
from mmtool.settings.extract import ExtractSettings
from mmtool.stages.extract.outputs import Result, find_work, open_builder, write_features
from mmtool.stages.extract.report import ModalityResult
from mmtool.stages.shared.gpus import device_with_name
from mmtool.stages.shared.transcript_files import transcript_file
from mmtool.stages.shared.transcripts import transcript_of


def said_in(clips: Sequence[Clip], words: Sequence[SpokenWord]) -> list[str]:
    """What is said in each of N clips: the words whose middle lies in it, in order of time."""
    order = sorted(range(len(clips)), key=lambda number: clips[number].start)
    starts = [clips[number].start for number in order]
    said: list[list[str]] = [[] for _ in clips]
    for word in words:
        middle = (word.start + word.end) / 2
        number = bisect_right(starts, middle) - 1
        if number >= 0 and middle < clips[order[number]].end:
            said[order[number]].append(word.text)
    return [" ".join(own) for own in said]


def extract_spoken(
    corpus: Corpus, encoder: SpeechEncoder, settings: ExtractSettings, progress: Progress
) -> ModalityResult:
    """Write the features of what is said in each video's clips; a video without a transcript fails."""

    def inputs(id: str) -> list[str]:
        path = transcript_file(corpus, id)
        if path is None:
            problem = f"has no transcript (transcripts/{id}.jsonl)"
            raise InputError(corpus.clips(id), problem, "run `mmtool transcribe`, or add one of your own")
        return [digest_file(corpus.clips(id)), digest_file(path)]

    def encode(id: str) -> Result:
        try:
            clips = read_clips(corpus.clips(id))
            transcript = transcript_of(corpus, id, clips)
        except InputError as error:
            return Failure(id, str(error))
        features = encoder.encode(said_in(clips, transcript.words if transcript else ()))
        intervals = np.array([clip.interval for clip in clips], dtype=np.float64)
        return FeatureGroup(features, intervals, device=device)

    device = device_with_name(encoder.device)
    name = settings.video_name or encoder.identity.name
    with open_builder(corpus, name, Modality.VIDEO, encoder.identity, force=settings.force) as builder:
        work = find_work(corpus.clip_ids(), inputs, builder, force=settings.force)
        ids = list(work.recipes)

        def results() -> Iterator[tuple[str, Result]]:
            for done, id in enumerate(ids, start=1):
                yield id, encode(id)
                progress("spoken", done, len(ids), "videos")

        result = write_features(results(), work, builder, [encoder.device])
    if encoder.text.truncated:
        result.notes.append(
            f"{builder.path}: more is said in some clips than the model reads ({encoder.text.truncated} of "
            "them); what comes after that was left out"
        )
    return result
