"""Alignments from the similarity of features alone, without a run or torch."""

from collections.abc import Iterator, Sequence

from mmtool.alignment.similarity.confidence import Matches, confidence
from mmtool.alignment.similarity.dtw import dtw
from mmtool.alignment.similarity.monotone import monotone
from mmtool.alignment.similarity.otam import otam
from mmtool.arrays import Floats
from mmtool.choices import Decoder
from mmtool.errors import InputError
from mmtool.features.pairs import FeaturePair, open_feature_pair
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file, digest_json
from mmtool.records import Alignment, Failure, Progress
from mmtool.settings.align import AlignSettings
from mmtool.stages.align.outputs import AlignmentOutput
from mmtool.stages.align.report import AlignedVideo
from mmtool.stages.shared.clips_and_snippets import read_pair


def align_by_similarity(
    corpus: Corpus, settings: AlignSettings, ids: Sequence[str], progress: Progress
) -> Iterator[AlignedVideo | Failure]:
    """Align each id by the features that the settings name."""
    output = AlignmentOutput(corpus, settings)
    with open_feature_pair(corpus, settings.video, settings.text, any_space=settings.any_space) as pair:
        for number, id in enumerate(ids, start=1):
            try:
                yield _align(corpus, settings, pair, id, output)
            except InputError as error:
                yield Failure(id, str(error))
            progress("aligning", number, len(ids), "videos")


def _align(
    corpus: Corpus, settings: AlignSettings, pair: FeaturePair, id: str, output: AlignmentOutput
) -> AlignedVideo:
    """Align one video unless it is aligned already; raises InputError where that is impossible."""
    clips, snippets = read_pair(corpus, id)
    inputs = [digest_file(path) for path in (corpus.clips(id), corpus.snippets(id))]
    asked = [str(settings.decoder), settings.unmatched_score, settings.unused_cost]
    recipe = digest_json([asked, inputs, pair.recipe(id)])
    existing = output.existing(id, recipe)
    if existing is not None:
        return existing
    similarity = pair.similarity(id, clips, snippets)
    matches, unmatched = _decoded(similarity, settings)
    of_clips, of_snippets = confidence(similarity, matches, unmatched=unmatched)
    alignment = Alignment(
        id=id,
        clips=tuple(clips),
        snippets=tuple(snippets),
        matches=matches,
        clip_confidence=tuple(of_clips.tolist()),
        snippet_confidence=tuple(of_snippets.tolist()),
        decoder=str(settings.decoder),
        checkpoint=digest_json([pair.video.header.digest, pair.text.header.digest]),
    )
    return output.write(alignment, recipe)


def _decoded(similarity: Floats, settings: AlignSettings) -> tuple[Matches, float | None]:
    """The matches, and the score of a clip without any, where there may be such clips."""
    if settings.decoder is Decoder.DTW:
        return dtw(similarity), None
    if settings.decoder is Decoder.OTAM:
        return otam(similarity), 0.0
    score = settings.unmatched_score
    return monotone(similarity, unmatched=score, unused=settings.unused_cost).matches, score
