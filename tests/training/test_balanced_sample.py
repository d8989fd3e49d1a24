"""Balanced samples: the published algorithm against a slow version, and one that reaches its target."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtool.choices import BalanceRule
from mmtool.training.balanced_sample import balanced_sample, without_rare

LITERAL, EXACT = BalanceRule.LITERAL, BalanceRule.EXACT


def slow_algorithm_1(labels, target, seed):
    """Algorithm 1 line by line, with volumes counted again for each entry."""
    rng = np.random.default_rng(seed)
    sample: list[int] = []
    for entry in rng.permutation(len(labels)):

        def volume(label, entries):
            return sum(label in labels[index] for index in entries)

        smallest = min(volume(label, sample) for label in labels[entry])
        label = next(label for label in labels[entry] if volume(label, sample) == smallest)
        in_source, in_sample = volume(label, range(len(labels))), volume(label, sample)
        if rng.integers(0, in_source - in_sample) < target - in_sample:
            sample.append(int(entry))
    return sorted(sample)


@given(
    st.lists(st.sets(st.sampled_from("abcd"), min_size=1), min_size=1, max_size=25),
    st.integers(1, 12),
    st.integers(0, 99),
)
@settings(max_examples=150, deadline=None)
def test_literal_rule_as_the_slow_version(sets, target, seed):
    labels = [tuple(sorted(own)) for own in sets]
    found = balanced_sample(labels, target=target, rule=LITERAL, seed=seed)
    assert found == slow_algorithm_1(labels, target, seed)


@pytest.mark.parametrize(("target", "about"), [(500, 361), (100, 64)])
def test_the_shortfall_of_the_literal_rule(target, about):
    labels = [("a",)] * 1000
    counts = [len(balanced_sample(labels, target=target, rule=LITERAL, seed=seed)) for seed in range(40)]
    assert np.mean(counts) == pytest.approx(about, rel=0.03)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=60), st.integers(1, 30), st.integers(0, 99))
@settings(max_examples=100, deadline=None)
def test_the_exact_rule_hits_its_target_with_single_labels(names, target, seed):
    found = balanced_sample([(name,) for name in names], target=target, rule=EXACT, seed=seed)
    volumes, sampled = Counter(names), Counter(names[index] for index in found)
    assert sampled == {name: min(count, target) for name, count in volumes.items()}


@pytest.mark.parametrize("rule", BalanceRule)
def test_a_target_above_all_volumes_takes_everything(rule):
    labels = [("a", "b"), ("a",), ("c",)] * 7
    assert balanced_sample(labels, target=14, rule=rule, seed=3) == list(range(21))


def test_exact_draws_are_uniform():
    """Each of four entries is in half of the samples of two."""
    counts = Counter(
        index
        for seed in range(2000)
        for index in balanced_sample([("a",)] * 4, target=2, rule=EXACT, seed=seed)
    )
    assert all(abs(count - 1000) < 100 for count in counts.values())


def test_a_frequent_label_beside_rarer_ones():
    labels = [("a",) if number % 10 else ("b", "c") for number in range(1000)]
    found = balanced_sample(labels, target=80, rule=EXACT, seed=0)
    assert Counter(label for index in found for label in labels[index]) == {"a": 80, "b": 80, "c": 80}


def test_rare_labels_and_entries_with_no_others_are_left_out():
    labels = {"v0": ["a", "b", "a"], "v1": ["a"], "v2": ["b", "c"], "v3": ["c"], "v4": []}
    assert without_rare(labels, 1) == {"v0": ("a", "b"), "v1": ("a",), "v2": ("b", "c"), "v3": ("c",)}
    labels["v5"] = ["d"]
    assert without_rare(labels, 2).keys() == {"v0", "v1", "v2", "v3"}
