"""Arrays that other programs computed → features of the corpus."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmtool import __version__
from mmtool.choices import Modality
from mmtool.errors import CallError, InputError
from mmtool.features.clip_means import UncoveredError, mean_over_clips, rows_at_rate
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file, digest_json
from mmtool.formats.feature_checks import digest_of
from mmtool.formats.features import FeatureGroup, FeaturesHeader, open_features
from mmtool.formats.features_builder import FeaturesBuilder
from mmtool.formats.lock import sole_writer
from mmtool.formats.snippets import read_snippets
from mmtool.importers.arrays.files import array_files, open_arrays
from mmtool.importers.arrays.films import ForeignRows, films_in
from mmtool.importers.arrays.tree import UnreadableError
from mmtool.records import Clip, EncoderIdentity, Failure, Progress, silent
from mmtool.settings.imports import ImportFeaturesSettings
from mmtool.stages.imports.report import ImportFeaturesReport

SAME_TIME = 1e-3  # seconds by which the times of rows may differ from those of clips
TOO_LONG = 0.1  # share of the film by which rows at a rate may go on after its last clip
SLACK = 2.0  # seconds, or rows, that they may be shorter or longer in any case
NAMED = 5  # ids that a line names


def import_features(
    root: Path | str,
    settings: ImportFeaturesSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> ImportFeaturesReport:
    """Write ``features/<name>.h5`` from arrays, each checked against the clips or snippets of its id.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`ImportFeaturesSettings`.
        progress: Hears how many arrays are imported.

    Returns:
        A report in which arrays that do not fit, and files with ids that the corpus does not have, are
        failures.

    Raises:
        CallError: The settings are impossible, no array belongs to the corpus, or the corpus has other
            features of this name and ``force`` is not set.
    """
    settings = ImportFeaturesSettings.chosen(settings, options)
    corpus = Corpus.open(Path(root))
    is_video = settings.modality is Modality.VIDEO
    ids = corpus.clip_ids() if is_video else corpus.snippet_ids()
    if not ids:
        kind = "clips in clips/" if is_video else "snippets in snippets/"
        raise CallError(f"{root}: no {kind}; run `mmtool segment` first")
    report = ImportFeaturesReport(name=settings.name, modality=settings.modality)
    target = _Target(corpus, settings)
    with ExitStack() as stack:
        for number, (id, found) in enumerate(_found(corpus, settings, set(ids), report), start=1):
            if isinstance(found, Failure):
                report.failures.append(found)
                continue
            if target.builder is None:
                target.open(found.features.shape[1], stack)
            _add(target, id, found, report)
            progress("importing", number, None, "films" if is_video else "texts")
        if target.builder is None:
            reasons = [failure.reason for failure in report.failures]
            raise CallError(reasons[0] if reasons else "no arrays in the files")
        target.builder.finish()
        report.dimension = target.builder.header.sources[0].dimension
    imported = {*report.done, *report.unchanged}
    failed = {failure.id for failure in report.failures}
    if missing := [id for id in ids if id not in imported | failed]:
        what = "clips" if is_video else "snippets"
        report.notes.append(f"no features for {_listed(missing)}, which {_has(missing)} {what} here")
    report.written.append(str(target.path))
    return report


class _Target:
    """The features file to write, opened once the dimension of the features is known."""

    def __init__(self, corpus: Corpus, settings: ImportFeaturesSettings) -> None:
        self.path, self._settings = corpus.features(settings.name), settings
        self.builder: FeaturesBuilder | None = None

    def open(self, dimension: int, stack: ExitStack) -> None:
        """Raises CallError where other features have this name."""
        settings = self._settings
        identity = EncoderIdentity(
            settings.name,
            settings.model or settings.name,
            "imported",
            dimension,
            {} if settings.fps is None else {"fps": settings.fps},
        )
        header = FeaturesHeader(settings.modality, (identity,), versions={"mmtool": __version__})
        stack.enter_context(sole_writer(self.path))
        if self.path.exists() and not settings.force:
            with open_features(self.path) as features:
                if features.header.digest != header.digest:
                    raise CallError(
                        f"{self.path}: was made with {features.header.describe()}, not with "
                        f"{header.describe()}; choose another `name` to keep both, or replace it with `force`"
                    )
        elif settings.force:
            self.path.unlink(missing_ok=True)
        self.builder = FeaturesBuilder(self.path, header)


@dataclass(frozen=True, slots=True)
class _Imported:
    """The group of an id, without its recipe, and the file that it comes from."""

    file: Path
    group: FeatureGroup
    inputs: tuple[str, ...]

    @property
    def features(self) -> np.ndarray:
        return self.group.features


def _add(target: _Target, id: str, found: _Imported, report: ImportFeaturesReport) -> None:
    builder = target.builder
    if builder is None:
        raise ValueError("not open")
    wanted, given = builder.header.sources[0].dimension, found.features.shape[1]
    if given != wanted:
        problem = f"{found.file}: {id!r} has {given} dimensions, but other features have {wanted}"
        report.failures.append(Failure(id, f"{problem}; import them under another `name`"))
        return
    group, recipe = found.group, digest_json(list(found.inputs))
    if builder.has(id, recipe):
        report.unchanged.append(id)
        return
    builder.add(id, FeatureGroup(group.features, group.intervals, group.snippets, recipe))
    report.done.append(id)


def _found(
    corpus: Corpus, settings: ImportFeaturesSettings, ids: set[str], report: ImportFeaturesReport
) -> Iterator[tuple[str, _Imported | Failure]]:
    """Each array that belongs to an id, checked; and what is wrong with the others."""
    seen: dict[str, Path] = {}
    for file in array_files(settings.files):
        try:
            with open_arrays(file) as opened:
                report.notes += opened.notes
                found = films_in(opened.tree, file, ids, settings.key)
                for id, load in found.films.items():
                    if id in seen:
                        problem = f"has features of {id!r}, as {seen[id]} has; give one of them"
                        yield id, Failure(id, f"{file}: {problem}")
                        continue
                    seen[id] = file
                    yield id, _checked(corpus, settings, file, id, load)
                if found.unknown:
                    kind = "clips" if settings.modality is Modality.VIDEO else "snippets"
                    problem = f"no {kind} here belong to {_listed(found.unknown)}"
                    remedy = "name arrays by the ids of the corpus, or run `mmtool segment` for these"
                    yield file.name, Failure(file.name, f"{file}: {problem}; {remedy}")
        except InputError as error:
            yield file.name, Failure(file.name, str(error))
        except UnreadableError as error:
            yield file.name, Failure(file.name, f"{file}: {error}; save arrays of numbers")


def _checked(
    corpus: Corpus, settings: ImportFeaturesSettings, file: Path, id: str, load: Callable[[], ForeignRows]
) -> _Imported | Failure:
    try:
        rows = load()
        inputs = [digest_of([("features", rows.features), ("spans", rows.spans)])]
        if settings.modality is Modality.VIDEO:
            path = corpus.clips(id)
            clips = read_clips(path)
            features = _of_clips(rows, clips, settings.fps, path)
            intervals = np.array([clip.interval for clip in clips], dtype=np.float64)
            group = FeatureGroup(features, intervals=intervals)
        else:
            path = corpus.snippets(id)
            texts = [snippet.text for snippet in read_snippets(path)]
            group = FeatureGroup(_of_snippets(rows, texts, path), snippets=texts)
        if not np.isfinite(group.features).all():
            row = int(np.argwhere(~np.isfinite(group.features))[0, 0])
            raise UnreadableError(f"has numbers that are not finite in row {row}")
    except InputError as error:
        return Failure(id, str(error))
    except (UnreadableError, UncoveredError) as error:
        message = str(error) if ";" in str(error) else f"{error}; check it in the program that made it"
        return Failure(id, f"{file}: {id!r} {message}")
    return _Imported(file, group, (*inputs, digest_file(path)))


def _of_clips(rows: ForeignRows, clips: Sequence[Clip], fps: float | None, path: Path) -> np.ndarray:
    """The features of each clip; raises UnreadableError or UncoveredError where rows do not fit."""
    count, name = len(rows.features), f"clips/{path.name}"
    if not count:
        raise UnreadableError("has no rows")
    if fps is not None:
        _check_length(count, fps, clips, name)
        return mean_over_clips(rows.features, rows_at_rate(count, fps), clips)
    if rows.spans is not None and not _are_clips(rows.spans, clips):
        return mean_over_clips(rows.features, rows.spans, clips)
    if count != len(clips):
        raise UnreadableError(
            f"has {_counted(count, 'row')}, but {name} has {_counted(len(clips), 'clip')}; compute the "
            "features of these clips, or, for rows at a fixed rate, set `fps`"
        )
    return rows.features


def _are_clips(spans: np.ndarray, clips: Sequence[Clip]) -> bool:
    intervals = np.array([clip.interval for clip in clips])
    return spans.shape == intervals.shape and bool((np.abs(spans - intervals) <= SAME_TIME).all())


def _check_length(count: int, fps: float, clips: Sequence[Clip], name: str) -> None:
    """Raise UnreadableError where rows at a rate are clearly those of a shorter or longer film."""
    length, end = count / fps, max(clip.end for clip in clips)
    slack = max(SLACK, SLACK / fps)
    if end - slack <= length <= end * (1 + TOO_LONG) + slack:
        return
    raise UnreadableError(
        f"has {_counted(count, 'row')}, which at {fps:g} per second are {length:.1f} s, but {name} ends at "
        f"{end:.1f} s; check `fps` and that the rows are of this film"
    )


def _of_snippets(rows: ForeignRows, texts: Sequence[str], path: Path) -> np.ndarray:
    count, name = len(rows.features), f"snippets/{path.name}"
    if count != len(texts):
        raise UnreadableError(
            f"has {_counted(count, 'row')}, but {name} has {_counted(len(texts), 'snippet')}; compute the "
            "features of these snippets"
        )
    for number, (own, wanted) in enumerate(zip(rows.texts or texts, texts, strict=True)):
        if own.strip() != wanted.strip():
            raise UnreadableError(
                f"has {own[:40]!r} in row {number}, but {name} has {wanted[:40]!r}; compute the features of "
                "these snippets"
            )
    return rows.features


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _listed(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return ", ".join(map(repr, ids[:NAMED])) + more


def _has(ids: Sequence[str]) -> str:
    return "has" if len(ids) == 1 else "have"
