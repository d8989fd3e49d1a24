"""Alignments from timing: clips, snippets and titles alone, without torch; not a stage of its own."""

from collections.abc import Sequence
from pathlib import Path

from mmtool.alignment import semi_markov
from mmtool.alignment.timing_parameters import TimingParameters, default_parameters
from mmtool.choices import Decoder, TimingPath
from mmtool.errors import InputError
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file, digest_json
from mmtool.formats.timing_parameters import REMEDY, read_timing
from mmtool.records import Alignment, Clip, Failure, Progress, Snippet, StageReport
from mmtool.settings import AlignSettings
from mmtool.stages.alignment_output import AlignmentOutput
from mmtool.stages.pairs import read_pair


def align_by_timing(
    corpus: Corpus, settings: AlignSettings, ids: Sequence[str], report: StageReport, progress: Progress
) -> None:
    """Align each id with the parameters of the run, or with those of the package."""
    output = AlignmentOutput(corpus, settings, report)
    aligner = _Aligner(corpus, settings, output)
    for number, id in enumerate(ids, start=1):
        try:
            aligner.align(id)
        except InputError as error:
            report.failures.append(Failure(id, str(error)))
        progress("aligning", number, len(ids), "videos")
    output.summarise()


def _read_parameters(path: Path) -> TimingParameters:
    try:
        return TimingParameters.from_dict(read_timing(path))
    except ValueError as error:
        raise InputError(path, str(error), REMEDY) from error


class _Aligner:
    """Reads one video at a time, aligns it, and writes its alignment."""

    def __init__(self, corpus: Corpus, settings: AlignSettings, output: AlignmentOutput) -> None:
        self.corpus, self.settings, self.output = corpus, settings, output
        run = settings.run
        self.parameters = _read_parameters(corpus.timing(run)) if run else default_parameters()
        self.digest = digest_json(self.parameters.to_dict())
        self.titles = corpus.titles()

    def align(self, id: str) -> None:
        """Align one video unless it is; raises InputError where that is impossible."""
        clips, snippets = read_pair(self.corpus, id)
        recipe = self._recipe(id)
        if self.output.is_made(id, recipe):
            return
        timed = self._timed(id, clips, snippets)
        alignment = Alignment(
            id=id,
            clips=tuple(clips),
            snippets=tuple(snippets),
            matches=timed.matches,
            clip_confidence=tuple(timed.clip_confidence.tolist()),
            snippet_confidence=tuple(timed.snippet_confidence.tolist()),
            decoder=str(Decoder.SEMI_MARKOV),
            checkpoint=self.digest,
        )
        self.output.write(alignment, recipe, timing=timed.evidence, unmatched=timed.unmatched)

    def _recipe(self, id: str) -> str:
        made = [digest_file(path) for path in (self.corpus.clips(id), self.corpus.snippets(id))]
        asked = [str(self.settings.path), self.settings.text_start, self.settings.text_end]
        return digest_json([self.digest, made, self.titles.get(id, ""), asked])

    def _timed(self, id: str, clips: list[Clip], snippets: list[Snippet]) -> semi_markov.TimedAlignment:
        try:
            return semi_markov.align_by_timing(
                [clip.interval for clip in clips],
                [snippet.text for snippet in snippets],
                self.parameters,
                title=self.titles.get(id, ""),
                text_start=self.settings.text_start,
                text_end=self.settings.text_end,
                most_probable_path=self.settings.path is TimingPath.VITERBI,
            )
        except semi_markov.ExtentError as error:
            raise InputError(
                self.corpus.clips(id), str(error), "give another --text-start or --text-end"
            ) from error
        except ValueError as error:
            raise InputError(
                self.corpus.snippets(id), str(error), "correct it and run `mmtool align` again"
            ) from error
