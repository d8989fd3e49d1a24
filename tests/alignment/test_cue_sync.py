"""Cues that are late or run at another rate are moved to where somebody speaks, and only then."""

import numpy as np
import pytest

from mmtool.alignment.cues.sync import Shift, find_shift
from mmtool.records import Interval
from support.sentences import spoken, words

FILM = Interval(0.0, 1200.0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("offset", "rate"), [(3.7, 1.0), (-12.4, 1.0), (95.0, 1.0), (0.0, 24 / 25), (8.0, 25 / (24000 / 1001))]
)
def test_an_offset_and_a_rate_are_found(offset, rate, seed):
    sentences = spoken(seed)
    jitter = np.random.default_rng([seed, 2]).normal(0, 0.2, sentences.shape)
    cues = (sentences + jitter - offset) / rate
    cues = cues[cues[:, 0] >= 0]
    found = find_shift(cues, words(sentences, seed), FILM)
    assert found is not None
    assert found.rate == pytest.approx(rate)
    assert found.offset == pytest.approx(offset, abs=0.3)
    np.testing.assert_allclose(Shift(offset, rate).of(cues), found.of(cues), atol=0.3)


@pytest.mark.parametrize("seed", range(3))
def test_cues_that_lie_where_somebody_speaks_stay(seed):
    sentences = spoken(seed)
    assert find_shift(sentences, words(sentences, seed), FILM) is None


@pytest.mark.parametrize("seed", range(5))
def test_speech_of_another_film_moves_nothing(seed):
    assert find_shift(spoken(seed), words(spoken(seed + 100), seed), FILM) is None


def test_missing_cues_and_a_few_words_say_nothing():
    sentences = spoken(0)
    gone = np.full((20, 2), np.nan)
    assert find_shift(gone, words(sentences, 0), FILM) is None
    assert find_shift(sentences, [Interval(1.0, 2.0)], FILM) is None
