"""Features → randomly projected and normalised features (paper, Section 3.5 and Eq. 13)."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from mmtool.choices import Modality, Split
from mmtool.errors import CallError, InputError
from mmtool.features.joined import PROJECTED, JoinedFeatures, only_features, open_joined
from mmtool.features.projection import FeatureTransform, fit_transform
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.formats.features import FeatureGroup, FeaturesBuilder, FeaturesHeader, open_features
from mmtool.formats.lock import sole_writer
from mmtool.records import Failure, Progress, StageReport, silent
from mmtool.settings.project import ProjectSettings


def project(root: Path, settings: ProjectSettings, *, progress: Progress = silent) -> StageReport:
    """Write ``features/<name>.rp.h5`` for one file of video features and one of text features.

    The matrix comes from the seed; mean and variance are those of the training split. Both are
    stored in the file.
    """
    corpus, report = Corpus.open(root), StageReport("project")
    try:
        train = corpus.split_ids(Split.TRAIN)
        for modality, given in ((Modality.VIDEO, settings.video), (Modality.TEXT, settings.text)):
            name = given or only_features(corpus, modality)
            with open_joined(corpus, name, modality) as features:
                _project_features(corpus, name, features, train, settings, report, progress)
    except InputError as error:
        raise CallError(str(error)) from error
    return report


def _project_features(
    corpus: Corpus,
    name: str,
    features: JoinedFeatures,
    train: list[str],
    settings: ProjectSettings,
    report: StageReport,
    progress: Progress,
) -> None:
    if any(file.header.projection for file in features.files):
        raise CallError(
            f"{corpus.features(name)}: is projected already; name the features that it was made from"
        )
    recipe = f"achlioptas, dimension {settings.dimension}, seed {settings.seed}"
    header = replace(features.header, projection=recipe)
    path = corpus.features(name + PROJECTED)
    ids = features.ids()
    with sole_writer(path):
        _refuse_other_projection(path, header, force=settings.force)
        transform = fit_transform(
            [features.parts(id) for id in train], projected=settings.dimension, seed=settings.seed
        )
        arrays = transform.to_arrays()
        fitted = digest_json({key: array.tobytes().hex() for key, array in arrays.items()})
        builder = FeaturesBuilder(path, header)
        for number, id in enumerate(ids, start=1):
            made = digest_json([features.recipe(id), fitted])
            if not settings.force and builder.has(id, made):
                report.unchanged.append(id)
                continue
            try:
                builder.add(id, _projected(features, id, transform, made))
                report.done.append(id)
            except InputError as error:
                report.failures.append(Failure(id, str(error)))
            progress(path.name, number, len(ids), "videos")
        builder.finish(arrays)
    report.written.append(str(path))
    report.facts[name] = f"{transform.dimension} → {transform.output_dimension} dimensions"


def _refuse_other_projection(path: Path, header: FeaturesHeader, *, force: bool) -> None:
    if path.exists() and not force:
        with open_features(path) as earlier:
            if earlier.header.digest != header.digest:
                raise CallError(
                    f"{path}: was made from {earlier.header.describe()}, not from {header.describe()}; "
                    "replace it with --force"
                )


def _projected(features: JoinedFeatures, id: str, transform: FeatureTransform, made: str) -> FeatureGroup:
    groups = features.groups(id)
    joined = np.concatenate([group.features for group in groups], axis=1)
    return FeatureGroup(transform.apply(joined), groups[0].intervals, groups[0].snippets, made)
