"""Features of one or several encoders, read as if they were one: ``bert+length`` joins two files."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmtool.choices import Modality
from mmtool.errors import InputError
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.formats.features import FeatureGroup, FeaturesFile, FeaturesHeader, open_features
from mmtool.records import Clip, Snippet

PROJECTED = ".rp"  # the suffix of the name of projected features
MATCHER = "multiway"  # the encoder of the features that a trained matcher writes


@dataclass(frozen=True, slots=True)
class JoinedFeatures:
    """Open features files of one modality, whose rows belong to the same clips or snippets."""

    files: tuple[FeaturesFile, ...]

    @property
    def header(self) -> FeaturesHeader:
        first = self.files[0].header
        sources = tuple(source for file in self.files for source in file.header.sources)
        return FeaturesHeader(first.modality, sources, first.projection, first.versions)

    def ids(self) -> list[str]:
        """Ids that every file has."""
        return sorted(set.intersection(*(set(file.ids()) for file in self.files)))

    def __contains__(self, id: str) -> bool:
        return all(id in file for file in self.files)

    def recipe(self, id: str) -> str:
        return digest_json([file.recipe(id) for file in self.files])

    def groups(self, id: str) -> list[FeatureGroup]:
        """One group per file; raises InputError if they belong to different clips or snippets."""
        groups = [file.read(id) for file in self.files]
        for file, group in zip(self.files, groups, strict=True):
            if not _same_rows(group, groups[0]):
                raise InputError(
                    file.path,
                    f"the {_unit(file)} of {id!r} differ from those in {self.files[0].path.name}",
                    "run `mmtool extract` for both again",
                )
        return groups

    def parts(self, id: str) -> list[NDArray[np.float32]]:
        """One array (N, D) per file."""
        return [group.features for group in self.groups(id)]

    def check_clips(self, id: str, clips: list[Clip]) -> None:
        """Raise InputError if the features belong to other clips."""
        wanted = np.array([clip.interval for clip in clips])
        for file, group in zip(self.files, self.groups(id), strict=True):
            if group.intervals is None or not np.array_equal(group.intervals, wanted):
                raise _stale(file, id)

    def check_snippets(self, id: str, snippets: list[Snippet]) -> None:
        """Raise InputError if the features belong to other snippets."""
        for file, group in zip(self.files, self.groups(id), strict=True):
            if group.snippets is None or list(group.snippets) != [snippet.text for snippet in snippets]:
                raise _stale(file, id)


def _same_rows(group: FeatureGroup, other: FeatureGroup) -> bool:
    if group.intervals is not None and other.intervals is not None:
        return np.array_equal(group.intervals, other.intervals)
    return group.snippets == other.snippets


def _unit(file: FeaturesFile) -> str:
    return "clips" if file.header.modality is Modality.VIDEO else "snippets"


def _stale(file: FeaturesFile, id: str) -> InputError:
    return InputError(
        file.path,
        f"the features of {id!r} belong to other {_unit(file)} than those now in the corpus",
        "run `mmtool extract` (and `mmtool project`) again",
    )


@contextmanager
def open_joined(corpus: Corpus, name: str, modality: Modality) -> Iterator[JoinedFeatures]:
    """Open ``features/<name>.h5``, or several files for ``a+b``; raises InputError if one cannot be used."""
    with ExitStack() as stack:
        paths = [corpus.features(part) for part in name.split("+")]
        if len(paths) > 1 and corpus.features(name).exists():
            paths = [corpus.features(name)]
        files = tuple(stack.enter_context(open_features(path)) for path in paths)
        for file in files:
            if file.header.modality is not modality:
                raise InputError(
                    file.path,
                    f"holds {file.header.modality} features, not {modality} features",
                    f"name it with `{file.header.modality}`, and {modality} features in its place",
                )
        yield JoinedFeatures(files)


def only_features(corpus: Corpus, modality: Modality) -> str:
    """The name of the only original features of a modality; raises InputError unless there is exactly one.

    The embeddings of trained matchers do not count.
    """
    names = []
    for name in corpus.ids_in("features", ".h5"):
        with open_features(corpus.features(name)) as file:
            header = file.header
            if header.modality is modality and not header.projection and header.name != MATCHER:
                names.append(name)
    folder = corpus.root / "features"
    if not names:
        raise InputError(
            folder, f"has no {modality} features", f"run `mmtool extract --{modality}-encoder NAME`"
        )
    if len(names) > 1:
        raise InputError(
            folder, f"has several {modality} features: {', '.join(names)}", f"name one with `{modality}`"
        )
    return names[0]
