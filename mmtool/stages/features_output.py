"""What extracting from videos and from texts has in common; not a stage of its own."""

from collections.abc import Callable, Sequence
from importlib.metadata import version

from mmtool import __version__
from mmtool.choices import Modality
from mmtool.errors import CallError, InputError
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.formats.features import FeatureGroup, FeaturesBuilder, FeaturesHeader, open_features
from mmtool.records import EncoderIdentity, Failure, StageReport

Work = Callable[[str], FeatureGroup]


def open_builder(
    corpus: Corpus, name: str, modality: Modality, identity: EncoderIdentity, *, force: bool
) -> FeaturesBuilder:
    """Where to write; raises CallError where the file holds features of another encoder or setting."""
    header = FeaturesHeader(modality, (identity,), versions=_versions())
    path = corpus.features(name)
    if path.exists() and not force:
        with open_features(path) as features:
            if features.header.digest != header.digest:
                raise CallError(
                    f"{path}: was made with {features.header.describe()}, not with {header.describe()}; "
                    f"keep both with --{modality}-name OTHER, or replace it with --force"
                )
    return FeaturesBuilder(path, header)


def _versions() -> dict[str, str]:
    libraries = ("numpy", "torch", "torchvision", "transformers", "opencv-python")
    return {"mmtool": __version__} | {name: version(name) for name in libraries}


def extract_ids(
    ids: Sequence[str],
    inputs: Callable[[str], list[str]],
    work: Work,
    builder: FeaturesBuilder,
    force: bool,
    report: StageReport,
) -> None:
    """Do ``work`` for each id whose features are not there yet, made from the same inputs."""
    for id in ids:
        try:
            made = digest_json(inputs(id))
            if not force and builder.is_made(id, made):
                report.unchanged.append(id)
                continue
            group = work(id)
            builder.add(id, FeatureGroup(group.features, group.intervals, group.snippets, made, group.extras))
            report.done.append(id)
        except InputError as error:
            report.failures.append(Failure(id, str(error)))
    builder.finish()
    report.written.append(str(builder.path))
    report.facts[builder.header.name] = f"{builder.header.sources[0].dimension} dimensions"
