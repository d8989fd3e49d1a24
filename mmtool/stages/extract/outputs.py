"""What extracting from videos and from texts has in common; not a stage of its own."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from mmtool import __version__
from mmtool.choices import Modality
from mmtool.errors import CallError, InputError
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.formats.features import FeatureGroup, FeaturesBuilder, FeaturesHeader, open_features
from mmtool.formats.lock import sole_writer
from mmtool.records import EncoderIdentity, Failure, RegionNames, StageReport


@contextmanager
def open_builder(
    corpus: Corpus,
    name: str,
    modality: Modality,
    identity: EncoderIdentity,
    *,
    force: bool,
    region_names: RegionNames | None = None,
) -> Iterator[FeaturesBuilder]:
    """Where to write, alone; raises CallError where the file holds features of another encoder or setting."""
    header = FeaturesHeader(modality, (identity,), versions=_versions(), region_names=region_names)
    path = corpus.features(name)
    with sole_writer(path):
        if path.exists() and not force:
            with open_features(path) as features:
                if region_names is None:  # those that the file has are kept
                    header = replace(header, region_names=features.header.region_names)
                if features.header.digest != header.digest:
                    raise CallError(
                        f"{path}: was made with {features.header.describe()}, not with {header.describe()}; "
                        f"keep both with --{modality}-name OTHER, or replace it with --force"
                    )
        yield FeaturesBuilder(path, header)


def _versions() -> dict[str, str]:
    libraries = ("numpy", "torch", "torchvision", "transformers", "opencv-python", "av")
    return {"mmtool": __version__} | {name: version(name) for name in libraries}


def note_unsegmented(files: Mapping[str, Path], ids: Sequence[str], report: StageReport) -> None:
    """Name what lies in ``videos/`` or ``texts/`` and has not been segmented, or not successfully."""
    segmented = set(ids)
    left_out = [path for id, path in files.items() if id not in segmented]
    if left_out:
        more = f" and {len(left_out) - 1} more" if len(left_out) > 1 else ""
        report.notes.append(f"{left_out[0]}{more}: not segmented, so left out; run `mmtool segment`")


def ids_to_make(
    ids: Sequence[str],
    inputs: Callable[[str], list[str]],
    builder: FeaturesBuilder,
    force: bool,
    report: StageReport,
    more: Sequence[str] = (),
) -> dict[str, str]:
    """Return the ids that have work left, each with the recipe digest of what will be made.

    Features that were made from the same inputs and one of ``more`` hold more than is asked for.
    """
    recipes = {}
    for id in ids:
        try:
            given = inputs(id)
        except InputError as error:
            report.failures.append(Failure(id, str(error)))
            continue
        except OSError as error:
            reason = f"{error.filename}: cannot be read ({error.strerror}); check that it is a readable file"
            report.failures.append(Failure(id, reason))
            continue
        recipe = digest_json(given)
        enough = [recipe, *(digest_json([*given, extra]) for extra in more)]
        if not force and any(builder.has(id, each) for each in enough):
            report.unchanged.append(id)
        else:
            recipes[id] = recipe
    return recipes


def add_results(
    results: Iterable[tuple[str, FeatureGroup | Failure]],
    recipes: dict[str, str],
    builder: FeaturesBuilder,
    report: StageReport,
) -> None:
    """Write each result as it comes, and the whole file at the end."""
    for id, result in results:
        if isinstance(result, Failure):
            report.failures.append(result)
        elif not np.isfinite(result.features).all():
            name = builder.header.name
            reason = f"{id}: {name} made features that are no finite numbers; try --precision fp32"
            report.failures.append(Failure(id, reason))
        else:
            builder.add(id, replace(result, recipe=recipes[id]))
            report.done.append(id)
    builder.finish()
    report.written.append(str(builder.path))
    report.facts[builder.header.name] = f"{builder.header.sources[0].dimension} dimensions"
