"""Labels of videos → a split in which each label has about as many videos."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from mmtool.choices import BalanceRule, Split
from mmtool.errors import CallError, InputError, SettingError
from mmtool.formats.annotations import read_annotations
from mmtool.formats.corpus import Corpus
from mmtool.formats.csv_rows import read_rows
from mmtool.formats.splits import read_split, write_split
from mmtool.records import Progress, Report, silent
from mmtool.settings.balance import ANNOTATIONS, BalanceSettings
from mmtool.training.balanced_sample import balanced_sample, without_rare

SEPARATORS = re.compile(r"[;|,]")
NAMED = 5  # labels that a note names
Labels = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelVolume:
    """How many videos a label has: of those that were drawn from, and of those that were drawn."""

    label: str
    source: int
    sample: int


@dataclass(slots=True, kw_only=True)
class BalanceReport(Report):
    """The balanced sample; ``done`` are its videos, ``labels`` their labels, the most frequent first."""

    stage: ClassVar[str] = "balance"
    split: Split
    target: int
    source: int
    labels: list[LabelVolume] = field(default_factory=list)

    @property
    def facts(self) -> dict[str, object]:
        volumes = [label.sample for label in self.labels]
        spread = f"{min(volumes)}–{max(volumes)}" if volumes else "0"
        return {
            "videos": f"{len(self.done) + len(self.unchanged)} of {self.source}",
            "labels": len(self.labels),
            "videos of a label": spread,
            "target": self.target,
        }


def balance(
    root: Path | str,
    settings: BalanceSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> BalanceReport:
    """Write ``splits/<split>.txt`` with a sub-sample in which all labels are about equally frequent.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`BalanceSettings`.
        progress: Hears when the sample is drawn.

    Raises:
        CallError: There are no labels, or none with ``minimum`` videos; or another split of this name
            exists and ``force`` is not set.
    """
    settings = BalanceSettings.chosen(settings, options)
    corpus = Corpus.open(Path(root))
    path = corpus.split(settings.split)
    try:
        ids = _candidates(corpus, settings)
        found = _labels(corpus, settings, ids)
    except InputError as error:
        raise CallError(str(error)) from error
    labels = without_rare(found, settings.minimum)
    every = Counter(label for own in found.values() for label in own)
    volumes = Counter(label for own in labels.values() for label in own)
    if not labels:
        if not every:
            raise SettingError("by", f"is {settings.by}, which none of the {len(ids)} videos has a label for")
        label, most = every.most_common(1)[0]
        raise SettingError(
            "minimum", f"is {settings.minimum}, but the most frequent label, {label!r}, has {_videos(most)}"
        )
    target = settings.target or min(volumes.values())
    entries = list(labels)
    drawn = balanced_sample(list(labels.values()), target=target, rule=settings.rule, seed=settings.seed)
    report = BalanceReport(split=settings.split, target=target, source=len(ids))
    report.done += sorted(entries[index] for index in drawn)
    sampled = Counter(label for id in report.done for label in labels[id])
    report.labels += [
        LabelVolume(label=label, source=count, sample=sampled[label])
        for label, count in sorted(volumes.items(), key=lambda each: (-each[1], each[0]))
    ]
    report.notes += _notes(settings, report, every, len(ids) - len(labels))
    progress("balancing", 1, 1, "splits")
    if not path.exists() or settings.force:
        write_split(path, report.done)
        report.written.append(str(path))
    elif read_split(path) == report.done:  # by this call, killed as it ended
        report.unchanged, report.done = report.done, []
    else:
        raise CallError(f"{path}: exists; write another `split`, or replace it with `force`")
    return report


def _candidates(corpus: Corpus, settings: BalanceSettings) -> list[str]:
    """The videos to draw from."""
    if settings.within is not None:
        return corpus.split_ids(settings.within)
    others = [corpus.split(split) for split in Split if split is not settings.split]
    taken = {id for path in others if path.exists() for id in read_split(path)}
    ids = sorted(corpus.known_ids() - taken)
    if not ids:
        raise CallError(
            f"{corpus.root}: no videos to draw from; run `mmtool segment`, or name a split with `within`"
        )
    return ids


def _labels(corpus: Corpus, settings: BalanceSettings, ids: Sequence[str]) -> Labels:
    """The labels of each video that has some: those of a column, or the texts of its annotations."""
    path, rows = corpus.root / "videos.csv", []
    if path.exists():
        rows = [row for _, row in read_rows(path, ("id",), "write a line for each video, with its id")]
    columns = list(rows[0]) if rows else []
    if settings.by in columns:
        wanted = set(ids)
        return {row["id"]: _split(row[settings.by], settings) for row in rows if row["id"] in wanted}
    if settings.by != ANNOTATIONS:
        there = f"it has {', '.join(columns)}" if columns else "there is no such table, or it is empty"
        raise SettingError("by", f"is {settings.by}, which is not a column of {path}: {there}")
    return {
        id: tuple(dict.fromkeys(annotation.text for annotation in read_annotations(corpus.annotations(id))))
        for id in ids
        if corpus.annotations(id).exists()
    }


def _split(cell: str, settings: BalanceSettings) -> tuple[str, ...]:
    parts = cell.split(settings.separator) if settings.separator else SEPARATORS.split(cell)
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _notes(settings: BalanceSettings, report: BalanceReport, every: Counter[str], without: int) -> list[str]:
    """What was left out, and which labels fall short of the target."""
    notes = []
    rare = sorted(label for label, count in every.items() if count < settings.minimum)
    if rare:
        notes.append(f"left out {_listed(rare)}, with fewer than {_videos(settings.minimum)}")
    if without:
        notes.append(f"{_videos(without)} without a label {'was' if without == 1 else 'were'} left out")
    short = [label.label for label in report.labels if label.sample < min(report.target, label.source)]
    if short:
        remedy = "; `rule=exact` comes closer" if settings.rule is BalanceRule.LITERAL else ""
        notes.append(f"fewer than {_videos(report.target)} for {_listed(short)}{remedy}")
    return notes


def _listed(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
    return f"{'the label' if len(labels) == 1 else 'the labels'} {', '.join(map(repr, labels[:NAMED]))}{more}"


def _videos(count: int) -> str:
    return f"{count:,} video{'' if count == 1 else 's'}"
