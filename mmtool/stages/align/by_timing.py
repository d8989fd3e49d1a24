"""Alignments from timing, and features where named, without torch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mmtool.alignment.cues.fitting import cue_times
from mmtool.alignment.timing.cut_test import learned_share
from mmtool.alignment.timing.mixture import MIXTURE_VERSION, cut_score_of
from mmtool.alignment.timing.parameters import TimingParameters, default_parameters
from mmtool.choices import Modality, TimingModel, Use
from mmtool.decoders import VideoToAlign
from mmtool.errors import InputError, SettingError
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file, digest_json
from mmtool.formats.timing_parameters import REMEDY, read_timing, read_used_features
from mmtool.records import Clip, Failure, Progress, Snippet
from mmtool.screenplay_kinds import is_screenplay
from mmtool.settings.align import AlignSettings
from mmtool.stages.align.heard_text import heard_text, words_recipe
from mmtool.stages.align.known_times import CUES_VERSION, known_times, speech_of
from mmtool.stages.align.outputs import AlignmentOutput
from mmtool.stages.align.pinned import constraints_for, pins_recipe
from mmtool.stages.align.report import AlignedVideo, Unmet
from mmtool.stages.align.timed_video import Sources, language_of, notes_on, time_video
from mmtool.stages.shared.clips_and_snippets import read_pair
from mmtool.stages.shared.transcript_files import transcript_file

if TYPE_CHECKING:
    from mmtool.alignment.similarity.confidence import Matches
    from mmtool.arrays import Floats
    from mmtool.features.pairs import FeaturePair
    from mmtool.stages.shared.match_scores import MatchScores

SCREENPLAY_VERSION = 2  # is raised when a screenplay gets other labels
MISMATCH_REMEDY = "check that it belongs to this film, or use `transcript=ignore`"


class MismatchError(InputError):
    """A transcript of another film, where something is required of the alignment."""


def align_by_timing(
    corpus: Corpus, settings: AlignSettings, ids: Sequence[str], progress: Progress
) -> Iterator[AlignedVideo | Failure]:
    """Align each id with the parameters of the run, or with those of the package.

    The similarity of features counts where the settings name them or the run was trained with them;
    raises CallError for others than the run's. Scores have the weight that annotated videos choose.
    """
    with _open_features(corpus, settings) as pair:
        aligner = _TimingAligner(corpus, settings, pair, AlignmentOutput(corpus, settings))
        if settings.learn_from_corpus:
            aligner.learn(ids, progress)
        if settings.scores:
            aligner.weigh(progress)
        for number, id in enumerate(ids, start=1):
            try:
                yield aligner.align(id)
            except MismatchError as error:
                yield Unmet(id, str(error))
            except InputError as error:
                yield Failure(id, str(error))
            progress("aligning", number, len(ids), "videos")


@contextmanager
def _open_features(corpus: Corpus, settings: AlignSettings) -> Iterator["FeaturePair | None"]:
    """The features to compare, which only now load what reads them."""
    used = read_used_features(corpus.timing(settings.run)) if settings.run else {}
    if used and settings.scores:
        problem = (
            f"cannot be used with {settings.run}, which was trained with features; leave one of them out"
        )
        raise SettingError("scores", problem)
    if not used and not settings.video:
        yield None
        return
    from mmtool.features.pairs import open_feature_pair

    video = settings.video or used[Modality.VIDEO].name
    text = settings.text or used[Modality.TEXT].name
    # those of the run were compared when it was trained
    with open_feature_pair(corpus, video, text, any_space=settings.any_space or bool(used)) as pair:
        if used:
            pair.require(used)
        yield pair


def _read_parameters(path: Path) -> TimingParameters:
    try:
        return TimingParameters.from_dict(read_timing(path))
    except ValueError as error:
        raise InputError(path, str(error), REMEDY) from error


class _TimingAligner:
    """Reads one video at a time, aligns it, and writes its alignment."""

    def __init__(
        self, corpus: Corpus, settings: AlignSettings, pair: "FeaturePair | None", output: AlignmentOutput
    ) -> None:
        self.corpus, self.settings, self.pair, self.output = corpus, settings, pair, output
        run = settings.run
        self.parameters = _read_parameters(corpus.timing(run)) if run else default_parameters()
        self.digest = digest_json(self.parameters.to_dict())
        self.titles = corpus.titles()
        self.following: float | None = None
        self.scores: MatchScores | None = None
        self.notes: tuple[str, ...] = ()  # on all videos; the first one tells them

    def learn(self, ids: Sequence[str], progress: Progress) -> None:
        """Learn from all videos how often cuts follow the text; those that cannot be read are left out."""
        scores = []
        for number, id in enumerate(ids, start=1):
            try:
                clips, snippets = read_pair(self.corpus, id)
                texts = [snippet.text for snippet in snippets]
                language = language_of(texts, self.settings)
                scores.append(cut_score_of([clip.interval for clip in clips], texts, language))
            except (InputError, ValueError):
                continue  # a failure of its own, when it is aligned
            progress("learning", number, len(ids), "videos")
        self.following = learned_share(scores)

    def weigh(self, progress: Progress) -> None:
        """Open the scores and choose their weight; those that are worth nothing are left out."""
        from mmtool.stages.align.score_weight import note_on_weight, weigh_scores
        from mmtool.stages.shared.match_scores import MatchScores

        scores = self.scores = MatchScores(self.corpus, self.settings.scores)
        usual = self.parameters.emission_weight
        found = weigh_scores(scores, self._aligned_with, self._recipe_of, progress)
        self.notes = (note_on_weight(scores, found, usual),)
        weight = usual if found is None else found.weight
        self.parameters = replace(self.parameters, emission_weight=weight)
        self.digest = digest_json(self.parameters.to_dict())
        if not weight:
            self.scores = None

    def align(self, id: str) -> AlignedVideo:
        """Align one video unless it is aligned already; raises InputError where that is impossible."""
        clips, snippets = read_pair(self.corpus, id)
        recipe = self._recipe(id, snippets)
        language = language_of([snippet.text for snippet in snippets], self.settings)
        heard = heard_text(self.corpus, self.settings, id, clips, snippets, language)
        if heard.mismatch and self.settings.require:
            self.output.remove(id)
            transcript = heard.path
            raise MismatchError(transcript, heard.mismatch, MISMATCH_REMEDY)
        known = known_times(clips, snippets, self.settings, speech_of(self.corpus, id), heard.words)
        said = [*notes_on(snippets, self.settings), *known.notes, *heard.notes]
        notes = (*self.notes, *(f"{id}: {note}" for note in said))
        self.notes = ()
        existing = self.output.existing(id, recipe)
        if existing is not None:
            return replace(existing, notes=notes)
        has_pins = self.settings.pins is Use.USE and self.corpus.pins(id).exists()
        video = VideoToAlign(
            id=id,
            clips=clips,
            snippets=snippets,
            similarity=self._similarity(id, clips, snippets),
            constraints=constraints_for(self.corpus, self.settings, id, clips, snippets)
            if has_pins
            else None,
        )
        timed = time_video(
            video,
            self.settings,
            self.parameters,
            self.digest,
            title=self.titles.get(id, ""),
            sources=Sources(self.corpus.clips(id), self.corpus.snippets(id)),
            following=self.following,
            known=known,
            heard=heard,
        )
        written = self.output.write(timed.alignment, recipe, timed.grounds)
        return replace(written, notes=notes)

    def _similarity(self, id: str, clips: list[Clip], snippets: list[Snippet]) -> "Floats | None":
        if self.scores is not None:
            return self.scores.evidence(id, clips, snippets)
        return self.pair.similarity(id, clips, snippets) if self.pair else None

    def _aligned_with(self, id: str, weight: float) -> "Matches":
        """What a video's alignment is with a weight of the scores, without pins."""
        clips, snippets = read_pair(self.corpus, id)
        language = language_of([snippet.text for snippet in snippets], self.settings)
        heard = heard_text(self.corpus, self.settings, id, clips, snippets, language)
        speech = speech_of(self.corpus, id)
        timed = time_video(
            VideoToAlign(
                id=id,
                clips=clips,
                snippets=snippets,
                similarity=self._similarity(id, clips, snippets) if weight else None,
            ),
            replace(self.settings, text_start=None, text_end=None),
            replace(self.parameters, emission_weight=weight),
            self.digest,
            title=self.titles.get(id, ""),
            sources=Sources(self.corpus.clips(id), self.corpus.snippets(id)),
            following=self.following,
            known=known_times(clips, snippets, self.settings, speech, heard.words),
            heard=heard,
        )
        return timed.alignment.matches

    def _recipe_of(self, id: str) -> str:
        return self._recipe(id, read_pair(self.corpus, id)[1])

    def _recipe(self, id: str, snippets: Sequence[Snippet]) -> str:
        inputs = [digest_file(path) for path in (self.corpus.clips(id), self.corpus.snippets(id))]
        asked: list[object] = [str(self.settings.path), self.settings.text_start, self.settings.text_end]
        if self.settings.timing_model is TimingModel.MIXTURE:
            asked += [MIXTURE_VERSION, self.settings.language, self.following]
        features = self.pair.recipe(id) if self.pair else []
        features += [] if self.scores is None else self.scores.recipe(id)
        known = pins_recipe(self.corpus, self.settings, id) + words_recipe(self.corpus, self.settings, id)
        if is_screenplay(snippets):
            known.append(["screenplay", SCREENPLAY_VERSION])
        if cue_times(snippets) is not None:
            heard = transcript_file(self.corpus, id)
            known += [["cues", CUES_VERSION, str(self.settings.cue_times)]]
            known += [] if heard is None else [["speech", digest_file(heard)]]
        return digest_json([self.digest, inputs, self.titles.get(id, ""), asked, *features, *known])
