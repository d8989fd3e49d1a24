"""What becomes of a decoder's answer: judged, cleared of weak matches, written."""

from dataclasses import dataclass, replace

from mmtool.alignment.quality import RULES, Expected, TimingEvidence, judge
from mmtool.alignment.weak_matches import UnmatchedProbability, expected_of_rest, without_weak_matches
from mmtool.formats.alignments import alignment_of, write_alignment
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.records import Alignment, Quality
from mmtool.settings.align import AlignSettings
from mmtool.stages.align.report import AlignedVideo, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What a decoder knows about its answer, to judge it by.

    Attributes:
        expected: What to expect of it; None if that is unknown.
        why_unknown: Why the verdict is unknown; empty if the decoder knows no such reason.
        why_not_sound: Why it would be unknown where it is sound otherwise; empty if it would not.
        timing: The timing of the narration, if the decoder models it.
        unmatched: The probabilities of having no match, if the decoder knows them.
    """

    expected: Expected | None = None
    why_unknown: str = ""
    why_not_sound: str = ""
    timing: TimingEvidence | None = None
    unmatched: UnmatchedProbability | None = None


def judged_alignment(
    alignment: Alignment, min_confidence: float, grounds: Grounds
) -> tuple[Alignment, Quality]:
    """Leave out a decoder's weak matches, then judge the rest; also return the quality by itself."""
    expected = grounds.expected
    if min_confidence:
        rest = without_weak_matches(alignment, min_confidence, grounds.unmatched)
        expected = None if expected is None else expected_of_rest(expected, alignment, rest)
        alignment = rest
    quality = judge(
        alignment,
        expected,
        grounds.timing,
        why_unknown=grounds.why_unknown,
        why_not_sound=grounds.why_not_sound,
    )
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

    def write(self, alignment: Alignment, recipe: str, grounds: Grounds) -> AlignedVideo:
        """Judge an alignment, leave out its weak matches and write it, unless it is below ``require``."""
        judged, quality = judged_alignment(alignment, self.settings.min_confidence, grounds)
        video = self._outcome(alignment.id, quality, Outcome.WRITTEN)
        if video.outcome is not Outcome.REJECTED:
            write_alignment(video.path, judged, self._whole(recipe))
        return video

    def remove(self, id: str) -> None:
        """Remove the earlier alignment of a video that is rejected."""
        self.corpus.alignment(self.settings.folder, id).unlink(missing_ok=True)

    def _whole(self, recipe: str) -> str:
        """The recipe with what is done here."""
        return digest_json([recipe, RULES, self.settings.min_confidence])

    def _outcome(self, id: str, quality: Quality, outcome: Outcome) -> AlignedVideo:
        """A video below ``require`` is rejected, and no earlier alignment of it remains."""
        path = self.corpus.alignment(self.settings.folder, id)
        if any(not requirement.is_met(quality) for requirement in self.settings.requirements):
            self.remove(id)
            outcome = Outcome.REJECTED
        return AlignedVideo(id=id, path=path, quality=quality, outcome=outcome)
