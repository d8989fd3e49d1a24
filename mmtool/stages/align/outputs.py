"""What becomes of a decoder's answer: judged, cleared of weak matches, written; not a stage of its own."""

from dataclasses import replace
from statistics import fmean

from mmtool.alignment.quality import TimingEvidence, judge
from mmtool.alignment.weak_matches import UnmatchedProbability, without_weak_matches
from mmtool.errors import InputError
from mmtool.formats.alignments import alignment_of, write_alignment
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.records import Alignment, Failure, Quality, StageReport
from mmtool.settings.align import AlignSettings

EXPECTED_ACCURACY = "expected accuracy"  # of the report: the mean over the videos that were judged


def doubt_note(id: str, quality: Quality) -> str:
    """The note of a report on a doubtful video."""
    return f"{id}: doubtful: {', '.join(quality.reasons)}"


class AlignmentOutput:
    """Writes the alignments of one call, whichever decoder made them, and reports on them."""

    def __init__(self, corpus: Corpus, settings: AlignSettings, report: StageReport) -> None:
        self.corpus, self.settings, self.report = corpus, settings, report
        self.judged: list[Quality] = []

    def is_made(self, id: str, recipe: str) -> bool:
        """Whether the alignment is there, from the same inputs and settings; then it is reported."""
        made = alignment_of(self.corpus.alignment(self.settings.folder, id), self._whole(recipe))
        if self.settings.force or made is None or made.quality is None:
            return False
        if self._is_good_enough(id, made.quality):
            self.report.unchanged.append(id)
        return True

    def write(
        self,
        alignment: Alignment,
        recipe: str,
        *,
        timing: TimingEvidence | None = None,
        unmatched: UnmatchedProbability | None = None,
    ) -> None:
        """Judge an alignment, leave out its weak matches and write it, unless it is below ``require``."""
        quality = judge(alignment, timing)
        if not self._is_good_enough(alignment.id, quality):
            return
        if self.settings.min_confidence:
            alignment = without_weak_matches(alignment, self.settings.min_confidence, unmatched)
        path = self.corpus.alignment(self.settings.folder, alignment.id)
        write_alignment(path, replace(alignment, quality=quality), self._whole(recipe))
        self.report.done.append(alignment.id)

    def summarise(self) -> None:
        """Add the facts about all videos to the report, once they are aligned."""
        if self.judged:
            expected = fmean(quality.expected_accuracy for quality in self.judged)
            self.report.facts[EXPECTED_ACCURACY] = round(expected, 3)
            self.report.facts["doubtful"] = sum(quality.doubtful for quality in self.judged)

    def _whole(self, recipe: str) -> str:
        """The recipe with what is done here."""
        weakest = self.settings.min_confidence
        return digest_json([recipe, weakest]) if weakest else recipe

    def _is_good_enough(self, id: str, quality: Quality) -> bool:
        """Report the doubts; a video below ``require`` fails, and no earlier alignment of it remains."""
        self.judged.append(quality)
        doubts = ", ".join(quality.reasons)
        if quality.expected_accuracy >= self.settings.require:
            if doubts:
                self.report.notes.append(doubt_note(id, quality))
            return True
        path = self.corpus.alignment(self.settings.folder, id)
        path.unlink(missing_ok=True)
        error = InputError(
            path,
            f"not written: its expected accuracy {quality.expected_accuracy:.2f} is below --require "
            f"{self.settings.require:g}" + (f" ({doubts})" if doubts else ""),
            "see that the text is this video's, or require less",
        )
        self.report.failures.append(Failure(id, str(error)))
        return False
