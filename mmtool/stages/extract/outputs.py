"""Features files: which ids are to be encoded, and writing their features as they come."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from mmtool import __version__
from mmtool.choices import Modality
from mmtool.errors import CallError, InputError
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.formats.features import FeatureGroup, FeaturesHeader, open_features
from mmtool.formats.features_builder import FeaturesBuilder
from mmtool.formats.ids import require_usable
from mmtool.formats.lock import sole_writer
from mmtool.records import EncoderIdentity, Failure, RegionNames
from mmtool.stages.extract.report import ExtractedFeatures, ModalityResult

Result = FeatureGroup | Failure
Results = Iterable[tuple[str, Result]]


@dataclass(slots=True)
class Work:
    """The ids to encode with the digests of their recipes, ids with features already, and failures."""

    recipes: dict[str, str] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


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
    """Open a features file for writing, as its only writer.

    Raises CallError if the file has features of another encoder or of other settings.
    """
    header = FeaturesHeader(modality, (identity,), versions=_versions(), region_names=region_names)
    path = corpus.features(name)
    with sole_writer(path):
        if path.exists() and not force:
            with open_features(path) as features:
                if region_names is None:  # names that the file already has are kept
                    header = replace(header, region_names=features.header.region_names)
                if features.header.digest != header.digest:
                    raise CallError(
                        f"{path}: was made with {features.header.describe()}, not with {header.describe()}; "
                        f"choose another `{modality}_name` to keep both, or replace it with `force`"
                    )
        yield FeaturesBuilder(path, header)


def _versions() -> dict[str, str]:
    libraries = ("numpy", "torch", "torchvision", "transformers", "opencv-python", "av")
    return {"mmtool": __version__} | {name: version(name) for name in libraries}


def unsegmented_notes(files: Mapping[str, Path], ids: Sequence[str]) -> list[str]:
    """A note about files in ``videos/`` or ``texts/`` that were not segmented, or not successfully."""
    segmented = set(ids)
    left_out = [path for id, path in files.items() if id not in segmented]
    if not left_out:
        return []
    more = f" and {len(left_out) - 1} more" if len(left_out) > 1 else ""
    return [f"{left_out[0]}{more}: not segmented, so left out; run `mmtool segment`"]


def find_work(
    ids: Sequence[str],
    inputs: Callable[[str], list[str]],
    builder: FeaturesBuilder,
    *,
    force: bool,
    stored: Sequence[Sequence[str]] = ((),),
    earlier_inputs: Callable[[str], list[str]] | None = None,
) -> Work:
    """Return which ids are still to be encoded.

    The first of ``stored`` is what is asked for beside the features; those that have what a later one of
    them says have more, and are kept. So are those for which an earlier version recorded ``earlier_inputs``
    (empty: none).
    """
    work = Work()
    for id in ids:
        try:
            require_usable(id)
            given = inputs(id)
            before = earlier_inputs(id) if earlier_inputs is not None else []
        except InputError as error:
            work.failures.append(Failure(id, str(error)))
            continue
        except OSError as error:
            reason = f"{error.filename}: cannot be read ({error.strerror}); check that it is a readable file"
            work.failures.append(Failure(id, reason))
            continue
        recipe = digest_json([*given, *stored[0]])
        sufficient = [digest_json([*each, *kept]) for each in (given, before) if each for kept in stored]
        if not force and any(builder.has(id, each) for each in sufficient):
            work.unchanged.append(id)
        else:
            work.recipes[id] = recipe
    return work


def write_features(
    results: Results, work: Work, builder: FeaturesBuilder, devices: Collection[str]
) -> ModalityResult:
    """Write each result as it comes, and the whole file at the end.

    ``devices`` are those that made the results; more may become known with each result.
    """
    header, done, failures = builder.header, [], [*work.failures]
    for id, result in results:
        if isinstance(result, Failure):
            failures.append(result)
        elif not np.isfinite(result.features).all():
            reason = f"{id}: {header.name} produced non-finite features; try `precision=fp32`"
            failures.append(Failure(id, reason))
        else:
            builder.add(id, replace(result, recipe=work.recipes[id]))
            done.append(id)
    builder.finish()
    device = ", ".join(sorted(devices)) if work.recipes else ""
    file = ExtractedFeatures(
        modality=header.modality, path=builder.path, encoder=header.sources[0], device=device
    )
    return ModalityResult(features=file, done=done, unchanged=work.unchanged, failures=failures)
