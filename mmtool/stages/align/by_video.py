"""Alignments by a decoder that sees one video at a time, with or without the similarity of features."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mmtool.alignment.pins.stretches import decode_between_pins
from mmtool.alignment.quality import Expected, mean_confidence
from mmtool.constraints import Constraints
from mmtool.decoders import AlignDecoder, DecodedVideo, Needs, VideoToAlign
from mmtool.errors import CallError, InputError
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file, digest_json
from mmtool.records import Alignment, Clip, Evidence, Failure, Progress, Snippet
from mmtool.settings.align import AlignSettings
from mmtool.stages.align.outputs import AlignmentOutput, Grounds
from mmtool.stages.align.pinned import constraints_for, evidence_of, pins_recipe
from mmtool.stages.align.report import AlignedVideo
from mmtool.stages.shared.clips_and_snippets import read_pair

if TYPE_CHECKING:
    from mmtool.features.pairs import FeaturePair
    from mmtool.stages.shared.match_scores import MatchScores

SCORES = ("unmatched_score", "unused_cost")  # are part of every recipe here, whoever reads them


def align_by_video(
    corpus: Corpus,
    settings: AlignSettings,
    name: str,
    decoder: AlignDecoder,
    ids: Sequence[str],
    progress: Progress,
) -> Iterator[AlignedVideo | Failure]:
    """Align each id with the decoder ``name``; with the features that the settings name if it needs any."""
    with _open_similarity(corpus, settings, decoder) as similarity:
        aligner = _VideoAligner(corpus, settings, name, decoder, similarity)
        for number, id in enumerate(ids, start=1):
            try:
                yield aligner.align(id)
            except InputError as error:
                yield Failure(id, str(error))
            progress("aligning", number, len(ids), "videos")


@contextmanager
def _open_similarity(
    corpus: Corpus, settings: AlignSettings, decoder: AlignDecoder
) -> Iterator["FeaturePair | MatchScores | None"]:
    if decoder.needs is not Needs.FEATURES:
        yield None
        return
    if settings.scores:
        from mmtool.stages.shared.match_scores import MatchScores  # loads h5py

        yield MatchScores(corpus, settings.scores)
        return
    from mmtool.features.pairs import open_feature_pair  # loads h5py

    with open_feature_pair(corpus, settings.video, settings.text, any_space=settings.any_space) as pair:
        yield pair


class _VideoAligner:
    """Reads one video at a time, aligns it, and writes its alignment."""

    def __init__(
        self,
        corpus: Corpus,
        settings: AlignSettings,
        name: str,
        decoder: AlignDecoder,
        pair: "FeaturePair | MatchScores | None",
    ) -> None:
        self.corpus, self.settings, self.name, self.pair = corpus, settings, name, pair
        self.decode, self.reads_pins = decoder.decode_function(), decoder.reads_pins
        self.usual_evidence = Evidence.FEATURES if pair else None
        self.output = AlignmentOutput(corpus, settings)
        others = sorted(decoder.settings_read - {*SCORES, "video", "text", "any_space", "scores"})
        self.asked: list[object] = [name, *(getattr(settings, score) for score in SCORES)]
        self.asked += [str(getattr(settings, other)) for other in others]
        self.asked += [decoder.version] if decoder.version else []

    def align(self, id: str) -> AlignedVideo:
        """Align one video unless it is aligned already; raises InputError if that is impossible."""
        clips, snippets = read_pair(self.corpus, id)
        recipe = self._recipe(id)
        existing = self.output.existing(id, recipe)
        if existing is not None:
            return existing
        constraints = constraints_for(self.corpus, self.settings, id, clips, snippets)
        decoded = self._decoded(id, clips, snippets, constraints)
        alignment = Alignment(
            id=id,
            clips=tuple(clips),
            snippets=tuple(snippets),
            matches=tuple((int(clip), int(snippet)) for clip, snippet in decoded.matches),
            clip_confidence=tuple(map(float, decoded.clip_confidence)),
            snippet_confidence=tuple(map(float, decoded.snippet_confidence)),
            decoder=self.name,
            checkpoint=digest_json(self.pair.origin(id) if self.pair else self.asked),
            candidates=tuple(decoded.candidates),
            evidence=evidence_of(len(snippets), decoded.matches, constraints, self.usual_evidence),
        )
        self._require_valid(alignment, decoded.expected_iou)
        return self.output.write(alignment, recipe, Grounds(expected=_expected(alignment, decoded)))

    def _recipe(self, id: str) -> str:
        inputs: list[object] = [
            digest_file(path) for path in (self.corpus.clips(id), self.corpus.snippets(id))
        ]
        features = self.pair.recipe(id) if self.pair else []
        return digest_json([self.asked, inputs, features, *pins_recipe(self.corpus, self.settings, id)])

    def _decoded(
        self, id: str, clips: list[Clip], snippets: list[Snippet], constraints: Constraints | None
    ) -> DecodedVideo:
        video = VideoToAlign(
            id=id,
            clips=clips,
            snippets=snippets,
            similarity=self.pair.similarity(id, clips, snippets) if self.pair else None,
            constraints=constraints,
        )
        try:
            if self.reads_pins:
                return self.decode(video, self.settings)
            return decode_between_pins(video, lambda part: self.decode(part, self.settings))
        except ValueError as error:
            raise InputError(
                self.corpus.snippets(id),
                f"{self.name} cannot align it: {error}",
                "correct it, or choose another `decoder`",
            ) from error

    def _require_valid(self, alignment: Alignment, iou: float | None) -> None:
        """Raise CallError for an answer that does not belong to these clips and snippets."""
        clips, snippets = len(alignment.clips), len(alignment.snippets)
        confidence = alignment.clip_confidence + alignment.snippet_confidence
        problems = (
            (
                any(not (0 <= i < clips and 0 <= j < snippets) for i, j in alignment.matches),
                "matches that do not exist",
            ),
            (len(alignment.clip_confidence) != clips, f"{len(alignment.clip_confidence)} clips, not {clips}"),
            (
                len(alignment.snippet_confidence) != snippets,
                f"{len(alignment.snippet_confidence)} snippets, not {snippets}",
            ),
            (any(not 0 <= sure <= 1 for sure in confidence), "a confidence that is not in 0..1"),
            (iou is not None and not 0 <= iou <= 1, "an expected IoU that is not in 0..1"),
            (
                len(alignment.candidates) not in (0, clips),
                f"candidates of {len(alignment.candidates)} clips, not {clips}",
            ),
        )
        for wrong, what in problems:
            if wrong:
                raise CallError(
                    f"{alignment.id}: the decoder {self.name} returned {what}; report it to its author"
                )


def _expected(alignment: Alignment, decoded: DecodedVideo) -> Expected | None:
    """What to expect by a decoder whose confidence is calibrated; None for any other."""
    if not decoded.is_calibrated:
        return None
    return Expected(accuracy=mean_confidence(alignment), iou=decoded.expected_iou)
