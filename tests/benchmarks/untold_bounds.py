"""How well texts that nobody reads aloud could be aligned if more were known of them.

``python tests/benchmarks/untold_bounds.py CORPUS [--every K]`` measures, on the annotated videos whose
snippets are all matched, the hypothesis of such texts by itself; then with the true lengths of the snippets
relative to each other, with their true lengths in seconds, and an even spread between the true start and end
of the text. Last come the best fixed shares of the film for each number of snippets, chosen with these very
videos: no rule that knows the number of snippets only can have a greater text IoU on them.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from mmtool.alignment.timing import hypotheses as h
from mmtool.alignment.timing.durations import log_normal_durations
from mmtool.alignment.timing.expected_overlap import DrawnPlacements, greatest_overlap
from mmtool.alignment.timing.fit import AnnotatedNarration
from mmtool.alignment.timing.lattice import Lattice
from mmtool.alignment.timing.mixture import UNTOLD_ACCURACY_WEIGHT, UNTOLD_CANDIDATES, UNTOLD_DRAWS
from mmtool.alignment.timing.narration import TimedVideo
from mmtool.alignment.timing.pace import seconds_of
from mmtool.alignment.timing.placement import Hypothesis, place, rate_evidence, that_count
from mmtool.arrays import Floats
from mmtool.evaluation.measures import VideoScore, score
from mmtool.formats.corpus import Corpus
from mmtool.reading import ends_sentence
from mmtool.records import Interval
from mmtool.stages.shared.truth import read_narration

STEPS = 800  # of the grid
PARTS = 200  # equal ones, into which each film is divided for rules that know no cuts
SURE = 0.1  # deviation of a log-duration that is known


def timed(video: AnnotatedNarration) -> TimedVideo:
    times = np.array(video.clips)  # (N, 2)
    bounds = np.unique(times.round(6))
    return TimedVideo(
        bounds=bounds,
        middles=times.mean(axis=1),
        durations=times[:, 1] - times[:, 0],
        reading=seconds_of(video.texts, "en"),
        sentence_ends=np.array([ends_sentence(text) for text in video.texts]),
        grid=np.linspace(bounds[0], bounds[-1], max(STEPS, 4 * len(video.texts)) + 1),
    )


def known(video: TimedVideo, seconds: Floats, *, absolute: bool) -> Lattice:
    """The lattice for snippets that last ``seconds`` (M,), or times in these proportions."""
    lattice, room = h.untold(video, h.Extent()), video.grid[-1] - video.grid[0]
    covers = [seconds.sum() / room] if absolute else list(h.UNTOLD_COVER)
    medians = room * np.outer(seconds / seconds.sum(), covers)
    durations = log_normal_durations(medians, SURE, video.step, len(video.grid), h.REACH)
    return replace(lattice, durations=durations, rates=np.zeros(1) if absolute else lattice.rates)


def measured(video: AnnotatedNarration, on: TimedVideo, lattice: Lattice) -> VideoScore:
    hypothesis = Hypothesis(h.UNTOLD, on, lattice)
    logs = that_count(rate_evidence(hypothesis))
    placed = place(hypothesis, logs, UNTOLD_DRAWS, np.random.default_rng(0))
    drawn = DrawnPlacements(placed.first, placed.end, np.concatenate([[0.0], np.cumsum(on.durations)]))
    labels = greatest_overlap(drawn, placed.posterior, UNTOLD_ACCURACY_WEIGHT, UNTOLD_CANDIDATES)
    return score(video.clips, video.truth, [(c, int(j)) for c, j in enumerate(labels) if j >= 0])


def rows(video: AnnotatedNarration) -> Iterator[VideoScore]:
    on, truth = timed(video), np.array(video.truth)  # (M, 2)
    seconds = np.maximum(truth[:, 1] - truth[:, 0], on.step)
    yield measured(video, on, h.untold(on, h.Extent()))
    yield measured(video, on, known(on, seconds, absolute=False))
    yield measured(video, on, known(on, seconds, absolute=True))
    ends = np.linspace(truth[0, 0], truth[-1, 1], len(truth) + 1)[1:]
    inside = (on.middles >= truth[0, 0]) & (on.middles < truth[-1, 1])
    owners = np.searchsorted(ends[:-1], on.middles, side="right")
    yield score(video.clips, video.truth, [(int(c), int(owners[c])) for c in np.flatnonzero(inside)])


def best_fixed(videos: Sequence[AnnotatedNarration]) -> list[VideoScore]:
    """Films with as many snippets as each other, labelled alike: as fits their own annotations best."""
    found = []
    for count in {len(video.truth) for video in videos}:
        alike = [video for video in videos if len(video.truth) == count]
        shares = np.array([np.array(video.truth) / video.clips[-1].end for video in alike])  # (V, M, 2)
        bounds = np.rint(shares * PARTS).astype(np.int64).clip(0, PARTS)
        drawn = DrawnPlacements(bounds[..., 0], bounds[..., 1], np.linspace(0, 1, PARTS + 1))
        labels = greatest_overlap(drawn, drawn.posterior(), 0.0, len(alike))
        matches = [(part, int(j)) for part, j in enumerate(labels) if j >= 0]
        for video in alike:
            times = np.linspace(0, video.clips[-1].end, PARTS + 1).tolist()
            parts = [Interval(start, end) for start, end in pairwise(times)]
            found.append(score(parts, video.truth, matches))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take every K-th video")
    given = parser.parse_args()
    corpus = Corpus(given.corpus)
    videos = [read_narration(corpus, id, "") for id in corpus.ids_in("annotations", ".tsv")[:: given.every]]
    whole = [video for video in videos if all(video.truth)]
    of_rows = [*zip(*[tuple(rows(video)) for video in whole], strict=True), best_fixed(whole)]
    titles = ("lengths of texts", "true relative lengths", "true lengths", "even, between the true ends")
    titles = (*titles, "the best fixed shares")
    for title, scores in zip(titles, of_rows, strict=True):
        accuracy, iou = (
            100 * np.mean([getattr(one, measure) for one in scores])
            for measure in ("video_accuracy", "text_iou")
        )
        print(f"{title:28} {len(scores)} videos  {accuracy:.1f} / {iou:.1f}")


if __name__ == "__main__":
    main()
