"""Features → randomly projected and normalised features (paper, Section 3.5 and Eq. 13)."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from mmtool.choices import Modality, Split
from mmtool.errors import CallError, InputError
from mmtool.features.joined import PROJECTED, JoinedFeatures, only_features, open_joined
from mmtool.features.projection import FeatureTransform, fit_transform
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.formats.features import FeatureGroup, FeaturesHeader, open_features
from mmtool.formats.features_builder import FeaturesBuilder
from mmtool.formats.lock import sole_writer
from mmtool.fusion_choices import Missing
from mmtool.records import Failure, Progress, Report, silent
from mmtool.settings.project import ProjectSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectedFeatures:
    """One file of projected features: what was projected, and what became of each video."""

    modality: Modality
    name: str
    path: Path
    dimension: int
    projected_dimension: int
    done: tuple[str, ...]
    unchanged: tuple[str, ...]
    failures: tuple[Failure, ...]


@dataclass(slots=True, kw_only=True)
class ProjectReport(Report):
    """The files of both modalities."""

    stage: ClassVar[str] = "project"
    features: list[ProjectedFeatures] = field(default_factory=list)

    @property
    def facts(self) -> dict[str, object]:
        return {
            file.name: f"{file.dimension} → {file.projected_dimension} dimensions" for file in self.features
        }


def project(
    root: Path | str,
    settings: ProjectSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> ProjectReport:
    """Write ``features/<name>.rp.h5`` for one file of video features and one of text features.

    The matrix is drawn from the seed; mean and variance are those of the training split. Both are
    stored in the file.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`ProjectSettings`.
        progress: Hears how many videos of a file are projected.

    Returns:
        A report with both files. A video whose features are damaged is a failure beside the others.

    Raises:
        CallError: The settings are impossible, or the features of a training video cannot be read.
    """
    settings = ProjectSettings.chosen(settings, options)
    corpus, report = Corpus.open(Path(root)), ProjectReport()
    try:
        train = corpus.split_ids(Split.TRAIN)
        for modality, given in ((Modality.VIDEO, settings.video), (Modality.TEXT, settings.text)):
            name = given or only_features(corpus, modality)
            with open_joined(corpus, name, modality) as features:
                projected = _project_features(corpus, modality, name, features, train, settings, progress)
            report.features.append(projected)
            report.done += projected.done
            report.unchanged += projected.unchanged
            report.failures += projected.failures
            report.written.append(str(projected.path))
    except InputError as error:
        raise CallError(str(error)) from error
    return report


def _project_features(
    corpus: Corpus,
    modality: Modality,
    name: str,
    features: JoinedFeatures,
    train: list[str],
    settings: ProjectSettings,
    progress: Progress,
) -> ProjectedFeatures:
    if any(file.header.projection for file in features.files):
        raise CallError(f"{corpus.features(name)}: is already projected; name the original features")
    recipe = f"achlioptas, dimension {settings.dimension}, seed {settings.seed}"
    header = replace(features.header, projection=recipe)
    path = corpus.features(name + PROJECTED)
    ids = features.ids()
    done, unchanged, failures = list[str](), list[str](), list[Failure]()
    with sole_writer(path):
        _refuse_other_projection(path, header, force=settings.force)
        known = [id for id in train if id in features or settings.missing is Missing.FAIL]
        if not known:
            raise CallError(f"{corpus.features(name)}: has features of no training film; extract some first")
        transform = fit_transform(
            [features.parts(id) for id in known], projected=settings.dimension, seed=settings.seed
        )
        arrays = transform.to_arrays()
        fitted = digest_json({key: array.tobytes().hex() for key, array in arrays.items()})
        builder = FeaturesBuilder(path, header)
        for number, id in enumerate(ids, start=1):
            recipe_of_id = digest_json([features.recipe(id), fitted])
            if not settings.force and builder.has(id, recipe_of_id):
                unchanged.append(id)
                continue
            try:
                builder.add(id, _projected(features, id, transform, recipe_of_id))
                done.append(id)
            except InputError as error:
                failures.append(Failure(id, str(error)))
            progress(path.name, number, len(ids), "videos")
        builder.finish(arrays)
    return ProjectedFeatures(
        modality=modality,
        name=name,
        path=path,
        dimension=transform.dimension,
        projected_dimension=transform.output_dimension,
        done=tuple(done),
        unchanged=tuple(unchanged),
        failures=tuple(failures),
    )


def _refuse_other_projection(path: Path, header: FeaturesHeader, *, force: bool) -> None:
    if path.exists() and not force:
        with open_features(path) as earlier:
            if earlier.header.digest != header.digest:
                raise CallError(
                    f"{path}: was made from {earlier.header.describe()}, not from {header.describe()}; "
                    "replace it with `force`"
                )


def _projected(features: JoinedFeatures, id: str, transform: FeatureTransform, recipe: str) -> FeatureGroup:
    groups = features.groups(id)
    joined = np.concatenate([group.features for group in groups], axis=1)  # (N, D)
    devices = dict.fromkeys(group.device for group in groups if group.device)  # of the encoders
    return FeatureGroup(
        transform.apply(joined), groups[0].intervals, groups[0].snippets, recipe, device=", ".join(devices)
    )
