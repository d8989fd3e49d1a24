"""Alignment from timing: exact against brute force, right on constructed narrations, honest about doubt."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from mmtool.alignment.timing.extent import side_views
from mmtool.alignment.timing.fit import AnnotatedNarration, fit
from mmtool.alignment.timing.lattice import Lattice, forward_backward
from mmtool.alignment.timing.logit import fit_conditional_logit
from mmtool.alignment.timing.minimum_risk import UNMATCHED, minimum_risk
from mmtool.alignment.timing.parameters import TimingParameters, default_parameters
from mmtool.alignment.timing.reading_time import COUNTS, reading_counts
from mmtool.alignment.timing.semi_markov import align_narration
from mmtool.alignment.timing.viterbi import viterbi
from mmtool.formats.timing_parameters import read_timing, write_timing
from mmtool.records import Interval

SIZES = list(itertools.product(range(1, 6), range(1, 6)))


def random_lattice(snippets: int, cells: int, seed: int, *, gain: bool = True) -> Lattice:
    rng = np.random.default_rng(seed)
    times = cells + 1

    def kernel(rates: int, longest: int) -> np.ndarray:
        values = rng.uniform(0.1, 1.0, (rates, longest + 1))
        values[:, 0] = 0.0
        return values / values.sum(axis=1, keepdims=True)

    return Lattice(
        durations=[kernel(2, int(rng.integers(1, 4))) for _ in range(snippets)],
        gap=kernel(1, 2)[0],
        gap_probability=rng.uniform(0.1, 0.5, snippets - 1),
        drop_probability=0.2,
        boundary=rng.normal(size=times),
        head=rng.normal(size=times),
        tail=rng.normal(size=times),
        rates=np.log([0.3, 0.7]),
        gain=np.cumsum(rng.normal(size=(snippets, times)), axis=1) if gain else None,
    )


def placements(lattice: Lattice) -> Iterator[tuple[tuple[tuple[int, int], ...], float]]:
    """Every way to place all snippets, with its score: straight from the definition."""
    snippets, times = len(lattice.durations), len(lattice.boundary)

    def gained(j: int, start: int, end: int) -> float:
        return 0.0 if lattice.gain is None else float(lattice.gain[j, end] - lattice.gain[j, start])

    def speak(rate: int, j: int, start: int, placed: tuple[tuple[int, int], ...], score: float):
        ways = [(start, np.log(lattice.drop_of(j)))]
        for n in range(1, min(lattice.durations[j].shape[1], times - start)):
            spoken = np.log(lattice.durations[j][rate, n]) + gained(j, start, start + n)
            ways.append((start + n, np.log1p(-lattice.drop_of(j)) + spoken + lattice.boundary[start + n]))
        for end, more in ways:
            so_far, total = (*placed, (start, end)), score + more
            if j == snippets - 1:
                yield so_far, float(total + lattice.tail[end])
                continue
            gap = lattice.gap_probability[j]
            yield from speak(rate, j + 1, end, so_far, total + np.log1p(-gap))
            for n in range(1, min(len(lattice.gap), times - end)):
                jump = np.log(gap) + np.log(lattice.gap[n]) + lattice.boundary[end + n]
                yield from speak(rate, j + 1, end + n, so_far, total + jump)

    for rate, start in itertools.product(range(len(lattice.rates)), range(times)):
        yield from speak(
            rate, 0, start, (), lattice.rates[rate] + lattice.head[start] + lattice.boundary[start]
        )


@pytest.mark.parametrize(("snippets", "cells"), SIZES)
def test_posterior_total_and_best_path_equal_brute_force(snippets: int, cells: int) -> None:
    lattice = random_lattice(snippets, cells, seed=10 * snippets + cells)
    everything = list(placements(lattice))
    scores = np.array([score for _, score in everything])
    weights = np.exp(scores)
    starts, ends = np.zeros((snippets, cells + 1)), np.zeros((snippets, cells + 1))
    for (placed, _), weight in zip(everything, weights, strict=True):
        for j, (start, end) in enumerate(placed):
            starts[j, start] += weight
            ends[j, end] += weight

    marginals = forward_backward(lattice)
    assert marginals.log_probability == pytest.approx(np.log(weights.sum()), abs=1e-9)
    np.testing.assert_allclose(marginals.starts, starts / weights.sum(), atol=1e-12)
    np.testing.assert_allclose(marginals.ends, ends / weights.sum(), atol=1e-12)

    placed, score = viterbi(lattice)
    assert score == pytest.approx(scores.max(), abs=1e-9)
    assert tuple(map(tuple, placed)) == everything[int(scores.argmax())][0]


def test_rates_one_by_one_give_the_same_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lattice = random_lattice(4, 5, seed=3)
    together, path = forward_backward(lattice), viterbi(lattice)
    monkeypatch.setattr("mmtool.alignment.timing.lattice._BYTES_AT_ONCE", 1)
    apart = forward_backward(lattice)
    assert apart.log_probability == pytest.approx(together.log_probability)
    np.testing.assert_allclose(apart.ends, together.ends)
    np.testing.assert_array_equal(viterbi(lattice)[0], path[0])
    assert viterbi(lattice)[1] == path[1]


@pytest.mark.parametrize(("snippets", "clips"), SIZES)
def test_minimum_risk_path_is_the_best_of_all_monotone_labellings(snippets: int, clips: int) -> None:
    rng = np.random.default_rng(100 * snippets + clips)
    posterior = rng.dirichlet(np.ones(snippets + 1), size=clips).T[:snippets]
    durations, reading = rng.uniform(0.2, 5, clips), rng.uniform(1, 4, snippets)

    def worth(labels: tuple[int, ...]) -> float:
        total = 0.0
        for clip, label in enumerate(labels):
            if label == UNMATCHED:
                total += durations[clip] * (1 - posterior[:, clip].sum())
            else:
                even = 0.5 + 0.5 * reading.mean() / reading[label]
                total += durations[clip] * posterior[label, clip] * even
        return total

    def monotone(labels: tuple[int, ...]) -> bool:
        runs = [label for label, _ in itertools.groupby(labels) if label != UNMATCHED]
        return runs == sorted(set(runs))  # in order, and each snippet's clips in one piece

    every = [x for x in itertools.product(range(-1, snippets), repeat=clips) if monotone(x)]
    found = tuple(minimum_risk(posterior, durations, reading, evenness=0.5).tolist())
    assert found in every
    assert worth(found) == pytest.approx(max(worth(labels) for labels in every))


PARAMETERS = TimingParameters(
    reading=dict.fromkeys(COUNTS, 0.0) | {"letters": 0.1}, noise=0.2, rate_deviation=0.1
)


def clips_at(*bounds: float) -> list[Interval]:
    return [Interval(a, b) for a, b in itertools.pairwise(bounds)]


TEXTS = ["a" * 20, "b" * 50, "c" * 10, "d" * 40]  # 2, 5, 1 and 4 s
BOUNDS = (0, 3, 5, 7, 8.5, 10, 11, 13, 15, 18)  # narrated from 3 to 15 s, without gaps
TRUTH = (-1, 0, 1, 1, 1, 2, 3, 3, -1)


@pytest.mark.parametrize("most_probable_path", [False, True])
def test_a_constructed_narration_is_recovered(most_probable_path: bool) -> None:
    result = align_narration(
        clips_at(*BOUNDS),
        TEXTS,
        PARAMETERS,
        text_start=3,
        text_end=15,
        most_probable_path=most_probable_path,
    )
    assert tuple(result.labels) == TRUTH
    assert result.matches == ((1, 0), (2, 1), (3, 1), (4, 1), (5, 2), (6, 3), (7, 3))
    assert np.all(result.clip_confidence > 0.5)
    assert np.all(result.snippet_confidence > 0.5)


def test_posteriors_and_unmatched_sum_to_one_and_lie_in_order() -> None:
    result = align_narration(clips_at(*BOUNDS), TEXTS, PARAMETERS)
    inside = align_narration(clips_at(*BOUNDS), TEXTS, PARAMETERS, text_start=0, text_end=18)
    assert result.posterior.shape == (4, 9)
    assert np.all((result.posterior >= 0) & (result.posterior.sum(axis=0) <= 1 + 1e-9))
    assert result.posterior[:, 0].sum() < 0.9  # the narration may start later
    no_gaps = replace(PARAMETERS, gap_probability=0.0)
    inside = align_narration(clips_at(*BOUNDS), TEXTS, no_gaps, text_start=0, text_end=18)
    np.testing.assert_allclose(inside.posterior.sum(axis=0), 1.0)  # nowhere to be silent


@pytest.mark.parametrize("unit", [0.1, 7.0])
def test_time_scaled_with_the_unit_gives_the_same_alignment(unit: float) -> None:
    plain = align_narration(clips_at(*BOUNDS), TEXTS, PARAMETERS, text_start=3)
    scaled = align_narration(
        clips_at(*(unit * b for b in BOUNDS)),
        TEXTS,
        replace(PARAMETERS, unit=unit),
        text_start=3 * unit,
    )
    np.testing.assert_array_equal(scaled.labels, plain.labels)
    np.testing.assert_allclose(scaled.posterior, plain.posterior, atol=1e-6)


def test_emissions_decide_where_timing_does_not_and_their_weight_counts() -> None:
    clips, texts = clips_at(0, 4, 5, 9), ["a" * 40, "b" * 40]  # the clip in the middle could be either's
    for owner in (0, 1):
        emissions = np.zeros((2, 3))
        emissions[owner, 1] = 5.0
        result = align_narration(clips, texts, PARAMETERS, emissions=emissions, text_start=0, text_end=9)
        assert result.labels[1] == owner
        unweighted = replace(PARAMETERS, emission_weight=0.0)
        ignored = align_narration(clips, texts, unweighted, emissions=emissions, text_start=0, text_end=9)
        plain = align_narration(clips, texts, PARAMETERS, text_start=0, text_end=9)
        np.testing.assert_allclose(ignored.posterior, plain.posterior)


def test_a_snippet_that_is_not_told_is_dropped() -> None:
    clips = clips_at(0, 2, 7, 11)
    told = replace(PARAMETERS, drop_probability=0.1, noise=0.05, rate_deviation=0.01)
    texts = ["a" * 20, "b" * 50, "never told " * 9, "d" * 40]
    result = align_narration(clips, texts, told, text_start=0, text_end=11)
    assert tuple(result.labels) == (0, 1, 3)
    assert result.snippet_confidence[2] > 0.9  # sure that it has no clip


def corpus(videos: int, seed: int) -> list[AnnotatedNarration]:
    """Narrations at 0.08 s a letter after logos of 2 + 1 s, and 2 s of credits."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(videos):
        letters = rng.integers(10, 60, 20)
        ends = 3 + np.cumsum(letters * 0.08 * rng.uniform(0.8, 1.2, 20))
        starts = np.concatenate([[3.0], ends[:-1]])
        bounds = np.concatenate([[0, 2, 3], ends, [ends[-1] + 2]])
        made.append(
            AnnotatedNarration(
                clips=clips_at(*bounds),
                texts=["x" * n for n in letters],
                truth=[Interval(a, b) for a, b in zip(starts, ends, strict=True)],
                title=f"The recap number {number}",
            )
        )
    return made


def test_fit_finds_the_reading_time_and_the_extent() -> None:
    fitted = fit(corpus(8, seed=1), TimingParameters(), source="made up")
    seconds = reading_counts(["x" * 30]) @ [fitted.reading[name] for name in COUNTS]
    assert seconds[0] == pytest.approx(30 * 0.08, rel=0.1)
    assert fitted.gap_probability == TimingParameters().gap_probability  # no gap was seen
    assert fitted.drop_probability == 0
    assert fitted.titles[0] == ("number", "recap")
    assert [e.length for e in fitted.head.exemplars] == [3.0] * 8

    for video in corpus(3, seed=2):
        result = align_narration(video.clips, video.texts, fitted, title=video.title)
        right = np.array(result.labels) == np.array([-1, -1, *range(20), -1])
        assert right.mean() > 0.85
        assert right[:2].all()
        assert right[-1]


def test_parameters_survive_their_file_and_say_what_is_wrong_with_it(tmp_path) -> None:
    fitted = fit(corpus(3, seed=1), TimingParameters(), source="made up")
    write_timing(tmp_path / "timing.json", fitted.to_dict())
    assert TimingParameters.from_dict(read_timing(tmp_path / "timing.json")) == fitted


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"nois": 1}, "unknown parameter 'nois'"),
        ({"noise": 0}, "noise must be above 0"),
        ({"noise": "loud"}, "malformed noise"),
        ({"noise": float("nan")}, "malformed noise"),
        ({"reading": {"letters": 1}}, "reading must have the keys"),
        ({"head": {}}, "malformed head"),
        ({"similarity": [1, 2]}, "malformed similarity"),
        ({"titles": [["recap"]]}, "not of the same videos"),
        ({"log_rates": [0.1]}, "not of the same videos"),
    ],
)
def test_parameters_that_cannot_be(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TimingParameters.from_dict(values)


def test_the_shipped_parameters_name_their_source_and_align() -> None:
    shipped = default_parameters()
    assert "YouTube Movie Summaries" in shipped.source
    assert TimingParameters.from_dict(shipped.to_dict()) == shipped
    texts = ["Later that day, the captain discovers a secret room."] * 20
    result = align_narration(clips_at(*np.arange(0.0, 61.0, 2.0)), texts, shipped)
    assert len(result.matches) > 20


def test_conditional_logit_learns_which_feature_chooses() -> None:
    rng = np.random.default_rng(0)
    features = [rng.normal(size=(5, 2)) for _ in range(200)]
    chosen = [int(rows[:, 0].argmax()) for rows in features]
    weights = fit_conditional_logit(features, chosen)
    assert weights[0] > 3
    assert abs(weights[1]) < 1


def test_a_side_counts_from_its_edge() -> None:
    head, tail = side_views(np.array([1.0, 3.0, 4.0, 9.0]))
    assert head.cuts.tolist() == [0, 2, 3, 8]
    assert tail.cuts.tolist() == [0, 5, 6, 8]


@pytest.mark.parametrize(
    ("clips", "texts", "options", "message"),
    [
        ([], ["a"], {}, "no clips"),
        ([Interval(0, 1), Interval(1, 1)], ["a"], {}, "clip 1 has no duration"),
        ([Interval(1, 2), Interval(0, 1)], ["a"], {}, "clip 1 starts before clip 0"),
        (clips_at(0, 1), ["♪♪", "..."], {}, "snippet 0 has no letters, nor has any other"),
        (clips_at(0, 9), ["a"], {"text_end": 10.0}, "outside"),
        (clips_at(0, 9), ["a"], {"text_start": 5.0, "text_end": 4.0}, "outside"),
        (clips_at(0, 9), ["a"], {"emissions": np.array([[np.nan]])}, "not finite"),
        (clips_at(0, 9), ["a"], {"emissions": np.zeros((2, 1))}, "the similarity is"),
        (clips_at(0, 9), ["a" * 460], {}, "reading it takes about 46 s, but there are only 9 s"),
        (
            clips_at(0, 9),
            ["a" * 40],
            {"text_start": 8.5},
            "reading it takes about 4 s, but there are only 0.5 s",
        ),
    ],
)
def test_bad_input_is_named(clips: list, texts: list, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        align_narration(clips, texts, PARAMETERS, **options)


def test_texts_without_letters_have_no_clip_and_change_nothing_else() -> None:
    clips = clips_at(*range(9))
    emissions = np.linspace(0.0, 1.0, 16).reshape(2, 8)
    alone = align_narration(clips, ["a" * 40, "b" * 30], PARAMETERS, emissions=emissions)
    texts = ["♪♪", "a" * 40, "…", "-->", "b" * 30, "!"]
    padded = np.full((6, 8), 9.0)
    padded[[1, 4]] = emissions
    mixed = align_narration(clips, texts, PARAMETERS, emissions=padded)
    assert mixed.matches == tuple((clip, (1, 4)[snippet]) for clip, snippet in alone.matches) != ()
    np.testing.assert_array_equal(mixed.posterior[[1, 4]], alone.posterior)
    assert not mixed.posterior[[0, 2, 3, 5]].any()
    assert mixed.snippet_confidence[[0, 2, 3, 5]].tolist() == [1.0] * 4
    assert mixed.unmatched.snippets[[0, 2, 3, 5]].tolist() == [1.0] * 4
    assert {snippet for clip in mixed.candidates for snippet, _ in clip} == {1, 4}


def test_no_text_leaves_every_clip_unmatched() -> None:
    result = align_narration(clips_at(0, 1, 2), [], PARAMETERS)
    assert result.matches == ()
    assert result.clip_confidence.tolist() == [1.0, 1.0]


def test_more_snippets_than_seconds_still_fit() -> None:
    result = align_narration(clips_at(0, 1, 2), ["a"] * 40, PARAMETERS)
    assert np.isfinite(result.log_probability)
