"""Stored scores of clips and snippets, as aligners read them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mmtool.alignment.similarity.log_odds import snippet_evidence
from mmtool.arrays import Floats
from mmtool.choices import Split
from mmtool.errors import CallError, InputError
from mmtool.features.similarity import standardised
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.formats.scores import FilmScores, read_scores
from mmtool.records import Clip, Snippet

EVIDENCE_VERSION = 2  # is raised when the same scores become other evidence


@dataclass(frozen=True, slots=True)
class MatchScores:
    """The scores below ``scores/<name>/``."""

    corpus: Corpus
    name: str

    def __post_init__(self) -> None:
        """Raise CallError if there are none, naming those that there are."""
        folder = self.folder
        if any(folder.glob("*.h5")):
            return
        others = sorted(path.name for path in folder.parent.glob("[!.]*") if any(path.glob("*.h5")))
        remedy = f"or choose one of {', '.join(others)}" if others else "which writes them"
        raise CallError(f"{folder}: no scores; run `mmtool score` first, {remedy}")

    def read(self, id: str, clips: Sequence[Clip], snippets: Sequence[Snippet]) -> FilmScores:
        """The scores of a film; raises InputError for missing or damaged ones, or those of other clips."""
        found = self._stored(id)
        if not found.belongs_to(clips, snippets):
            path = self.corpus.match_scores(self.name, id)
            problem = "belongs to other clips or snippets than those now in the corpus"
            raise InputError(path, problem, "run `mmtool score` again")
        return found

    def similarity(self, id: str, clips: Sequence[Clip], snippets: Sequence[Snippet]) -> Floats:
        """Standardised log-odds (M, N): an average pair has 0, the standard deviation is 1."""
        return standardised(self.read(id, clips, snippets).log_odds.T)

    def evidence(self, id: str, clips: Sequence[Clip], snippets: Sequence[Snippet]) -> Floats:
        """What the scores say for each snippet of each clip (M, N), in nats."""
        return snippet_evidence(self.read(id, clips, snippets).log_odds)

    def recipe(self, id: str) -> list[str]:
        """What the scores of a film are; raises InputError as :meth:`read` does."""
        return [digest_json([EVIDENCE_VERSION, self._stored(id).digest()])]

    def origin(self, id: str) -> list[str]:
        """A digest of the models that scored a film."""
        return [digest_json([asdict(model) for model in self._stored(id).models])]

    def judged_on(self) -> Split:
        """The split whose annotated films say what the scores are worth."""
        for path in sorted(self.folder.glob("*.h5")):
            try:
                return read_scores(path).judged_on
            except InputError:
                continue  # a failure of its own, when its video is aligned
        return Split.TRAIN

    @property
    def folder(self) -> Path:
        return self.corpus.score_weights(self.name).parent

    def _stored(self, id: str) -> FilmScores:
        return read_scores(self.corpus.match_scores(self.name, id))
