"""What alignment by timing expects against what comes out, on several data sets, each left out in turn.

``python tests/benchmarks/timing_confidence.py [--channel PATTERN] [--write FILE] CORPUS…`` aligns the
annotated videos of imported corpora (minutes). With a pattern, a corpus with splits gives three data sets:
its validation videos, aligned with the package's parameters; its training videos whose titles match the
pattern, aligned with parameters learned on the other ones; and conversely. No test video is read. Any other
corpus is a data set for each language in its videos.csv. The expectation of each video is that of a model
that was fitted without a fifth of the videos, among them this one, in whatever corpus; then without its data
set; then without all of its corpus. ``--write`` stores the model that is fitted to all of them: the
package's ``expectation.json``.
"""

import argparse
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from mmtool.alignment.quality import DOUBTFUL, SOUND, Expected
from mmtool.alignment.timing.expectation import (
    ExpectationModel,
    ObservedVideo,
    expected,
    fit_expectation,
)
from mmtool.alignment.timing.fit import AnnotatedNarration, fit
from mmtool.alignment.timing.mixture import align_by_mixture
from mmtool.alignment.timing.parameters import TimingParameters, default_parameters
from mmtool.choices import Split
from mmtool.evaluation.calibration import Decisions, calibrate, clip_decisions
from mmtool.evaluation.measures import score
from mmtool.evaluation.verdicts import rank_correlation
from mmtool.formats.corpus import Corpus
from mmtool.formats.csv_rows import read_rows
from mmtool.settings.align import AlignSettings
from mmtool.stages.align.timed_video import language_of
from mmtool.stages.shared.truth import read_narration

RIDGE = 60.0
FOLDS = 5  # of videos; those of equal ids, such as one with other ends, are in the same


@dataclass(frozen=True)
class Aligned:
    """One video: what the mixture knew, what came out, and the clips' decisions."""

    corpus: str
    id: str
    observed: ObservedVideo
    decisions: Decisions


def read(corpus: Corpus, ids: Iterable[str]) -> dict[str, AnnotatedNarration]:
    titles = corpus.titles()
    return {id: read_narration(corpus, id, titles.get(id, "")) for id in ids}


def data_sets(
    corpus: Corpus, channel: str
) -> Iterator[tuple[str, dict[str, AnnotatedNarration], TimingParameters]]:
    """The data sets of a corpus: their names, their videos, and the parameters to align them with."""
    name, base = corpus.root.name, default_parameters()
    if corpus.split(Split.TRAIN).exists() and channel:
        yield f"{name} validation", read(corpus, corpus.split_ids(Split.VAL)), base
        training = read(corpus, corpus.split_ids(Split.TRAIN))
        own = {id: video for id, video in training.items() if re.search(channel, video.title)}
        others = {id: video for id, video in training.items() if id not in own}
        yield f"{name}: {channel} → others", others, fit(list(own.values()), base)
        yield f"{name}: others → {channel}", own, fit(list(others.values()), base)
        return
    languages: dict[str, list[str]] = {}
    for _, row in read_rows(corpus.root / "videos.csv", ("id",), "import the corpus again"):
        if corpus.annotations(row["id"]).exists():
            languages.setdefault(row.get("language") or "", []).append(row["id"])
    for language, ids in languages.items():
        yield f"{name} {language}".strip(), read(corpus, ids), base


def align(
    corpus: str, name: str, id: str, video: AnnotatedNarration, parameters: TimingParameters
) -> Aligned:
    language = language_of(list(video.texts), AlignSettings())
    found = align_by_mixture(video.clips, video.texts, parameters, title=video.title, language=language)
    if found.mixture is None:
        raise ValueError("the mixture gives no evidence")
    measured = score(video.clips, video.truth, found.matches)
    return Aligned(
        corpus,
        id,
        ObservedVideo(name, found.mixture, measured.text_iou, measured.video_accuracy),
        clip_decisions(video.clips, video.truth, found.matches, found.clip_confidence.tolist()),
    )


def report(videos: list[Aligned], expectations_of: list[Expected]) -> None:
    """A line for each data set: measures against expectations, and what the verdicts are worth."""
    print(f"{'data set':32} videos  accuracy: exp. came   IoU: exp. came  rank  error   sound / doubtful")
    for name in dict.fromkeys(video.observed.data_set for video in videos):
        chosen = [i for i, video in enumerate(videos) if video.observed.data_set == name]
        accuracy, iou = (
            np.array([getattr(videos[i].observed, measure) for i in chosen])
            for measure in ("accuracy", "iou")
        )
        expectations = np.array(
            [(expectations_of[i].accuracy, expectations_of[i].iou) for i in chosen], dtype=float
        )
        means = 100 * np.nanmean([*expectations.T, accuracy, iou], axis=1)
        error = 100 * calibrate([videos[i].decisions for i in chosen]).error
        verdicts = []
        for of in (expectations[:, 1] >= SOUND, expectations[:, 1] <= DOUBTFUL):
            shown = f"{100 * accuracy[of].mean():.0f} / {100 * np.nanmean(iou[of]):.0f}" if of.any() else "–"
            verdicts.append(f"{of.sum()}: {shown}")
        rank = rank_correlation(expectations[:, 1], iou)
        print(
            f"{name[:32]:32} {len(chosen):6} {means[0]:13.1f} {means[2]:5.1f} {means[1]:10.1f}"
            f" {means[3]:5.1f} {rank:6.2f} {error:5.1f}   {'; '.join(verdicts)}"
        )


def usable(videos: Iterable[Aligned]) -> list[ObservedVideo]:
    return [v.observed for v in videos if np.isfinite(v.observed.iou) and np.isfinite(v.observed.accuracy)]


def fitted(videos: Iterable[Aligned], ridge: float) -> ExpectationModel:
    return fit_expectation(usable(videos), ridge)


def left_out(videos: list[Aligned], groups: list[str], ridge: float) -> list[Expected]:
    """What to expect of each video by a model that was fitted without its group."""
    models = {
        left: fitted([video for video, group in zip(videos, groups, strict=True) if group != left], ridge)
        for left in set(groups)
    }
    pairs = zip(videos, groups, strict=True)
    return [expected(video.observed.evidence, models[group]) for video, group in pairs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="+", type=Path)
    parser.add_argument("--channel", default="")
    parser.add_argument("--ridge", type=float, default=RIDGE)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    videos: list[Aligned] = []
    for root in given.corpora:
        for name, narrations, parameters in data_sets(Corpus(root), given.channel):
            videos += [align(root.name, name, id, video, parameters) for id, video in narrations.items()]
    for title, group_of in (
        ("a fifth of the videos left out of the fit", lambda video: str(crc32(video.id.encode()) % FOLDS)),
        ("each data set left out of the fit", lambda video: video.observed.data_set),
        ("each corpus left out of the fit", lambda video: video.corpus),
    ):
        groups = [group_of(video) for video in videos]
        if len(set(groups)) > 1:
            print(f"\n{title}")
            report(videos, left_out(videos, groups, given.ridge))
    model = fitted(videos, given.ridge)
    print("\nfitted to all")
    report(videos, [expected(video.observed.evidence, model) for video in videos])
    if given.write:
        sets = ", ".join(dict.fromkeys(video.observed.data_set for video in videos))
        content = {"source": f"Fitted to {len(videos)} videos: {sets}.", **asdict(model)}
        given.write.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
