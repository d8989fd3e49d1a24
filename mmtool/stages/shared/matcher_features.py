"""A trained matcher's embeddings as features of clips and of snippets, which share a space."""

from collections.abc import Sequence

import numpy as np

from mmtool import __version__
from mmtool.choices import Modality
from mmtool.errors import InputError
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.formats.features import FeatureGroup, FeaturesHeader
from mmtool.formats.features_builder import FeaturesBuilder
from mmtool.formats.lock import sole_writer
from mmtool.formats.snippets import read_snippets
from mmtool.matching.recall import embeddings_of_clips
from mmtool.matching.trained import TrainedMatcher
from mmtool.records import Failure, Progress
from mmtool.stages.shared.matcher_films import ReadableClips


def embeddings_name(run: str, modality: Modality) -> str:
    """The name of a run's features of one side; ``align --video RUN --text RUN`` finds both by the run's."""
    return f"{run}-{modality}"


def write_embeddings(
    corpus: Corpus,
    run: str,
    matcher: TrainedMatcher,
    source: ReadableClips,
    ids: Sequence[str],
    progress: Progress,
) -> list[Failure]:
    """Write the embeddings of the sides that each id has; those that are up to date are kept."""
    failures = list[Failure]()
    paths = {modality: corpus.features(embeddings_name(run, modality)) for modality in Modality}
    headers = {
        modality: FeaturesHeader(modality, (matcher.identity,), versions={"mmtool": __version__})
        for modality in Modality
    }
    with sole_writer(paths[Modality.VIDEO]), sole_writer(paths[Modality.TEXT]):
        builders = {modality: FeaturesBuilder(paths[modality], headers[modality]) for modality in Modality}
        for done, id in enumerate(ids, start=1):
            try:
                if corpus.clips(id).exists():
                    _add_clips(corpus, id, matcher, source, builders[Modality.VIDEO])
                if corpus.snippets(id).exists():
                    _add_snippets(corpus, id, matcher, builders[Modality.TEXT])
            except InputError as error:
                failures.append(Failure(id, str(error)))
            progress("embedding", done, len(ids), "films")
        for builder in builders.values():
            builder.finish()
    return failures


def _add_clips(
    corpus: Corpus, id: str, matcher: TrainedMatcher, source: ReadableClips, builder: FeaturesBuilder
) -> None:
    recipe = digest_json([source.recipe(id), matcher.identity.weights])
    if builder.has(id, recipe):
        return
    clips = read_clips(corpus.clips(id))
    source.check_clips(id, clips)
    embeddings = embeddings_of_clips(matcher.network, source.film(id))
    intervals = np.array([clip.interval for clip in clips], dtype=np.float64)
    builder.add(id, FeatureGroup(embeddings, intervals, recipe=recipe))


def _add_snippets(corpus: Corpus, id: str, matcher: TrainedMatcher, builder: FeaturesBuilder) -> None:
    texts = [snippet.text for snippet in read_snippets(corpus.snippets(id))]
    recipe = digest_json([texts, matcher.identity.weights])
    if not builder.has(id, recipe):
        builder.add(id, FeatureGroup(matcher.texts(texts).embeddings, snippets=texts, recipe=recipe))
