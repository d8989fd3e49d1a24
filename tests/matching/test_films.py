"""Windows and batches of films: what is in them, what is positive, and that chance is the seed's."""

import numpy as np

from mmtool.matching.augmentation import Augmentation
from mmtool.matching.films import MatchedFilm, epoch_gatherings, gather, whole
from mmtool.matching.inputs import ClipInput
from mmtool.matching.recall import recall_at_1


def make_film(id, matches, texts, tokens=1):
    matches = np.array(matches, bool)
    clips = [
        ClipInput(
            np.full((tokens, 2), float(clip), np.float32),
            np.zeros((tokens, 6), np.float32),
            np.stack([np.zeros(tokens), np.arange(tokens)], axis=1).astype(np.int64),
            np.arange(tokens, dtype=np.float32),
        )
        for clip in range(len(matches))
    ]
    return MatchedFilm(id, clips, [[1, 5 + text, 2] for text in texts], np.array(texts), matches)


TWO_CLIPS = make_film("two", [[1, 0], [1, 0], [0, 0]], [0, 1])  # a clip and a snippet without the other
SAME_TEXT = make_film("same", [[0, 1], [0, 0]], [2, 0])  # its second snippet has the text of the first film's


def test_all_clips_of_a_text_are_positives_also_across_films():
    batch = gather([TWO_CLIPS, SAME_TEXT], [whole(TWO_CLIPS, 0), whole(SAME_TEXT, 1)])
    assert batch.positives.astype(int).tolist() == [
        [1, 0, 0, 1],
        [1, 0, 0, 1],
        [0, 0, 0, 0],
        [1, 0, 0, 1],
        [0, 0, 0, 0],
    ]
    assert batch.own.tolist() == [[0, 0], [1, 0], [3, 3]]
    assert batch.same_film.astype(int).tolist() == [[1, 1, 0, 0]] * 3 + [[0, 0, 1, 1]] * 2


def test_an_epoch_has_each_clip_once_and_each_snippet_with_its_clips():
    dice = np.random.default_rng(0)
    films = []
    for number in range(6):
        matches = np.zeros((23, 9), bool)
        for clip, snippet in enumerate(np.sort(dice.integers(9, size=23))):
            matches[clip, snippet] = clip % 4 > 0
        films.append(make_film(f"film-{number}", matches, range(9 * number, 9 * number + 9)))
    batches = epoch_gatherings(films, batch_size=20, seed=3, epoch=2)
    seen = [(window.film, clip) for batch in batches for window in batch.windows for clip in window.clips]
    assert sorted(seen) == [(film, clip) for film in range(6) for clip in range(23)]
    for batch in batches:
        assert len({window.film for window in batch.windows}) > 1
        for window in batch.windows:
            assert len(window.clips) <= 5
            assert films[window.film].matches[window.clips].any(axis=0).nonzero()[0].tolist() == [
                j for j in window.snippets if films[window.film].matches[window.clips, j].any()
            ]
    everywhere = {(w.film, j) for batch in batches for w in batch.windows for j in w.snippets}
    assert everywhere == {(film, snippet) for film in range(6) for snippet in range(9)}


def test_batches_depend_on_seed_and_epoch_only():
    films = [make_film(str(n), np.eye(12, 12), range(12 * n, 12 * n + 12)) for n in range(5)]

    def starts(seed, epoch):
        batches = epoch_gatherings(films, batch_size=16, seed=seed, epoch=epoch)
        return [(w.film, w.clips[0]) for batch in batches for w in batch.windows]

    assert starts(1, 1) == starts(1, 1)
    assert len({str(starts(seed, epoch)) for seed in (0, 1) for epoch in (1, 2)}) == 4


def test_batches_without_a_pair_are_left_out():
    assert (
        epoch_gatherings([make_film("none", np.zeros((4, 2)), [0, 1])], batch_size=2, seed=0, epoch=1) == []
    )


def test_augmentation_changes_as_much_as_it_says():
    clip, dice = make_film("one", [[1]], [0], tokens=4000).clips[0], np.random.default_rng(0)
    noisy = Augmentation(noise=0.05).clip(clip, dice)
    assert np.isclose((noisy.features - clip.features).std(), 0.05, rtol=0.05)
    fewer = Augmentation(token_dropout=0.1).clip(clip, dice)
    assert 0.88 < len(fewer.features) / 4000 < 0.92
    assert len(fewer.boxes) == len(fewer.cells) == len(fewer.times) == len(fewer.features)
    words = Augmentation(word_masking=0.15, mask=3).words([1, *[7] * 4000, 2], dice)
    assert (words[0], words[-1]) == (1, 2)
    assert 0.13 < (words == 3).mean() < 0.17
    assert Augmentation().clip(clip, dice) == clip


def test_one_token_always_stays_and_swapped_frames_change_their_times():
    clip, dice = make_film("one", [[1]], [0], tokens=2).clips[0], np.random.default_rng(0)
    found = [Augmentation(token_dropout=0.95).clip(clip, dice) for _ in range(50)]
    assert all(len(each.features) for each in found)
    places = {(int(c), float(t)) for each in found for c, t in zip(each.cells[:, 1], each.times, strict=True)}
    assert places == {(0, 0.0), (1, 1.0)}
    whole = [each for each in found if len(each.features) == 2]
    assert any(each.cells[0, 1] == 1 for each in found if len(each.features))
    assert all(sorted(each.cells[:, 1]) == [0, 1] for each in whole)


def test_recall_counts_any_of_several_positives_and_only_rows_that_have_one():
    fits = np.array([[0.1, 0.9, 0.2], [0.9, 0.8, 0.1], [0.5, 0.6, 0.7]])
    right = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]], bool)
    assert recall_at_1(fits, right) == 0.5
    assert recall_at_1(fits, np.zeros_like(right)) == 0.0
