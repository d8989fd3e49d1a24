"""A run's matcher as a dual encoder: its embeddings of clips and snippets are stored under the run's name."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
from numpy.typing import NDArray

from mmtool.choices import Modality
from mmtool.errors import CallError
from mmtool.formats.corpus import Corpus
from mmtool.formats.embedding_index import EmbeddingIndex, open_index
from mmtool.matching.trained import TrainedMatcher
from mmtool.records import Failure, Progress
from mmtool.stages.shared.matcher_features import embeddings_name, write_embeddings
from mmtool.stages.shared.matcher_films import ReadableClips, open_tokens
from mmtool.stages.shared.matcher_sources import each_source, open_token_sources


class TrainedDual:
    """The two sides of a trained matcher."""

    def __init__(
        self, corpus: Corpus, run: str, matcher: TrainedMatcher, source: ReadableClips, progress: Progress
    ) -> None:
        self._corpus, self._run = corpus, run
        self._matcher, self._source, self._progress = matcher, source, progress
        self._is_written = False
        self.name = f"{run} ({matcher.identity.model})"
        self.failures: list[Failure] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors (Q, E) of texts."""
        return self._matcher.texts(texts).embeddings

    def unknown(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The share (Q,) of each text that the vocabulary does not know."""
        return self._matcher.texts(texts).unknown

    def clips(self) -> EmbeddingIndex:
        """The embeddings of all clips of the corpus."""
        return self._index(Modality.VIDEO, self._corpus.clip_ids())

    def snippets(self) -> EmbeddingIndex:
        """The embeddings of all snippets of the corpus."""
        return self._index(Modality.TEXT, self._corpus.snippet_ids())

    def _index(self, modality: Modality, ids: Sequence[str]) -> EmbeddingIndex:
        if not ids:
            folder = "clips" if modality is Modality.VIDEO else "snippets"
            raise CallError(f"{self._corpus.root}: no {folder} in {folder}/; run `mmtool segment` first")
        if not self._is_written:  # what is up to date is kept
            every = sorted(self._corpus.known_ids())
            self.failures += write_embeddings(
                self._corpus, self._run, self._matcher, self._source, every, self._progress
            )
            self._is_written = True
        path = self._corpus.features(embeddings_name(self._run, modality))
        if not path.exists():
            raise CallError(self.failures[0].reason if self.failures else f"{path}: was not written")
        return open_index(path).only(ids)


@contextmanager
def open_trained_dual(
    corpus: Corpus, run: str, matcher: TrainedMatcher, progress: Progress
) -> Iterator[TrainedDual]:
    """Open the features that a matcher reads.

    Raises InputError if they lack regions that it reads, CallError if they have another width.
    """
    readers = matcher.readers
    names, kinds = tuple(reader.name for reader in readers), [reader.kind for reader in readers]
    with ExitStack() as stack:
        source: ReadableClips
        if len(readers) == 1:
            source = stack.enter_context(open_tokens(corpus, names[0], kinds[0], readers[0].regions))
        else:
            opened = open_token_sources(corpus, names, kinds, readers[0].regions, matcher.missing)
            source = stack.enter_context(opened)
        for reader, part in zip(readers, each_source(source), strict=True):
            part.scaling, part.frames = reader.scaling, reader.columns
            wanted = len(reader.scaling.mean)
            for id in part.ids()[:1]:
                width = part.film(id).unscaled(0).shape[1]
                if width != wanted:
                    problem = f"has {width} dimensions, but {run} was trained on {wanted}"
                    raise CallError(f"{part.file.path}: {problem}; extract the features of the run again")
        yield TrainedDual(corpus, run, matcher, source, progress)
