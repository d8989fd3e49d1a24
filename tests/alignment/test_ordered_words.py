"""Matches of words in order, compared with all matchings of small cases; recognition loops."""

import time
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from mmtool.alignment.words import ordered
from mmtool.alignment.words.likeness import NO_MATCH, likeness_of
from mmtool.alignment.words.loops import loops
from mmtool.alignment.words.ordered import OTHER, SKIP, opening_cost, ordered_matches

Pairs = tuple[tuple[int, int], ...]
WORDS = ("bridge", "bridges", "mayor", "the", "river")


def split(text: str) -> list[str]:
    return text.split()


def matchings(rows: int, columns: int, first: tuple[int, int] = (0, 0)) -> Iterator[Pairs]:
    """All sets of pairs in which both indices grow."""
    yield ()
    for i in range(first[0], rows):
        for j in range(first[1], columns):
            for rest in matchings(rows, columns, (i + 1, j + 1)):
                yield ((i, j), *rest)


def value(pairs: Pairs, scores: np.ndarray, opening: int) -> int:
    """What pairs score: between two of them, a run goes on or a new one starts, whichever costs less."""
    total = sum(int(scores[pair]) for pair in pairs) - opening * bool(pairs)
    for (i, j), (k, m) in pairwise(pairs):
        rows, columns = k - i - 1, m - j - 1
        within = OTHER * min(rows, columns) + SKIP * abs(rows - columns)
        total -= min(within, opening)
    return total


@pytest.mark.parametrize("seed", range(40))
def test_no_other_matching_scores_more(seed: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ordered, "BLOCK", 2)  # so that rows are computed again
    rng = np.random.default_rng(seed)
    written, spoken = (rng.choice(WORDS, size=int(rng.integers(1, 6))).tolist() for _ in range(2))
    likeness = likeness_of(written, spoken)
    scores = np.stack([likeness.row(word) for word in range(len(written))])
    opening = opening_cost(len(spoken))
    possible = [
        pairs
        for pairs in matchings(len(written), len(spoken))
        if all(scores[pair] != NO_MATCH for pair in pairs)
    ]
    best = max(value(pairs, scores, opening) for pairs in possible)
    found = tuple((match.written, match.spoken) for match in ordered_matches(written, spoken))
    assert found in possible
    assert value(found, scores, opening) == best


def test_errors_of_recognisers_stay_in_one_run():
    written = split("commanded by baron wolfgang von strucker who has been experimenting on humans")
    spoken = split("commanded by baron wolf gang fun striker who has experimenting in humans")
    matches = ordered_matches(written, spoken)
    pairs = {(written[match.written], spoken[match.spoken]) for match in matches}
    assert pairs >= {(word, word) for word in ("commanded", "by", "baron", "who", "experimenting", "humans")}
    assert ("strucker", "striker") in pairs
    assert {match.run for match in matches} == {0}


def test_speech_that_is_not_in_the_text_and_text_that_is_not_spoken_are_passed_over():
    rng = np.random.default_rng(0)
    words = ["".join(map(chr, rng.integers(97, 123, 7))) for _ in range(120)]
    common, only_text, only_speech = words[:40], words[40:80], words[80:]
    matches = ordered_matches([*common[:20], *only_text, *common[20:]], [*only_speech, *common])
    assert [(match.written, match.spoken) for match in matches] == [
        *((n, 40 + n) for n in range(20)),
        *((60 + n, 60 + n) for n in range(20)),
    ]
    assert [match.run for match in matches] == [0] * 20 + [1] * 20


def test_a_repeated_line_is_matched_in_order():
    line = split("never trust a smiling crocodile")
    matches = ordered_matches(line * 2, [*line, "whatever", "happens", *line])
    assert [match.spoken for match in matches] == [0, 1, 2, 3, 4, 7, 8, 9, 10, 11]


def test_a_single_common_word_is_no_match():
    written = split("the house and the garden")
    assert not ordered_matches(written, split("a man walked over the bridge with nobody"))


def test_nothing_matches_where_nothing_is_written_or_spoken():
    assert ordered_matches([], ["word"]) == []
    assert ordered_matches(["word"], []) == []


def test_memory_and_time_are_those_of_a_long_film():
    rng = np.random.default_rng(0)
    words = np.array(["".join(map(chr, rng.integers(97, 123, rng.integers(2, 10)))) for _ in range(2000)])
    frequency = 1 / np.arange(1, 2001)
    text = rng.choice(words, 4000, p=frequency / frequency.sum())
    speech = np.where(rng.random(2000) < 0.8, text[1000:3000], rng.choice(words, 2000))
    start = time.process_time()
    tracemalloc.start()
    matches = ordered_matches(text.tolist(), speech.tolist())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    right = sum(match.written - 1000 == match.spoken for match in matches)
    assert right > 1500
    assert len(matches) - right < 60
    assert peak < 2**26
    assert time.process_time() - start < 10


def test_circling_is_found_with_all_of_its_rounds():
    before, circle, after = ["so", "he", "left"], ["and", "then", "he", "said"], ["the", "end"]
    found = loops([*before, *circle * 4, *after])
    assert found.tolist() == [False] * 3 + [True] * 16 + [False] * 2


def test_what_the_text_repeats_is_no_loop():
    refrain = ["row", "row", "row", "your", "boat"]
    assert loops(refrain * 3).all()
    assert not loops(refrain * 3, ["gently", *refrain * 3]).any()


def test_a_word_said_three_times_is_no_loop():
    assert not loops(["no", "no", "no", "he", "said"]).any()
    assert loops(["no"] * 9).all()
    assert loops([]).tolist() == []
