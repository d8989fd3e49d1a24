"""What becomes of a decoder's answer: judged, cleared of weak matches, written."""

from dataclasses import replace

from mmtool.alignment.quality import TimingEvidence, judge
from mmtool.alignment.weak_matches import UnmatchedProbability, without_weak_matches
from mmtool.formats.alignments import alignment_of, write_alignment
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.records import Alignment, Quality
from mmtool.settings.align import AlignSettings
from mmtool.stages.align.report import AlignedVideo, Outcome


def judged_alignment(
    alignment: Alignment,
    min_confidence: float,
    *,
    timing: TimingEvidence | None = None,
    unmatched: UnmatchedProbability | None = None,
) -> tuple[Alignment, Quality]:
    """Judge a decoder's answer, then leave out its weak matches; also return the quality by itself."""
    quality = judge(alignment, timing)
    if min_confidence:
        alignment = without_weak_matches(alignment, min_confidence, unmatched)
    return replace(alignment, quality=quality), quality


class AlignmentOutput:
    """Judges and writes the alignments of one call, whichever decoder made them."""

    def __init__(self, corpus: Corpus, settings: AlignSettings) -> None:
        self.corpus, self.settings = corpus, settings

    def existing(self, id: str, recipe: str) -> AlignedVideo | None:
        """The alignment made earlier from the same inputs and settings; None where there is none."""
        found = alignment_of(self.corpus.alignment(self.settings.folder, id), self._whole(recipe))
        if self.settings.force or found is None or found.quality is None:
            return None
        return self._outcome(id, found.quality, Outcome.UNCHANGED)

    def write(
        self,
        alignment: Alignment,
        recipe: str,
        *,
        timing: TimingEvidence | None = None,
        unmatched: UnmatchedProbability | None = None,
    ) -> AlignedVideo:
        """Judge an alignment, leave out its weak matches and write it, unless it is below ``require``."""
        judged, quality = judged_alignment(
            alignment, self.settings.min_confidence, timing=timing, unmatched=unmatched
        )
        video = self._outcome(alignment.id, quality, Outcome.WRITTEN)
        if video.outcome is not Outcome.REJECTED:
            write_alignment(video.path, judged, self._whole(recipe))
        return video

    def _whole(self, recipe: str) -> str:
        """The recipe with what is done here."""
        weakest = self.settings.min_confidence
        return digest_json([recipe, weakest]) if weakest else recipe

    def _outcome(self, id: str, quality: Quality, outcome: Outcome) -> AlignedVideo:
        """A video below ``require`` is rejected, and no earlier alignment of it remains."""
        path = self.corpus.alignment(self.settings.folder, id)
        if quality.expected_accuracy < self.settings.require:
            path.unlink(missing_ok=True)
            outcome = Outcome.REJECTED
        return AlignedVideo(id=id, path=path, quality=quality, outcome=outcome)
