"""Words of a text that were heard: times, confidence, and transcripts that say nothing."""

import numpy as np

from mmtool.alignment.words.heard import HeardWords, heard_words
from mmtool.records import SpokenWord, Transcript

TEXTS = (
    "Every morning the cyclists cross the old bridge on their way to work.",
    "The mill was built in 1872 by the brothers Weber.",
    "Then came the fire, and half of the houses burned down in a single night.",
    "Nobody knows who started it.",
)


def transcript(text: str, *, start: float = 0.0) -> Transcript:
    """Words of half a second each."""
    words = text.split()
    times = (start + n / 2 for n in range(len(words)))
    return Transcript(tuple(SpokenWord(w, t, t + 0.4) for w, t in zip(words, times, strict=True)))


def heard(speech: str, texts: tuple[str, ...] = TEXTS) -> HeardWords:
    return heard_words(texts, transcript(speech), "en")


def test_every_word_that_was_heard_has_its_snippet_place_and_time():
    found = heard(" ".join(TEXTS))
    assert found.count == found.written == found.spoken
    assert found.tells
    assert found.start[0] == 0.0
    assert found.before[0] == 0.0
    third = np.flatnonzero(found.snippet == 2)
    assert TEXTS[2][round(found.before[third[-1]] * len(TEXTS[2])) :].startswith("night")
    assert round(found.after[third[-1]] * len(TEXTS[2]), 6) == 1  # the full stop
    assert found.start[third[0]] == len(" ".join(TEXTS[:2]).split()) / 2
    assert (found.confidence > 0.9).all()


def test_words_of_a_number_share_its_time():
    found = heard("The mill was built in 1872 by the brothers Weber.")
    years = found.start[(found.start >= 2.5) & (found.start < 3.0)]
    np.testing.assert_allclose(years, [2.5, 2.5 + 0.4 / 3, 2.5 + 0.8 / 3])
    digits = heard("The mill was built in eighteen seventy two by the brothers Weber.")
    assert digits.count == found.count


def test_speech_that_is_not_in_the_text_is_counted_and_timed():
    found = heard(TEXTS[0] + " Well hello my dear friends " + TEXTS[1])
    words = len(TEXTS[0].split())
    np.testing.assert_allclose(found.other, (words + np.arange(5)) / 2)


def test_a_transcript_of_another_film_tells_nothing():
    found = heard(
        "Good evening captain, the ship has left the harbour with all of the passengers and the crew "
        "on board and nobody on the bridge has seen the lights of the island since midnight."
    )
    assert not found.tells
    assert found.count <= 2


def test_a_transcript_in_another_language_tells_nothing():
    found = heard("Jeden Morgen fahren die Leute mit dem Rad über die alte Brücke zur Arbeit in der Stadt.")
    assert not found.tells


def test_an_empty_transcript_tells_nothing():
    assert not heard("").tells
    assert not heard_words((), transcript("some words"), "en").tells


def test_a_loop_gives_no_evidence():
    found = heard(TEXTS[0] + " " + "Then came the fire " * 6 + TEXTS[3])
    assert found.looping == 24
    assert set(found.snippet.tolist()) == {0, 3}


def test_a_long_run_is_surer_than_two_words():
    found = heard(TEXTS[0] + " something else was said for quite a while here brothers Weber")
    two = found.confidence[found.snippet == 1]
    assert len(two) == 0 or two.max() < found.confidence[found.snippet == 0].min()


def test_chinese_is_matched_by_character():
    texts = ("他每天早上都骑自行车去上班。", "河水在冬天结冰了。")
    words = tuple(
        SpokenWord(c, n / 4, n / 4 + 0.2) for n, c in enumerate("他每天早上骑自行车去上班河水在冬天结冰")
    )
    found = heard_words(texts, Transcript(words), "zh")
    assert found.tells
    assert found.start[np.flatnonzero(found.snippet == 1)[0]] == 12 / 4
