"""How honest the semi-Markov model's confidence is on an annotated corpus, and by which temperature.

Every training video is aligned with parameters learned from the others, every validation video with
those learned from all: ``python tests/benchmarks/timing_confidence.py CORPUS`` (minutes). The shipped
temperature has the least log loss on the training videos.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmtool.alignment.quality import judge
from mmtool.alignment.timing.fit import AnnotatedNarration, fit
from mmtool.alignment.timing.parameters import TimingParameters, default_parameters
from mmtool.alignment.timing.semi_markov import TimedAlignment, align_narration, confidence_of
from mmtool.choices import Split
from mmtool.evaluation.calibration import Decisions, calibrate, clip_decisions
from mmtool.evaluation.measures import score
from mmtool.evaluation.overlaps import durations
from mmtool.evaluation.verdicts import VerdictSummary, compare
from mmtool.formats.corpus import Corpus
from mmtool.records import Alignment, Clip, Snippet
from mmtool.stages.shared.clips_and_snippets import read_pair
from mmtool.stages.shared.truth import read_truth

TEMPERATURES = (1.0, 1.05, 1.1, 1.2, 1.3, 1.5)


@dataclass(frozen=True)
class Aligned:
    video: AnnotatedNarration
    result: TimedAlignment

    def decisions(self, temperature: float) -> Decisions:
        """Of the clips; the temperature changes their confidence, never their labels."""
        result, seconds = self.result, durations(self.video.clips)
        _, sure, _ = confidence_of(result.labels, result.posterior, seconds, temperature)
        return clip_decisions(self.video.clips, self.video.truth, result.matches, sure.tolist())


def read(corpus: Corpus, split: Split) -> dict[str, AnnotatedNarration]:
    titles, videos = corpus.titles(), {}
    for id in corpus.split_ids(split):
        clips, snippets = read_pair(corpus, id)
        videos[id] = AnnotatedNarration(
            clips=[clip.interval for clip in clips],
            texts=[snippet.text for snippet in snippets],
            truth=read_truth(corpus, id, clips, snippets),
            title=titles.get(id, ""),
        )
    return videos


def align(video: AnnotatedNarration, parameters: TimingParameters) -> Aligned:
    return Aligned(video, align_narration(video.clips, video.texts, parameters, title=video.title))


def leave_one_out(videos: dict[str, AnnotatedNarration]) -> Iterator[tuple[str, Aligned]]:
    for id, video in videos.items():
        others = [other for name, other in videos.items() if name != id]
        yield id, align(video, fit(others, default_parameters()))


def log_loss(decisions: Decisions) -> float:
    sure = decisions.confidence.clip(1e-4, 1 - 1e-4)
    loss = -(decisions.outcome * np.log(sure) + (1 - decisions.outcome) * np.log(1 - sure))
    return float(np.average(loss, weights=decisions.weight))


def judged(video: AnnotatedNarration, result: TimedAlignment) -> Alignment:
    alignment = Alignment(
        id="",
        clips=tuple(Clip(*interval) for interval in video.clips),
        snippets=tuple(map(Snippet, video.texts)),
        matches=result.matches,
        clip_confidence=tuple(result.clip_confidence.tolist()),
        snippet_confidence=tuple(result.snippet_confidence.tolist()),
        decoder="",
        checkpoint="",
    )
    return replace(alignment, quality=judge(alignment, result.evidence))


def report(name: str, aligned: dict[str, Aligned]) -> None:
    print(f"\n{name}, {len(aligned)} videos\ntemperature  log loss    ECE  25 %  50 %  75 % 100 %")
    for t in TEMPERATURES:
        made = [a.decisions(t) for a in aligned.values()]
        found = calibrate(made)
        covered = " ".join(f"{100 * value:5.1f}" for value in found.coverage.values())
        print(f"{t:11g}  {log_loss(Decisions.of_all(made)):8.4f}  {100 * found.error:5.1f} {covered}")
    pairs = {id: judged(a.video, a.result) for id, a in aligned.items()}
    scores = {id: score(a.video.clips, a.video.truth, a.result.matches) for id, a in aligned.items()}
    verdicts = compare(scores, {id: pair.quality for id, pair in pairs.items() if pair.quality})
    for verdict, of in (("sound", verdicts.sound), ("doubtful", verdicts.doubtful)):
        print_verdict(verdict, of)
    print(f"rank correlation of expected and measured accuracy {verdicts.rank_correlation:.2f}")


def print_verdict(name: str, of: VerdictSummary) -> None:
    expected, accuracy, iou = (100 * x for x in (of.expected_accuracy, of.video_accuracy, of.text_iou))
    print(f"{name}: {of.videos} videos, expected {expected:.1f}, came {accuracy:.1f} / {iou:.1f}")


if __name__ == "__main__":
    corpus = Corpus(Path(sys.argv[1]))
    training = read(corpus, Split.TRAIN)
    report("leave-one-out on training videos", dict(leave_one_out(training)))
    learned = fit(list(training.values()), default_parameters())
    validation = read(corpus, Split.VAL)
    report("validation", {id: align(video, learned) for id, video in validation.items()})
