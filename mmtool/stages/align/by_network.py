"""Alignments by a trained network: a checkpoint and features."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from mmtool.alignment.network.actions import ActionSet
from mmtool.alignment.network.batch import Sequences
from mmtool.alignment.network.beam import decode_by_beam
from mmtool.alignment.network.calibration import calibrated_confidence
from mmtool.alignment.network.greedy import Decoded, decode_greedily
from mmtool.alignment.network.pinned_actions import action_mask
from mmtool.alignment.network.posterior import pair_logits
from mmtool.alignment.network.time_inputs import Table
from mmtool.alignment.pins.clips import clip_constraints
from mmtool.alignment.quality import Expected
from mmtool.alignment.timing.timed_alignment import confidence_of
from mmtool.arrays import Floats, Floats32
from mmtool.choices import Decoder, Modality
from mmtool.constraints import Constraints
from mmtool.errors import InputError
from mmtool.formats.calibrations import CheckpointCalibration, read_calibrations
from mmtool.formats.checkpoints import Checkpoint, checkpoint_digest, choose_checkpoint, read_checkpoint
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file, digest_json
from mmtool.memory import lacks_memory, remedy_for_memory
from mmtool.records import Alignment, Clip, Evidence, Failure, Progress, Snippet
from mmtool.settings.align import AlignSettings
from mmtool.stages.align.outputs import AlignmentOutput, Grounds
from mmtool.stages.align.pinned import constraints_for, evidence_of, pins_recipe
from mmtool.stages.align.report import AlignedVideo
from mmtool.stages.shared.clip_sources import VideoInput, open_clips_for_checkpoint
from mmtool.stages.shared.clips_and_snippets import read_pair
from mmtool.stages.shared.devices import resolve_device, set_threads
from mmtool.stages.shared.network_calibration import labels_of, logit_calibration
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
        open_clips_for_checkpoint(corpus, checkpoint, settings.video) as video,
        open_for_checkpoint(corpus, Modality.TEXT, checkpoint.inputs[Modality.TEXT], settings.text) as text,
        remedy_for_memory("use `device=cpu`, or align shorter films; finished alignments are kept"),
    ):
        aligner = _NetworkAligner(corpus, settings, checkpoint, path, video, text)
        yield from aligner.align(ids, progress)


_Decoding = tuple[Decoded, Floats32 | None]  # with the logits of all pairs if calibrated
_Known = tuple[str, list[Clip], list[Snippet]]
_Video = tuple[str, list[Clip], list[Snippet], VideoTiming | None, Constraints | None]


FEWEST_VIDEOS = 5  # with fewer, a calibration says too little about single videos for a verdict


class _NetworkAligner:
    """Reads videos, decodes them in batches of similar length, writes their alignments."""

    def __init__(
        self,
        corpus: Corpus,
        settings: AlignSettings,
        checkpoint: Checkpoint,
        path: Path,
        video: VideoInput,
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
        self.calibration, self.uninformed = self._calibration(corpus.run(settings.run))

    def _calibration(self, run: Path) -> tuple[CheckpointCalibration | None, str]:
        """The calibration of the checkpoint, and why the verdict is unknown if it cannot inform one."""
        found = read_calibrations(run).get(self.digest)
        if found is None:
            return None, f"the run is not calibrated (mmtool calibrate --run {run.name})"
        if found.timing_weight != self.weight:
            return None, f"the run is calibrated for `timing_weight={found.timing_weight:g}` only"
        if found.videos < FEWEST_VIDEOS:
            count = "1 video" if found.videos == 1 else f"{found.videos} videos"
            return found, f"the run is calibrated on {count} only"
        return found, ""

    def align(self, ids: Sequence[str], progress: Progress) -> Iterator[AlignedVideo | Failure]:
        """Yield what is aligned already or cannot be, then the others, short videos first.

        The last digits of a confidence depend on the batch. A batch of which a part is aligned already is
        therefore decoded whole: an interrupted call, made again, writes what it would have written.
        """
        known: list[_Known] = []
        waiting: set[str] = set()
        for id in ids:
            try:
                clips, snippets = self._read(id)
                existing = self.output.existing(id, self._recipe(id))
                if existing is None:
                    waiting.add(id)
                else:
                    yield existing
                known.append((id, clips, snippets))
            except InputError as error:
                yield Failure(id, str(error))
        known.sort(key=lambda video: len(video[1]) + len(video[2]))
        done = 0
        for start in range(0, len(known), self.settings.batch_size):
            whole = known[start : start + self.settings.batch_size]
            if not any(id in waiting for id, *_ in whole):
                continue
            batch, failures = self._completed(whole)
            yield from (failure for failure in failures if failure.id in waiting)
            decoded_batch = self._decode_all(batch) if batch else []
            for (id, clips, snippets, timing, constraints), (decoded, logits) in zip(
                batch, decoded_batch, strict=True
            ):
                if id not in waiting:
                    continue
                of_clips, of_snippets, grounds = self._confidence(decoded, clips, timing, logits)
                matches = decoded.matches
                if constraints:
                    pins = clip_constraints(constraints, [clip.interval for clip in clips])
                    matches = pins.kept(matches)
                    of_clips, of_snippets = pins.surer(matches, of_clips, of_snippets)
                alignment = Alignment(
                    id=id,
                    clips=tuple(clips),
                    snippets=tuple(snippets),
                    matches=matches,
                    clip_confidence=tuple(of_clips.tolist()),
                    snippet_confidence=tuple(of_snippets.tolist()),
                    decoder=str(self.decoder),
                    checkpoint=self.digest,
                    evidence=evidence_of(len(snippets), matches, constraints, Evidence.FEATURES),
                )
                yield self.output.write(alignment, self._recipe(id), grounds)
            done += sum(id in waiting for id, *_ in whole)
            progress("aligning", done, len(waiting), "videos")

    def _completed(self, known: Sequence[_Known]) -> tuple[list[_Video], list[Failure]]:
        """What else the network reads of videos; and those for which that is impossible."""
        videos, failures = list[_Video](), list[Failure]()
        for id, clips, snippets in known:
            try:
                timing = self.timing.of(id, clips, snippets) if self.timing else None
                constraints = constraints_for(self.corpus, self.settings, id, clips, snippets)
                videos.append((id, clips, snippets, timing, constraints))
            except InputError as error:
                failures.append(Failure(id, str(error)))
        return videos, failures

    def _read(self, id: str) -> tuple[list[Clip], list[Snippet]]:
        clips, snippets = read_pair(self.corpus, id)
        self.video.check_clips(id, clips)
        self.text.features.check_snippets(id, snippets)
        return clips, snippets

    def _decode_all(self, videos: Sequence[_Video]) -> list[_Decoding]:
        """Decode a batch; one video at a time where the memory is not enough for all."""
        try:
            return self._decode(videos)
        except RuntimeError as error:
            if len(videos) == 1 or not lacks_memory(error):
                raise
        if self.device.type == "cuda":  # outside the handler, which holds the tensors of the attempt
            torch.cuda.empty_cache()
        return [decoded for video in videos for decoded in self._decode([video])]

    def _decode(self, videos: Sequence[_Video]) -> list[_Decoding]:
        """The videos' decodings, and the logits of all pairs if the network is calibrated."""
        clips = Sequences.pad([self.video.read(id) for id, *_ in videos]).to(self.device)
        snippets = Sequences.pad([self.text.read(id) for id, *_ in videos]).to(self.device)
        tables = pad_timing([timing for *_, timing, _ in videos], self.weight, self._masks(videos))
        network, action_set = self.network, self.action_set
        logits: Sequence[Floats32 | None] = [None] * len(videos)
        if self.calibration is not None:
            logits = pair_logits(network, clips, snippets, action_set, **tables)
        if self.decoder is Decoder.BEAM:
            width = self.settings.beam_width
            decoded = decode_by_beam(network, clips, snippets, action_set, width=width, **tables)
        else:
            decoded = decode_greedily(network, clips, snippets, action_set, **tables)
        return list(zip(decoded, logits, strict=True))

    def _masks(self, videos: Sequence[_Video]) -> list[Table]:
        """What pins add to the logits of each video; nothing where none of them has pins."""
        if not any(constraints for *_, constraints in videos):
            return []
        masks = []
        for _, clips, snippets, _, constraints in videos:
            intervals = [clip.interval for clip in clips]
            pins = clip_constraints(constraints, intervals) if constraints else None
            masks.append(action_mask(pins, len(clips), len(snippets), self.action_set))
        return masks

    def _recipe(self, id: str) -> str:
        features: list[object] = [self.video.recipe(id), self.text.features.recipe(id)]
        pins = pins_recipe(self.corpus, self.settings, id)
        beam = [self.settings.beam_width] if self.decoder is Decoder.BEAM else []
        calibrated = [asdict(self.calibration)] if self.calibration else []
        return digest_json(
            [self.digest, str(self.decoder), features, *beam, *self._timing_recipe(id), *calibrated, *pins]
        )

    def _timing_recipe(self, id: str) -> list[object]:
        if self.timing is None:
            return []
        read = [digest_file(path) for path in (self.corpus.clips(id), self.corpus.snippets(id))]
        parameters = digest_json(self.timing.parameters.to_dict())
        return [self.weight, parameters, self.timing.titles.get(id, ""), read]

    def _confidence(
        self, decoded: Decoded, clips: Sequence[Clip], timing: VideoTiming | None, logits: Floats32 | None
    ) -> tuple[Floats, Floats, Grounds]:
        """The confidence of clips (N,) and snippets (M,), and what to expect.

        Without a calibration it is the probability of the actions. Actions that were weighted by timing no
        longer have meaningful probabilities; timing's own probability of the labels is taken instead.
        """
        labels = labels_of(decoded.matches, len(clips))
        durations = np.array([clip.duration for clip in clips])
        if self.calibration is not None and logits is not None:
            numbers = logit_calibration(self.calibration)
            found = calibrated_confidence(logits, labels, durations, self.action_set, numbers)
            accuracy = float(np.average(found.clips, weights=durations))
            expected = Expected(accuracy=accuracy, iou=found.expected_iou)
            return found.clips, found.snippets, Grounds(expected=expected, why_unknown=self.uninformed)
        grounds = Grounds(why_unknown=self.uninformed)
        if self.timing is None or timing is None or timing.posterior is None:
            return decoded.clip_confidence, decoded.snippet_confidence, grounds
        temperature = self.timing.parameters.temperature
        _, of_clips, of_snippets = confidence_of(labels, timing.posterior, durations, temperature)
        return of_clips, of_snippets, grounds
