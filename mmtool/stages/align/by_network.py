"""Alignments by a trained network: a checkpoint and features."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from mmtool.alignment.network.actions import ActionSet
from mmtool.alignment.network.batch import Sequences
from mmtool.alignment.network.beam import decode_by_beam
from mmtool.alignment.network.greedy import Decoded, decode_greedily
from mmtool.alignment.timing.minimum_risk import UNMATCHED
from mmtool.alignment.timing.semi_markov import confidence_of
from mmtool.arrays import Floats
from mmtool.choices import Decoder, Modality
from mmtool.errors import InputError
from mmtool.formats.checkpoints import Checkpoint, checkpoint_digest, choose_checkpoint, read_checkpoint
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file, digest_json
from mmtool.memory import lacks_memory, remedy_for_memory
from mmtool.records import Alignment, Clip, Failure, Progress, Snippet
from mmtool.settings.align import AlignSettings
from mmtool.stages.align.outputs import AlignmentOutput
from mmtool.stages.align.report import AlignedVideo
from mmtool.stages.shared.clips_and_snippets import read_pair
from mmtool.stages.shared.devices import resolve_device, set_threads
from mmtool.stages.shared.network_inputs import NetworkInput, open_for_checkpoint
from mmtool.stages.shared.network_timing import VideoTiming, pad_timing, timing_for_checkpoint
from mmtool.stages.shared.trained_network import load_network, settings_of_run


def align_by_network(
    corpus: Corpus, settings: AlignSettings, ids: Sequence[str], progress: Progress
) -> Iterator[AlignedVideo | Failure]:
    """Align each id with the run's network, from the features that it was trained with."""
    set_threads(0)
    path = choose_checkpoint(corpus.run(settings.run), settings.checkpoint)
    checkpoint = read_checkpoint(path)
    with (
        open_for_checkpoint(
            corpus, Modality.VIDEO, checkpoint.inputs[Modality.VIDEO], settings.video
        ) as video,
        open_for_checkpoint(corpus, Modality.TEXT, checkpoint.inputs[Modality.TEXT], settings.text) as text,
        remedy_for_memory("use `device=cpu`, or align shorter films; finished alignments are kept"),
    ):
        aligner = _NetworkAligner(corpus, settings, checkpoint, path, video, text)
        yield from aligner.align(ids, progress)


_Video = tuple[str, list[Clip], list[Snippet], VideoTiming | None]


class _NetworkAligner:
    """Reads videos, decodes them in batches of similar length, writes their alignments."""

    def __init__(
        self,
        corpus: Corpus,
        settings: AlignSettings,
        checkpoint: Checkpoint,
        path: Path,
        video: NetworkInput,
        text: NetworkInput,
    ) -> None:
        self.corpus, self.settings, self.digest = corpus, settings, checkpoint_digest(path)
        self.output = AlignmentOutput(corpus, settings)
        self.video, self.text = video, text
        self.decoder = Decoder(settings.decoder or Decoder.GREEDY)
        self.device = resolve_device(settings.device)
        self.network = load_network(checkpoint, path).to(self.device)
        self.action_set = ActionSet(settings_of_run(checkpoint, path).actions)
        self.timing, self.weight = timing_for_checkpoint(corpus, checkpoint, path, settings.timing_weight)

    def align(self, ids: Sequence[str], progress: Progress) -> Iterator[AlignedVideo | Failure]:
        """Yield what is aligned already or cannot be, then the others, short videos first."""
        waiting: list[_Video] = []
        for id in ids:
            try:
                clips, snippets = self._read(id)
                existing = self.output.existing(id, self._recipe(id))
                if existing is not None:
                    yield existing
                else:
                    timing = self.timing.of(id, clips, snippets) if self.timing else None
                    waiting.append((id, clips, snippets, timing))
            except InputError as error:
                yield Failure(id, str(error))
        waiting.sort(key=lambda video: len(video[1]) + len(video[2]))
        for start in range(0, len(waiting), self.settings.batch_size):
            batch = waiting[start : start + self.settings.batch_size]
            for (id, clips, snippets, timing), decoded in zip(batch, self._decode_all(batch), strict=True):
                of_clips, of_snippets = self._confidence(decoded, clips, timing)
                alignment = Alignment(
                    id=id,
                    clips=tuple(clips),
                    snippets=tuple(snippets),
                    matches=decoded.matches,
                    clip_confidence=tuple(of_clips.tolist()),
                    snippet_confidence=tuple(of_snippets.tolist()),
                    decoder=str(self.decoder),
                    checkpoint=self.digest,
                )
                yield self.output.write(alignment, self._recipe(id))
            progress("aligning", start + len(batch), len(waiting), "videos")

    def _read(self, id: str) -> tuple[list[Clip], list[Snippet]]:
        clips, snippets = read_pair(self.corpus, id)
        self.video.features.check_clips(id, clips)
        self.text.features.check_snippets(id, snippets)
        return clips, snippets

    def _decode_all(self, videos: Sequence[_Video]) -> list[Decoded]:
        """Decode a batch; one video at a time where the memory is not enough for all."""
        try:
            return self._decode(videos)
        except RuntimeError as error:
            if len(videos) == 1 or not lacks_memory(error):
                raise
        if self.device.type == "cuda":  # outside the handler, which holds the tensors of the attempt
            torch.cuda.empty_cache()
        return [decoded for video in videos for decoded in self._decode([video])]

    def _decode(self, videos: Sequence[_Video]) -> list[Decoded]:
        clips = Sequences.pad([self.video.read(id) for id, *_ in videos]).to(self.device)
        snippets = Sequences.pad([self.text.read(id) for id, *_ in videos]).to(self.device)
        tables = pad_timing([timing for *_, timing in videos], self.weight)
        if self.decoder is Decoder.BEAM:
            width = self.settings.beam_width
            return decode_by_beam(self.network, clips, snippets, self.action_set, width=width, **tables)
        return decode_greedily(self.network, clips, snippets, self.action_set, **tables)

    def _recipe(self, id: str) -> str:
        features: list[object] = [self.video.features.recipe(id), self.text.features.recipe(id)]
        beam = [self.settings.beam_width] if self.decoder is Decoder.BEAM else []
        return digest_json([self.digest, str(self.decoder), features, *beam, *self._timing_recipe(id)])

    def _timing_recipe(self, id: str) -> list[object]:
        if self.timing is None:
            return []
        read = [digest_file(path) for path in (self.corpus.clips(id), self.corpus.snippets(id))]
        parameters = digest_json(self.timing.parameters.to_dict())
        return [self.weight, parameters, self.timing.titles.get(id, ""), read]

    def _confidence(
        self, decoded: Decoded, clips: Sequence[Clip], timing: VideoTiming | None
    ) -> tuple[Floats, Floats]:
        """The confidence of clips (N,) and snippets (M,).

        Actions that were weighted by timing no longer have meaningful probabilities; timing's own
        probability of the decided labels is taken instead.
        """
        if self.timing is None or timing is None or timing.posterior is None:
            return decoded.clip_confidence, decoded.snippet_confidence
        labels = np.full(len(clips), UNMATCHED)
        for clip, snippet in reversed(decoded.matches):
            labels[clip] = snippet
        durations = np.array([clip.duration for clip in clips])
        temperature = self.timing.parameters.temperature
        _, of_clips, of_snippets = confidence_of(labels, timing.posterior, durations, temperature)
        return of_clips, of_snippets
